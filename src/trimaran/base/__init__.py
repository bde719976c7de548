"""Floor 0: errors, limits, counters. Imports nothing of Trimaran."""
