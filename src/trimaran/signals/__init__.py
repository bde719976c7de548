"""Floor 2: indicators and features, folds over market events.

The one pure floor where floats are at home: a signal advises. It will never be a price, a size or an order.
"""
