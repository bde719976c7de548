"""Floor 2: the gate, its rules and the kill state.

Only `gate.py` builds `Approved`, and only `Approved` can be sent. It will never change an order to make it
pass, and never let one pass because a number is missing.
"""
