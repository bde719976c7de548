"""Floor 2: the fold of fills, fees and funding into balances, positions and profit, in exact numbers.

It believes only what venues have reported. It will never learn anything from the simulated exchange, whose
own accounts are the test of these.
"""
