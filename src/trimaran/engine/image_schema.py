"""What the image of the durable state looks like, as one number: the hashes of equal numbers may be compared.

It is derived from the types, so that nobody has to think of it: another field, or another type of one, is
another number. The version of the program is part of it, for the meaning may change while the types do not. A
snapshot of another number is taken without a comparison: a new version must never be kept from starting by a
hash that it makes in another way.
"""

from __future__ import annotations

import hashlib

import msgspec

from trimaran.engine.image import DurableImage


def schema_number(version: str) -> int:
    """64 bits, never zero; `version` is that of the program."""
    types = msgspec.json.encode(msgspec.json.schema(DurableImage), order="sorted")
    digest = hashlib.blake2b(types + version.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") | 1
