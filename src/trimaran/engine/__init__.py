"""Floor 5: `step(state, event) -> commands and facts`, the one order of the stages, and the state it folds.

Durable state is a fold of facts and has a hash; hot state is rebuilt from the venues. It will never wait,
read a clock or do I/O, so that live, paper and backtest cannot differ.
"""
