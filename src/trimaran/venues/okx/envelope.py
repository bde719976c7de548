"""The frame around everything that is said to OKX over REST, and the one around its answers.

Writers of asks make a `Draft`; `request` turns it into an `HttpRequest` with headers and signature. An answer
is `{"code","msg","data":[..]}`, over REST and over WebSocket alike: code 0 is a success, and a row of `data`
with an `sCode` other than 0 a failure of its own. `rows` gives the rows of a success or raises VenueFault.

Source: https://www.okx.com/docs-v5/en/#overview-general-info and #overview-rest-authentication
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeVar
from urllib.parse import urlencode

import msgspec

from trimaran.base.errors import ConfigError, DecodeError, DecodeKind
from trimaran.domain.instrument import ContractKind, Instrument, MarketName, Symbol
from trimaran.venues.okx.errors import fault_of, unreadable
from trimaran.venues.okx.signing import DEMO_HEADERS, deadline_ms, rest_headers
from trimaran.venues.wire.capability import Capabilities, Capability, Unsupported
from trimaran.venues.wire.credentials import Credentials
from trimaran.venues.wire.fault import VenueFault
from trimaran.venues.wire.message import Charge, HttpReply, HttpRequest, Stamp

OK: Final = "0"
UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
BODY_SHOWN: Final = 80  # bytes of an answer that is not understood
Row = TypeVar("Row")


class Context(msgspec.Struct, frozen=True):
    """What writers and readers know of the market they speak for."""

    market: MarketName
    contract: ContractKind
    instruments: Mapping[Symbol, Instrument]
    symbol_codes: Mapping[Symbol, int]
    capabilities: Capabilities

    @property
    def is_spot(self) -> bool:
        """Whether it is the spot market."""
        return self.contract is ContractKind.SPOT

    @property
    def kind(self) -> str:
        """`instType`, as OKX names the market."""
        return "SPOT" if self.is_spot else "SWAP"

    @property
    def trade_mode(self) -> str:
        """`tdMode` of our orders: without borrowing, or with the whole account as margin."""
        return "cash" if self.is_spot else "cross"

    def instrument(self, symbol: Symbol) -> Instrument:
        """The instrument of a symbol. Raises ConfigError when the setup does not have it."""
        found = self.instruments.get(symbol)
        if found is None:
            raise ConfigError(f"{self.market}: expected an instrument of the desk, found {symbol!r}")
        return found

    def missing(self, capability: Capability) -> Unsupported | None:
        """Why the market does not have something; None when it has it."""
        row = self.capabilities[capability]
        return row if isinstance(row, Unsupported) else None


class Draft(msgspec.Struct, frozen=True):
    """A request before it is signed. `target` is path and query, percent-encoded."""

    method: str
    target: str
    charges: tuple[Charge, ...]
    body: bytes = b""
    signed: bool = True
    expires: bool = False  # the venue shall refuse it after the stamp's validity
    urgent: bool = False


class _Envelope(msgspec.Struct):
    code: str
    msg: str = ""
    data: list[msgspec.Raw] | None = None


class _Outcome(msgspec.Struct, rename="camel"):
    s_code: str = OK
    s_msg: str = ""


_ENVELOPES: Final = msgspec.json.Decoder(_Envelope)
_OUTCOMES: Final = msgspec.json.Decoder(_Outcome)


def get(
    path: str, parameters: Mapping[str, str], *charges: Charge, signed: bool = True, urgent: bool = False
) -> Draft:
    """A GET; parameters without a value are left out."""
    query = urlencode({name: value for name, value in parameters.items() if value}, safe=",")
    return Draft("GET", f"{path}?{query}" if query else path, charges, signed=signed, urgent=urgent)


def post(path: str, content: object, *charges: Charge, expires: bool = False, urgent: bool = False) -> Draft:
    """A POST of JSON."""
    return Draft("POST", path, charges, msgspec.json.encode(content), expires=expires, urgent=urgent)


def request(
    draft: Draft, rest: str, credentials: Credentials | None, stamp: Stamp, demo: bool
) -> HttpRequest:
    """The request, ready to be sent. Raises ConfigError when it must be signed and there is no key."""
    url = rest + draft.target
    if draft.signed and credentials is None:
        raise ConfigError(f"{draft.target.partition('?')[0]}: expected a key, found none")
    if stamp.is_draft:
        return HttpRequest(draft.method, url, charges=draft.charges, urgent=draft.urgent)
    headers: dict[str, str] = dict(DEMO_HEADERS) if demo else {}
    if draft.body:
        headers["Content-Type"] = "application/json"
    if draft.expires:
        headers["expTime"] = deadline_ms(stamp)
    if draft.signed:
        assert credentials is not None
        headers.update(rest_headers(credentials, stamp, draft.method, draft.target, draft.body))
    return HttpRequest(draft.method, url, headers, draft.body, draft.charges, draft.urgent)


def rows(reply: HttpReply) -> Sequence[msgspec.Raw]:
    """The rows of an answer. Raises VenueFault for an error, and for what is no answer of OKX."""
    try:
        envelope = _ENVELOPES.decode(reply.body)
        data = envelope.data or []
        outcomes = [_OUTCOMES.decode(raw) for raw in data if bytes(raw).lstrip()[:1] == b"{"]
    except UNREADABLE as error:
        shown = f"expected an answer of OKX, found {reply.body[:BODY_SHOWN]!r} ({error})"
        raise VenueFault(unreadable(shown, reply.status)) from None
    failed = next((outcome for outcome in outcomes if outcome.s_code != OK), None)
    if failed is not None:
        raise VenueFault(fault_of(failed.s_code, failed.s_msg or envelope.msg, reply.status))
    if envelope.code != OK:
        raise VenueFault(fault_of(envelope.code, envelope.msg, reply.status))
    if reply.status != 200:
        raise VenueFault(unreadable("expected status 200 with code 0", reply.status))
    return data


def decoded(raw: msgspec.Raw, decoder: msgspec.json.Decoder[Row], field: str) -> Row:
    """One row. Raises DecodeError that names the field."""
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at ")
        named = field + path.strip("`").removeprefix("$")
        raise DecodeError(DecodeKind.SCHEMA, named, "its documented type", what) from None
    except UNREADABLE as error:
        raise DecodeError(DecodeKind.MALFORMED, field, "JSON", str(error)) from None


def all_of(raws: Sequence[msgspec.Raw], decoder: msgspec.json.Decoder[Row]) -> list[Row]:
    """Every row, or none: the first that cannot be read raises DecodeError."""
    return [decoded(raw, decoder, f"data[{at}]") for at, raw in enumerate(raws)]


def only(raws: Sequence[msgspec.Raw], decoder: msgspec.json.Decoder[Row]) -> Row:
    """The row of an answer that has one. Raises DecodeError."""
    if len(raws) != 1:
        raise DecodeError(DecodeKind.SCHEMA, "data", "one row", len(raws))
    return decoded(raws[0], decoder, "data[0]")
