"""Durable state on this machine: sealed API keys, and recordings of what venues said.

It will never print a secret, nor overwrite a file in place.
"""
