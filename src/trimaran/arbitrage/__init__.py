"""Floor 3: finds and ranks what the books of several markets offer together, after fees.

It answers with opportunities. It will never send, size against a balance, or know which venue is which.
"""
