"""Binance, spot and USD-M futures: constants with their source, sans-I/O parsers, sessions, simulator.

It will never share code with its own simulator, nor a float with a price.
"""
