"""Floor 4: strategies, one file each, composed of the floors below; they return orders.

A strategy will never touch a venue, a clock or the gate: what it wants is a request until risk approves.
"""
