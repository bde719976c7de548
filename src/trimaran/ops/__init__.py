"""Floor 8: the command line (the one composition root), metrics, alerts, health, the kill switch.

It puts the parts together. It will never contain a rule of trading.
"""
