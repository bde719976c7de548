"""The frame around everything that is said to HTX over REST, and the one around its answers.

`Access` is one account on one market: it knows the host, the instruments and the key, writes signed requests,
and unwraps answers. HTX has three envelopes, and readers of both markets meet all of them:

    {"status":"ok","data":..}      or "tick", "ticks"; an error has err-code (words) or err_code (numbers)
    {"code":200,"data":..}         spot's /v2 and the /v3 of swaps
    {"status":"ok","cid":..}       the same over an order line

Source: https://huobiapi.github.io/docs/spot/v1/en/#response-format
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

import msgspec

from trimaran.base.errors import ConfigError, DecodeError, DecodeKind
from trimaran.domain.instrument import ContractKind, Instrument, InstrumentKey, MarketName, Symbol
from trimaran.venues.htx.errors import (
    SPOT_REST,
    SPOT_V2,
    SPOT_WINDOW_NS,
    SWAP_CODES,
    SWAP_WINDOW_NS,
    ErrorList,
    fault_of,
    fault_of_status,
    refusal,
    unreadable,
)
from trimaran.venues.htx.fields import NULL, Id
from trimaran.venues.htx.signing import Place, Signer, encode_query, signed_query
from trimaran.venues.wire.dialect import AccountSetup
from trimaran.venues.wire.fault import Fault, FaultKind, VenueFault
from trimaran.venues.wire.message import Charge, HttpReply, HttpRequest, Stamp

OK: Final = "ok"
SUCCESS: Final = 200  # of the envelopes with a number
CLIENT_ERROR: Final = 400
MAINTENANCE: Final = "maintain"
JSON: Final[Mapping[str, str]] = {"content-type": "application/json"}
NOTHING: Final[Mapping[str, str]] = {}

T = TypeVar("T")


class Envelope(msgspec.Struct):
    """Every envelope of HTX in one: what is not there keeps its default."""

    status: str = ""
    code: Id | None = None
    data: msgspec.Raw = NULL
    tick: msgspec.Raw = NULL
    ticks: msgspec.Raw = NULL
    ts: int = 0
    word: Id | None = msgspec.field(default=None, name="err-code")
    word_text: str | None = msgspec.field(default=None, name="err-msg")
    number: Id | None = msgspec.field(default=None, name="err_code")
    number_text: str | None = msgspec.field(default=None, name="err_msg")
    message: str | None = None
    msg: str | None = None


_ENVELOPE: Final = msgspec.json.Decoder(Envelope)


class Access:
    """One account on one market of HTX, or the public side of the market where there are no credentials."""

    def __init__(self, market: MarketName, kind: ContractKind, setup: AccountSetup) -> None:
        """Raises ConfigError when the key is none."""
        self.market = market
        self.is_spot = kind is ContractKind.SPOT
        self.setup = setup
        self.window_ns = SPOT_WINDOW_NS if self.is_spot else SWAP_WINDOW_NS
        self._signer = Signer(setup.credentials) if setup.credentials is not None else None

    # --- what it knows ----------------------------------------------------------------------------------

    def instrument(self, symbol: Symbol) -> Instrument:
        """An instrument of the setup. Raises ConfigError."""
        found = self.setup.instruments.get(symbol)
        if found is None:
            raise ConfigError(f"{self.market}: expected a symbol of the setup, found {symbol!r}")
        return found

    def instrument_of(self, key: InstrumentKey) -> Instrument:
        """The instrument of an order's key. Raises ConfigError."""
        return self.instrument(Symbol(key.removeprefix(f"{self.market}:")))

    def known(self, symbol: str) -> Instrument | None:
        """The instrument that the venue calls so; None for those that the desk does not trade."""
        spelled = symbol.lower() if self.is_spot else symbol.upper()
        return self.setup.instruments.get(Symbol(spelled))

    @property
    def account_id(self) -> str:
        """The id of the spot account. Raises ConfigError where the setup does not have it."""
        if not self.setup.account_id:
            raise ConfigError(f"{self.market}: expected the account id (the answer to AccountId), found none")
        return self.setup.account_id

    @property
    def signer(self) -> Signer:
        """The key. Raises ConfigError where there is none."""
        if self._signer is None:
            raise ConfigError(f"{self.market}: expected credentials for a private request, found none")
        return self._signer

    # --- requests ---------------------------------------------------------------------------------------

    def public(self, path: str, parameters: Mapping[str, str], budget: str) -> HttpRequest:
        """A GET that anybody may send."""
        query = encode_query(parameters)
        url = self.setup.rest + path
        return HttpRequest("GET", f"{url}?{query}" if query else url, charges=(Charge(budget),))

    def get(
        self, path: str, stamp: Stamp, budget: str, parameters: Mapping[str, str] = NOTHING
    ) -> HttpRequest:
        """A signed GET."""
        url = self.setup.rest + path
        query = self._signed("GET", url, parameters, stamp)
        return HttpRequest("GET", f"{url}?{query}", charges=(Charge(budget),))

    def post(
        self, path: str, stamp: Stamp, budget: str, body: Mapping[str, object], urgent: bool = False
    ) -> HttpRequest:
        """A signed POST; its body is JSON, and is not signed."""
        url = self.setup.rest + path
        query = self._signed("POST", url, NOTHING, stamp)
        return HttpRequest(
            "POST", f"{url}?{query}", JSON, msgspec.json.encode(body), (Charge(budget),), urgent
        )

    def _signed(self, method: str, url: str, parameters: Mapping[str, str], stamp: Stamp) -> str:
        signer = self.signer
        return "" if stamp.is_draft else signed_query(signer, method, Place.of(url), parameters, stamp)

    # --- answers ----------------------------------------------------------------------------------------

    def open(self, reply: HttpReply) -> Envelope:
        """The envelope of a success. Raises VenueFault for everything else."""
        fault = fault_of_status(reply, self.window_ns)
        if fault is not None:
            raise VenueFault(fault)
        try:
            envelope = _ENVELOPE.decode(reply.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise unreadable(f"{reply.status}: {error}") from error
        silent = not envelope.status and (_is(envelope.code, SUCCESS) or _is(envelope.word, 0))
        if envelope.status == OK or silent:
            if reply.status >= CLIENT_ERROR:
                raise unreadable(f"{reply.status}: a success with the status of an error")
            return envelope
        raise self._refused(envelope, reply)

    def _refused(self, envelope: Envelope, reply: HttpReply) -> VenueFault:
        texts = envelope.word_text, envelope.number_text, envelope.message, envelope.msg
        text = next((each for each in texts if each), "")
        if envelope.status == MAINTENANCE:
            return refusal(FaultKind.UNAVAILABLE, MAINTENANCE, "the venue is in maintenance")
        # The order line of swaps spells a code as spot spells its words, or both ways at once.
        codes = envelope.number, envelope.word, envelope.code
        code = next((each for each in codes if each not in (None, "", 0)), None)
        if code is None:
            return unreadable(f"{reply.status}: {envelope.status!r} without a code")
        return VenueFault(fault_of(self._errors(envelope.word is not None), code, text, self.window_ns))

    def fault(self, code: object, text: str) -> Fault:
        """The fault of an error inside of a success: one order of several."""
        return fault_of(self._errors(True), code, text, self.window_ns)

    def _errors(self, in_words: bool) -> ErrorList:
        if not self.is_spot:
            return SWAP_CODES
        return SPOT_REST if in_words else SPOT_V2


def part(decoder: msgspec.json.Decoder[T], raw: msgspec.Raw, name: str) -> T:
    """A member of an envelope in its type. Raises DecodeError that names it."""
    try:
        return decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError(DecodeKind.SCHEMA, name, "its documented type", str(error)) from error


def _is(code: Id | None, number: int) -> bool:
    return code in (number, str(number))
