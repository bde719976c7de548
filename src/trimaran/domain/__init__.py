"""Floor 1: the words of the platform: instruments, events, orders, commands, facts, decisions, ports.

Frozen values and tables of what may follow what. It will never decide, remember, or know a venue.
"""
