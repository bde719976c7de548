"""OKX v5, spot and USDT swaps: constants with their source, sans-I/O parsers and wording.

It will never share code with its own simulator, nor a float with a price.
"""
