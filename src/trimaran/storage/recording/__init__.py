"""Recordings: what venues said, byte for byte, with the time at which it was heard.

    <folder>/<market>/<start ns>-<number>.rec     segments, in the order of their names

`segment.py` is the format and its law, `writer.py` writes, `reader.py` reads, `parquet.py` converts.
"""
