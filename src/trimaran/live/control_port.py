"""What a running desk can be asked over its control socket, and how question and answer are spelled.

One line of JSON each way, bounded. A question is one of `Request`, by its tag `ask`; whatever else arrives is
refused with a `Failed` that says why. An answer is `Done` with plain values (decimals as text), or `Failed`.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from trimaran.base.errors import ConfigError

REQUEST_BYTES_MAX: Final = 512 * 1024  # a limits file must fit
ANSWER_BYTES_MAX: Final = 8 * 1024 * 1024
ROWS_MAX: Final = 1_000  # of one answer
REASON_MAX: Final = 200


class _Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="ask"):
    """Common form."""


class AskStatus(_Request, frozen=True, tag="status"):
    """What `--status` prints."""


class AskOrders(_Request, frozen=True, tag="orders"):
    """Orders that are open or unresolved; with `ended`, those that are still remembered as well."""

    ended: bool = False


class AskPositions(_Request, frozen=True, tag="positions"):
    """Positions that are not zero."""


class AskBalances(_Request, frozen=True, tag="balances"):
    """Balances that are not zero."""


class AskPnl(_Request, frozen=True, tag="pnl"):
    """Profit and loss at the marks."""


class AskLimits(_Request, frozen=True, tag="limits"):
    """The limits in force."""


class SetLimits(_Request, frozen=True, tag="set_limits"):
    """Puts other limits in force: the text of a limits file."""

    text: str


class CancelOne(_Request, frozen=True, tag="cancel"):
    """Cancels one open order of ours."""

    client_order_id: int


class CancelAll(_Request, frozen=True, tag="cancel_all"):
    """Ends everything that is open on a market, or on all, ours or not; answers when nothing is left."""

    market: str | None = None


class Release(_Request, frozen=True, tag="release"):
    """Releases a frozen instrument."""

    instrument: str


class Reconcile(_Request, frozen=True, tag="reconcile"):
    """Compares with the venues now; answers with every difference."""

    market: str | None = None


class AskKill(_Request, frozen=True, tag="kill_status"):
    """The kill switches that stand, how far their cancels are, and the code of a reset of `scope` (of all
    that stands, where it names none) to `state`."""

    scope: str | None = None
    state: Literal["RUNNING", "REDUCE_ONLY"] = "RUNNING"


class Kill(_Request, frozen=True, tag="kill"):
    """Moves a kill switch; answers when no order of the scope can leave any more, and that is written."""

    scope: str = "all"
    state: Literal["REDUCE_ONLY", "KILLED"] = "KILLED"
    reason: str = ""


class KillReset(_Request, frozen=True, tag="kill_reset"):
    """Lifts switches, with the code of what stands now."""

    code: str
    scope: str | None = None
    state: Literal["RUNNING", "REDUCE_ONLY"] = "RUNNING"
    reason: str = ""


Request = (
    AskStatus
    | AskOrders
    | AskPositions
    | AskBalances
    | AskPnl
    | AskLimits
    | SetLimits
    | CancelOne
    | CancelAll
    | Release
    | Reconcile
    | AskKill
    | Kill
    | KillReset
)


class Done(msgspec.Struct, frozen=True, tag_field="answer", tag="done"):
    """The answer."""

    value: Any


class Failed(msgspec.Struct, frozen=True, tag_field="answer", tag="failed"):
    """Why there is none; nothing was done."""

    error: str


Answer = Done | Failed
_REQUESTS: Final[msgspec.json.Decoder[Request]] = msgspec.json.Decoder(Request)
_ANSWERS: Final[msgspec.json.Decoder[Answer]] = msgspec.json.Decoder(Answer)


def decode_request(line: bytes) -> Request:
    """A question. Raises ConfigError with the field, what was expected and what was found."""
    try:
        return _REQUESTS.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"request: expected a question of this desk, found: {error}") from None


def decode_answer(line: bytes) -> Answer:
    """An answer. Raises ConfigError."""
    try:
        return _ANSWERS.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"control socket: expected an answer of a desk, found: {error}") from None


def encode_line(message: Request | Answer) -> bytes:
    """A message as a line."""
    return msgspec.json.encode(message) + b"\n"
