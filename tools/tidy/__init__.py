"""Tidy rules: what a linter does not know about this house.

    files     which files are ours: tracked, or new and not ignored
    sizes     length of files and functions (Python and C++), and the ratchet over today's worst
    syntax    rules for every Python file: docstring, imports at the top, no type-only imports
    purity    rules for pure code: no clock, no randomness, no I/O, no floats on the way to a price
    words     rules for every text file: no unfinished work, no paths of one machine, no package hosts
    reasons   every dependency has a written reason

Each rule is a function from text to `Finding`s, so that its own test feeds it bad samples.
"""
