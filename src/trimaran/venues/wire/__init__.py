"""The network below every venue: WebSocket and REST shells, proxies, limiter, signer, clock offset.

Bytes and their times pass through. It will never know what they mean, nor retry an order.
"""
