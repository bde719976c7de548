"""JSON to plain Python values, exactly and within limits; the slow, certain half of every decoder.

Numbers with a fraction or an exponent stay text (`NumberText`), so that nothing passes through a float.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from trimaran.base.errors import DecodeError, DecodeKind
from trimaran.base.limits import FRAME_BYTES_MAX, JSON_DEPTH_MAX, NUMBER_BYTES_MAX

Buffer = bytes | bytearray | memoryview


class NumberText(str):
    """The text of a JSON number that is not a plain integer."""

    __slots__ = ()


JsonValue = None | bool | int | NumberText | str | list["JsonValue"] | dict[str, "JsonValue"]

# The declared type of the hook's result is float, but msgspec passes any value through.
_hook: Final[Callable[[str], NumberText]] = NumberText
_decoder: Final = msgspec.json.Decoder(float_hook=_hook)


def decode_json(payload: Buffer) -> JsonValue:
    """Decodes one JSON text. Raises DecodeError MALFORMED or OVERSIZE."""
    if len(payload) > FRAME_BYTES_MAX:
        raise DecodeError(DecodeKind.OVERSIZE, "frame", f"at most {FRAME_BYTES_MAX} bytes", len(payload))
    try:
        value: JsonValue = _decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise DecodeError(
            DecodeKind.MALFORMED, "frame", "JSON", f"{error} in {bytes(payload[:60])!r}"
        ) from None
    _check_limits(value, 1)
    return value


_INTEGER_BOUND: Final = 10 ** (NUMBER_BYTES_MAX - 1)


def _check_limits(value: JsonValue, depth: int) -> None:
    if isinstance(value, dict | list):
        if depth > JSON_DEPTH_MAX:
            raise _beyond(f"at most {JSON_DEPTH_MAX} levels of nesting", depth)
        for item in value.values() if isinstance(value, dict) else value:
            _check_limits(item, depth + 1)
    elif isinstance(value, NumberText):
        if len(value) > NUMBER_BYTES_MAX:
            raise _beyond(f"numbers of at most {NUMBER_BYTES_MAX} bytes", len(value))
    elif isinstance(value, int) and abs(value) >= _INTEGER_BOUND and len(str(value)) > NUMBER_BYTES_MAX:
        raise _beyond(f"numbers of at most {NUMBER_BYTES_MAX} bytes", len(str(value)))


def _beyond(expected: str, found: int) -> DecodeError:
    return DecodeError(DecodeKind.MALFORMED, "frame", expected, found)
