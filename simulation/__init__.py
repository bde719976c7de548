"""Deterministic simulation: the real desk and the real simulated venues in one seeded loop with virtual time.

    python -m simulation.run --seeds 1..300

Nothing here is imported by the product. `docs/simulation.md` says what is simulated and what is not.
"""
