"""A simulated exchange: matching, accounts, latency and faults, all from a seed.

It keeps its own account book and may not import `ledger`: two independent accounts of the same fills are the
best reconciliation test. It will never be kinder than a real exchange.
"""
