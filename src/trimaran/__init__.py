"""Trimaran: quantitative trading on several crypto venues as if they were one.

Events go in, `engine.step(state, event)` runs, commands and facts come out. Live, paper and backtest are the
same step; only the feed, the clock and the venue behind it differ. The floors and their laws are in
ARCHITECTURE.md, and `.importlinter` holds the code to them.
"""
