"""Recorded pairs of REST requests and answers: three archives, one file an endpoint.

A file is the method, the path, whether the request is signed, and then the answer's body.
"""

from __future__ import annotations

import tarfile
from collections.abc import Mapping

import msgspec

from tests.support.recordings import recording


class RestFixture(msgspec.Struct, frozen=True):
    """One recorded endpoint. `path` has no host; the body is as it was recorded."""

    method: str
    path: str
    signed: bool
    body: bytes


def rest_fixtures(archive: str) -> Mapping[str, RestFixture]:
    """All pairs of `binnet`, `okxnet` or `htxnet`, by name ("Spot/Trading/PlaceOrder")."""
    found: dict[str, RestFixture] = {}
    with tarfile.open(recording(f"jkorf/{archive}.tar.gz")) as files:
        for member in files:
            text = files.extractfile(member) if member.name.endswith(".txt") else None
            if text is not None:
                name = member.name.removeprefix("Endpoints/").removesuffix(".txt")
                found[name] = _read(text.read())
    return found


def _read(raw: bytes) -> RestFixture:
    lines = raw.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").split(b"\n", 3)
    method, path, signed = (line.decode().strip() for line in lines[:3])
    return RestFixture(method, path, signed == "true", lines[3] if len(lines) > 3 else b"")
