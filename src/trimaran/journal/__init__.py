"""The record of intents: append-only segments of checksummed records, group commit, snapshots, recovery.

The format and its law stand on top of `frame.py`, what recovery may cut on top of `recover.py`, the two
durabilities on top of `journal.py`. `open.py` puts them together. `docs/journal.md` is the manual.
"""
