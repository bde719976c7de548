"""Floor 0: the compiled modules, each with a committed stub and a slow Python twin on its own floor.

`_hot` belongs to the desk (decode, books, scan), `_matching` to the simulated exchange. Nothing else lives
here: integers and bytes cross this border, never objects of the domain.
"""
