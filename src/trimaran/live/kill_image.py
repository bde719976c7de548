"""What the kill switches stand at, as a value: moves, the file's bytes, and the code that a reset needs.

A kill only ever makes stricter (RUNNING < REDUCE_ONLY < KILLED); making it less strict is a reset, and needs
a code that is bound to exactly what stands: any move makes every code before it void, and so does time. The
code is no password. It makes a person look at what stands before it is lifted.

The file is one line of header and one of JSON, so that a person can read it:

    trimaran-kill 1 CRC32C
    {"serial": ..., "switches": [...], "history": [...], ...}

Bytes that are not exactly that are no image: whoever reads them goes on with `broken`, where everything is
KILLED. Pure.
"""

from __future__ import annotations

import hashlib
from typing import Final

import google_crc32c
import msgspec

from trimaran.base.errors import ConfigError
from trimaran.domain.client_id import ALPHABET
from trimaran.domain.decision import KillState
from trimaran.domain.instrument import MarketName
from trimaran.domain.kill import ALL, KillScope, scopes_of
from trimaran.domain.orders import StrategyName

MAGIC: Final = b"trimaran-kill 1 "
HISTORY_MAX: Final = 64
SWITCHES_MAX: Final = 1_000
TEXT_MAX: Final = 200  # characters of an actor or a reason
CODE_LENGTH: Final = 6
CODE_WINDOW_NS: Final = 60_000_000_000  # a code is good in its window and in the next one
ITSELF: Final = "trimaran"  # the actor of what no person did


class Move(msgspec.Struct, frozen=True):
    """One switch was moved, by whom and why."""

    scope: KillScope
    before: KillState
    after: KillState
    actor: str
    reason: str
    local_ns: int
    request: str = ""  # the name of the request file; empty where it came another way


class KillImage(msgspec.Struct, frozen=True):
    """Every switch that is not RUNNING, and how it came to that."""

    serial: int = 0  # of the last move
    nonce: str = ""  # changes with every move
    switches: tuple[Move, ...] = ()  # the move that each switch stands by; those at RUNNING are left out
    history: tuple[Move, ...] = ()  # the last moves, oldest first
    trouble: str = ""  # why this is not what was kept: everything is KILLED until a person has looked

    def state(self, scope: KillScope) -> KillState:
        """Where one switch stands, whatever wider ones do."""
        standing = (move.after for move in self.switches if move.scope == scope)
        return next(standing, KillState.RUNNING)

    def over(self, market: MarketName, strategy: StrategyName) -> KillState:
        """What an order of a strategy on a market passes under: the strictest of its switches."""
        return max(self.state(scope) for scope in scopes_of(market, strategy))


def moved(image: KillImage, move: Move, nonce: str) -> KillImage:
    """The image after a move. A reset of ALL ends `trouble` as well: a person has looked."""
    assert move.before is image.state(move.scope), move
    others = tuple(each for each in image.switches if each.scope != move.scope)
    switches = others if move.after is KillState.RUNNING else (*others, move)
    looked_at = move.scope == ALL and move.after < move.before
    if len(switches) > SWITCHES_MAX:  # a fault of who asks: one wide switch says it all
        everything = msgspec.structs.replace(
            move, scope=ALL, before=image.state(ALL), after=KillState.KILLED, reason="too many switches"
        )
        switches = (everything,)
    return KillImage(
        serial=image.serial + 1,
        nonce=nonce,
        switches=switches,
        history=(*image.history, move)[-HISTORY_MAX:],
        trouble="" if looked_at else image.trouble,
    )


def broken(trouble: str, evidence: bytes, now_ns: int) -> KillImage:
    """Everything KILLED, because what was kept cannot be read. The same evidence gives the same code."""
    move = Move(ALL, KillState.RUNNING, KillState.KILLED, ITSELF, cut(trouble), now_ns)
    nonce = hashlib.blake2b(evidence, digest_size=16).hexdigest()
    return KillImage(serial=1, nonce=nonce, switches=(move,), history=(move,), trouble=cut(trouble))


def encode(image: KillImage) -> bytes:
    """The bytes of the file."""
    body = msgspec.json.encode(image)
    return MAGIC + b"%08x\n" % google_crc32c.value(body) + body + b"\n"


def decode(data: bytes) -> KillImage:
    """Reads the bytes of the file. Raises ConfigError for anything but what `encode` wrote."""
    head, line_feed, rest = data.partition(b"\n")
    if not head.startswith(MAGIC) or not line_feed or not rest.endswith(b"\n"):
        raise ConfigError(f"kill file: expected {MAGIC.decode().strip()!r} and one line, found {data[:40]!r}")
    body, crc = rest[:-1], head[len(MAGIC) :]
    if crc != b"%08x" % google_crc32c.value(body):
        raise ConfigError(f"kill file: expected the CRC {crc[:16]!r} of its header, found another one")
    try:
        return msgspec.json.decode(body, type=KillImage)
    except msgspec.MsgspecError as error:
        raise ConfigError(f"kill file: {error}") from None


def to_lift(image: KillImage, scope: KillScope | None, to: KillState) -> tuple[KillScope, ...]:
    """The switches that a reset lifts: one, or with None all that are stricter than `to`."""
    return tuple(
        move.scope for move in image.switches if move.after > to and (scope is None or scope == move.scope)
    )


def reset_code(image: KillImage, scope: KillScope | None, to: KillState, now_ns: int) -> str:
    """The code that a reset of exactly this needs now."""
    return _code(image, scope, to, now_ns // CODE_WINDOW_NS)


def check_reset(image: KillImage, scope: KillScope | None, to: KillState, code: str, now_ns: int) -> None:
    """Raises ConfigError unless the code is the one of what stands, and not too old."""
    if not to_lift(image, scope, to):
        what = "any switch" if scope is None else scope.text
        raise ConfigError(f"reset: expected {what} to be stricter than {to.name}, found none that is")
    window = now_ns // CODE_WINDOW_NS
    if code.strip().upper() not in (_code(image, scope, to, window), _code(image, scope, to, window - 1)):
        raise ConfigError(
            f"confirm: expected the code of what stands now (it changes with it, and within "
            f"{2 * CODE_WINDOW_NS // 1_000_000_000} s), found {code[:20]!r}"
        )


def lifted(
    image: KillImage,
    scope: KillScope | None,
    to: KillState,
    actor: str,
    reason: str,
    now_ns: int,
    request: str,
    nonce: str,
) -> KillImage:
    """The image after a reset."""
    for each in to_lift(image, scope, to):
        move = Move(each, image.state(each), to, cut(actor), cut(reason), now_ns, request)
        image = moved(image, move, nonce)
    return image


def cut(text: str) -> str:
    """A text of bounded length, on one line, that a terminal can show."""
    shown = "".join(character if character.isprintable() else " " for character in text[: TEXT_MAX + 1])
    return shown if len(shown) <= TEXT_MAX else shown[: TEXT_MAX - 3] + "..."


def _code(image: KillImage, scope: KillScope | None, to: KillState, window: int) -> str:
    said = msgspec.json.encode([image.serial, scope, to, window])  # every move has a nonce of its own
    digest = hashlib.blake2b(said, key=image.nonce.encode()[:64], digest_size=CODE_LENGTH).digest()
    return "".join(ALPHABET[byte & 31] for byte in digest)
