"""Floor 2: L2 books, their sequencing and the scan, as the Python twin of the native hot state.

A book that may be wrong says so and is not live. It will never guess a missing delta.
"""
