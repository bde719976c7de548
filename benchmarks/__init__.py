"""Speed and memory of Trimaran beside its peers, measured in one run on one machine.

Every row is a ratio between two things that ran minutes apart at most, interleaved, on the same frames.
A figure without its peer says little about anything but the machine; nothing here is asserted in a test.

Each side, ours included, is a process of its own (`peer_scripts/side_*.py`) under the same measuring loop
(`peer_scripts/measuring.py`); `make bench-peers` builds the interpreters of the peers, `make bench` runs.
"""
