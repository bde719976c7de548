"""What a bridged market can do: as much as ccxt claims for the exchange, and less than ccxt's own interface.

What differs from venue to venue behind one name of ccxt is left out, with the reason: an order that means one
thing here and another there is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

import msgspec

from trimaran.base.errors import ConfigError
from trimaran.domain.instrument import ContractKind, MarketName, Symbol
from trimaran.domain.pair import Pair
from trimaran.venues.bridge.messages import BridgeSettings
from trimaran.venues.wire.capability import Capabilities, Capability, table
from trimaran.venues.wire.market_spec import SECOND
from trimaran.venues.wire.private_spec import PrivateSpec

VENUE: Final = "bridge"
_ID: Final = re.compile(r"[a-z0-9_]{1,24}")
SECRETS: Final = frozenset({"apiKey", "secret", "password", "uid", "login", "token", "privateKey", "twofa"})
_C = Capability
_NOT_BRIDGED: Final = "not bridged: it is asked of the exchange's own pages"
_MISSING: Final = {
    _C.MARKET: "the size of a market order is in quote asset on some venues: send an IOC limit order",
    _C.STOP: "trigger orders differ from venue to venue behind one name",
    _C.TAKE_PROFIT: "trigger orders differ from venue to venue behind one name",
    _C.ICEBERG: "icebergs differ from venue to venue behind one name",
    _C.SELF_TRADE: "ccxt has no common name for it",
    _C.AMEND_SIZE: "ccxt makes a cancel and a new order of it on some venues",
    _C.AMEND_PRICE: "ccxt makes a cancel and a new order of it on some venues",
    _C.CANCEL_ALL: "cancel what OpenOrders answers",
    _C.ORDER_HISTORY: "how far back it reaches differs: ask for fills",
    _C.DEAD_MAN: "ccxt has no common name for it",
    _C.REQUEST_EXPIRY: "ccxt sets the venue's windows itself",
    _C.UNIQUE_CLIENT_ID: "not known of every exchange",
    _C.ORDERS_OVER_WEBSOCKET: "orders go over REST",
    _C.LEVERAGE: "set it at the exchange",
    _C.MARGIN_MODE: "set it at the exchange",
    _C.ACCOUNT_FEES: "the fees are those of ccxt's market list",
    _C.KEY_PERMISSIONS: "ccxt does not tell what a key may do: make one that may not withdraw",
    _C.ED25519: "not bridged",
    _C.KLINES: _NOT_BRIDGED,
    _C.TRADES: _NOT_BRIDGED,
    _C.TICKERS: _NOT_BRIDGED,
    _C.FUNDING: _NOT_BRIDGED,
    _C.MARK_PRICE: "with every position, where the exchange says it",
}


class BridgeMarket(msgspec.Struct, frozen=True, kw_only=True):
    """A market behind the bridge: `bridge.kraken.spot`."""

    settings: BridgeSettings
    kind: ContractKind = ContractKind.SPOT
    depth: int = 50  # levels a side
    every_ms: int = 100  # at most one book of an instrument in so long
    silence_s_max: float = 60.0  # then a book that says nothing is not live any more
    fees_turned: bool = False  # ccxt negates fees that the exchange tells as paid already
    queries_by_client_id: bool = False  # proved for a few; elsewhere a not-found would prove nothing

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.settings.exchange):
            raise ConfigError(f"exchange: expected an id of ccxt, found {self.settings.exchange!r}")
        secrets = sorted(SECRETS & set(self.settings.config))
        if secrets:
            raise ConfigError(f"config: expected no secrets, found {', '.join(secrets)}: give credentials")

    @property
    def name(self) -> MarketName:
        """`bridge.<exchange>.spot` or `.swap`; it is in no registry."""
        kind = "spot" if self.kind is ContractKind.SPOT else "swap"
        return MarketName(f"{VENUE}.{self.settings.exchange}.{kind}")

    def spell(self, pair: Pair) -> Symbol:
        """ccxt's unified name of a pair."""
        joined = f"{pair.base}/{pair.quote}"
        return Symbol(joined if self.kind is ContractKind.SPOT else f"{joined}:{pair.quote}")

    def capabilities(self, has: Collection[str]) -> Capabilities:
        """The table, by what ccxt claims for the exchange."""
        perpetual = self.kind is ContractKind.PERPETUAL
        supported = {
            _C.LIMIT: "", _C.IOC: "", _C.FOK: "", _C.POST_ONLY: "as ccxt words it for the exchange",
            _C.HMAC: "", _C.TESTNET: "ccxt's sandbox mode, where it has one",
        }  # fmt: skip
        missing = dict(_MISSING)
        for capability, there, note, reason in (
            (_C.REDUCE_ONLY, perpetual, "", "spot has no positions"),
            (_C.POSITIONS, perpetual and "fetchPositions" in has, "", "not there, or not in ccxt"),
            (_C.FILL_HISTORY, "fetchMyTrades" in has, "as far back as the exchange tells", "not in ccxt"),
            (_C.PRIVATE_STREAM, "watchOrders" in has, "of orders; fills are asked for", "not in ccxt"),
            (
                _C.QUERY_BY_CLIENT_ID, self.queries_by_client_id, "",
                "not proved for the exchange: an order without its venue's id stays unknown",
            ),
        ):  # fmt: skip
            if there:
                supported[capability] = note
            else:
                missing[capability] = reason
        return table(supported, missing)

    def private_spec(self) -> PrivateSpec:
        """The private side in numbers. ccxt keeps the exchange's limits itself, so there are no budgets."""
        return PrivateSpec(
            market=self.name,
            live={},
            testnet=None,
            lines=(),
            limits=(),
            clock_window_ns=5 * SECOND,
            visibility_lag_ns=2 * SECOND,
            request_expiry=False,
        )
