"""A fourth venue, outside of the platform: Bybit's spot market, read by the slow path."""
