"""The simulated Binance: the venue's own wire protocol over the common market of `venues.sim`.

It will never share parsing or signing with the adapter that is tested against it.
"""
