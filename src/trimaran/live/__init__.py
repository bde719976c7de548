"""Floor 6: the live and paper runner: sockets and clocks around the same step.

It moves events in and commands out, and counts what it drops. It will never hold an opinion about a market.
"""
