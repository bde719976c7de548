"""Client order ids that describe themselves.

An id is made before an order is sent, from a counter in durable state, and it is one integer of 62
bits, most significant first:

    region 4 | shard 8 | epoch 16 | sequence 30 | attempt 4

So an order that a venue still knows, and we have forgotten, names the shard and the epoch that sent
it, and the tail of a lost journal can be rebuilt from the venue. `epoch` is the fencing number of the
owner: a new owner starts a new epoch, and so can never repeat an id of the old one. `attempt` counts
the sends of one intent: attempt 1 exists only after attempt 0 was proved not to have been placed.

An owner that has lost the record of those before it must not repeat them either: their orders may be open.
So epochs keep up with the wall clock, and the first sequence tells how much of a step of it has passed.

62 bits are positive in a signed 64-bit integer (some venues take only decimal integers), and fit into
13 characters of base 32 (Crockford's alphabet, https://www.crockford.com/base32.html), which every
other venue accepts. The text has a fixed length and a fixed case: one id, one spelling.
"""

from __future__ import annotations

from typing import Final, NewType

import msgspec

from trimaran.base.errors import DecodeError, DecodeKind

ClientOrderId = NewType("ClientOrderId", int)

REGION_BITS: Final = 4
SHARD_BITS: Final = 8
EPOCH_BITS: Final = 16
SEQUENCE_BITS: Final = 30
ATTEMPT_BITS: Final = 4
ID_BITS: Final = REGION_BITS + SHARD_BITS + EPOCH_BITS + SEQUENCE_BITS + ATTEMPT_BITS
TEXT_LENGTH: Final = 13
DECIMAL_LENGTH_MAX: Final = 19

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS: Final = tuple(first + second for first in ALPHABET for second in ALPHABET)  # of 10 bits
_TO_PYTHON: Final = bytes(
    b"0123456789abcdefghijklmnopqrstuv"[ALPHABET.index(chr(byte))] if chr(byte) in ALPHABET else ord("!")
    for byte in range(256)
)  # to the digits that `int` reads in base 32; what is no character of ours becomes none of its digits
_SEQUENCE_MASK: Final = ((1 << SEQUENCE_BITS) - 1) << ATTEMPT_BITS

EPOCHS_FROM_NS: Final = 1_767_225_600_000_000_000  # 2026-01-01
EPOCH_NS: Final = 7_200_000_000_000  # at least one epoch every two hours, until 2040
EPOCH_OF_CLOCK_MAX: Final = (1 << EPOCH_BITS) - (1 << 12)  # room for owners whatever the clock says
SEQUENCES_SKIPPED_MAX: Final = 1 << SEQUENCE_BITS - 2  # in an epoch's time; faster nobody gives out ids

ID_STEP: Final = 1 << ATTEMPT_BITS  # from the first attempt of an intent to that of the next one

assert ID_BITS == 62
assert len(ALPHABET) == 32
assert TEXT_LENGTH * 5 >= ID_BITS > (TEXT_LENGTH - 1) * 5
assert len(str(2**ID_BITS - 1)) == DECIMAL_LENGTH_MAX


class ClientIdParts(msgspec.Struct, frozen=True):
    """What an id says. Building one with a part out of its range is a programmer error."""

    region: int
    shard: int
    epoch: int
    sequence: int  # from 1, so that no id is zero
    attempt: int = 0

    def __post_init__(self) -> None:
        assert 0 <= self.region < 1 << REGION_BITS, self
        assert 0 <= self.shard < 1 << SHARD_BITS, self
        assert 0 <= self.epoch < 1 << EPOCH_BITS, self
        assert 1 <= self.sequence < 1 << SEQUENCE_BITS, self
        assert 0 <= self.attempt < 1 << ATTEMPT_BITS, self


class ClientIdCounter(msgspec.Struct, frozen=True):
    """The source of ids, a value of durable state: the successor is stored before its id is used."""

    region: int
    shard: int
    epoch: int
    sequence: int = 0  # of the last id that was given out

    def take(self) -> tuple[ClientOrderId, ClientIdCounter]:
        """The next id and the counter that must be kept. An epoch has 2**30 - 1 ids."""
        sequence = self.sequence + 1
        parts = ClientIdParts(self.region, self.shard, self.epoch, sequence)
        return pack_client_id(parts), ClientIdCounter(self.region, self.shard, self.epoch, sequence)

    def next_epoch(self) -> ClientIdCounter:
        """The counter behind the last id of this epoch."""
        return ClientIdCounter(self.region, self.shard, self.epoch + 1)

    def of_owner(self, wall_ns: int) -> ClientIdCounter:
        """The counter of a new owner of this shard, who knows of the epochs up to this one."""
        epochs, rest_ns = divmod(max(wall_ns - EPOCHS_FROM_NS, 0), EPOCH_NS)
        epoch = max(self.epoch + 1, min(epochs, EPOCH_OF_CLOCK_MAX))
        return ClientIdCounter(self.region, self.shard, epoch, rest_ns * SEQUENCES_SKIPPED_MAX // EPOCH_NS)


def last_id_of(counter: ClientIdCounter) -> int:
    """The last id that a counter gave out, as a number; the next one is `ID_STEP` above it.

    It is no id itself while the counter stands at zero.
    """
    value = (counter.region << SHARD_BITS | counter.shard) << EPOCH_BITS | counter.epoch
    return (value << SEQUENCE_BITS | counter.sequence) << ATTEMPT_BITS


def counter_at(last_id: int) -> ClientIdCounter:
    """The counter that gave out `last_id` last."""
    value, _ = _split(last_id, ATTEMPT_BITS)
    value, sequence = _split(value, SEQUENCE_BITS)
    value, epoch = _split(value, EPOCH_BITS)
    region, shard = _split(value, SHARD_BITS)
    return ClientIdCounter(region, shard, epoch, sequence)


def same_epoch(one: int, other: int) -> bool:
    """Whether two ids are of one region, shard and epoch."""
    return (one ^ other) >> SEQUENCE_BITS + ATTEMPT_BITS == 0


def pack_client_id(parts: ClientIdParts) -> ClientOrderId:
    """The id of its parts."""
    value = parts.region
    value = value << SHARD_BITS | parts.shard
    value = value << EPOCH_BITS | parts.epoch
    value = value << SEQUENCE_BITS | parts.sequence
    return ClientOrderId(value << ATTEMPT_BITS | parts.attempt)


def unpack_client_id(client_order_id: ClientOrderId) -> ClientIdParts:
    """The parts of an id. Raises DecodeError when the integer is no id of ours."""
    if not 0 < client_order_id < 1 << ID_BITS:
        raise _refusal("1 to 2**62 - 1", client_order_id)
    value, attempt = _split(client_order_id, ATTEMPT_BITS)
    value, sequence = _split(value, SEQUENCE_BITS)
    value, epoch = _split(value, EPOCH_BITS)
    region, shard = _split(value, SHARD_BITS)
    if sequence == 0:
        raise _refusal("a sequence from 1", client_order_id)
    return ClientIdParts(region, shard, epoch, sequence, attempt)


def next_attempt(client_order_id: ClientOrderId) -> ClientOrderId:
    """The id of the next send of the same intent; at most 15 follow the first."""
    parts = unpack_client_id(client_order_id)
    return pack_client_id(
        ClientIdParts(parts.region, parts.shard, parts.epoch, parts.sequence, parts.attempt + 1)
    )


def encode_client_id(client_order_id: ClientOrderId) -> str:
    """The 13 characters that a venue with textual ids receives; they sort as the integers do."""
    value = int(client_order_id)
    assert 0 < value < 1 << ID_BITS, value
    return (
        ALPHABET[value >> 60]
        + _PAIRS[value >> 50 & 1023]
        + _PAIRS[value >> 40 & 1023]
        + _PAIRS[value >> 30 & 1023]
        + _PAIRS[value >> 20 & 1023]
        + _PAIRS[value >> 10 & 1023]
        + _PAIRS[value & 1023]
    )


def decode_client_id(text: str) -> ClientOrderId:
    """Reads 13 characters back. Raises DecodeError for a text that is no id of ours."""
    if len(text) != TEXT_LENGTH:
        raise _refusal(f"{TEXT_LENGTH} characters", text)
    try:
        value = int(text.encode("ascii").translate(_TO_PYTHON), 32)
    except ValueError:
        raise _refusal("characters of base 32", text) from None
    return _checked(value)


def encode_client_id_decimal(client_order_id: ClientOrderId) -> str:
    """The decimal digits that a venue with integer ids receives."""
    assert 0 < client_order_id < 1 << ID_BITS, client_order_id
    return str(int(client_order_id))


def decode_client_id_decimal(text: str) -> ClientOrderId:
    """Reads decimal digits back. Raises DecodeError for a text that is no id of ours."""
    plain = text.isascii() and text.isdigit() and not text.startswith("0")
    if not plain or len(text) > DECIMAL_LENGTH_MAX:
        raise _refusal("decimal digits without leading zeros", text)
    return _checked(int(text))


def _split(value: int, bits: int) -> tuple[int, int]:
    return value >> bits, value & (1 << bits) - 1


def _checked(value: int) -> ClientOrderId:
    client_order_id = ClientOrderId(value)
    if not 0 < value < 1 << ID_BITS or not value & _SEQUENCE_MASK:
        unpack_client_id(client_order_id)  # says what is wrong
    return client_order_id


def _refusal(expected: str, found: object) -> DecodeError:
    return DecodeError(DecodeKind.SCHEMA, "client_order_id", expected, found)
