"""Floor 5: the exchanges: what each one says and wants, the wires to it, and simulators to trade against.

A venue is one folder; venues are strangers to each other. They will never withdraw funds, decide anything
about an order, or call the fate of an order known before the venue has said it.
"""
