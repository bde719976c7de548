"""The three sockets of the simulated OKX and the channels that each of them has.

    /ws/v5/public     market data; the deep books need a login and a tier that nobody has here
    /ws/v5/private    the account's channels, and orders
    /ws/v5/business   bars, single trades, algo orders

A channel on the wrong socket is 60018 or 64002. https://www.okx.com/docs-v5/en/#overview-websocket
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from trimaran.domain.instrument import MarketName
from trimaran.venues.okx.simulator.candles import bar_name
from trimaran.venues.okx.simulator.catalogue import KINDS
from trimaran.venues.okx.simulator.private_feed import BUSINESS_CHANNELS, CHANNELS, CONNECTIONS_MAX, TYPED
from trimaran.venues.okx.simulator.streams import BUSINESS_ONLY, OkxFeed
from trimaran.venues.sim.markets import OKX_SPOT, OKX_SWAP

PUBLIC, PRIVATE, BUSINESS = "public", "private", "business"
PATHS: Final = {f"/ws/v5/{name}": name for name in (PUBLIC, PRIVATE, BUSINESS)}
TIERED: Final = frozenset({"books-l2-tbt", "books50-l2-tbt"})
NO_CHANNEL, NO_LOGIN, NO_TIER, NOT_BUSINESS, NO_UNDERLYING = "60018", "60011", "64003", "64002", "64000"
_LISTED_KINDS: Final = ("SPOT", "SWAP")
_ALL_KINDS: Final = (*KINDS, "ANY")

Argument = dict[str, str]
Refused = tuple[str, str]


class Channels:
    """Which channels there are, and where."""

    def __init__(self, feeds: Mapping[str, OkxFeed]) -> None:
        self._feeds = feeds
        self.connections_max = CONNECTIONS_MAX

    def is_private(self, channel: str) -> bool:
        """Whether it belongs to an account."""
        return channel in CHANNELS or channel in BUSINESS_CHANNELS

    def refusal(self, socket: str, argument: Argument, known: bool) -> Refused | None:
        """Code and text where there is no such channel here; `known`: the client has logged in."""
        channel = argument["channel"]
        if "uly" in argument:
            return NO_UNDERLYING, (
                "Subscription parameter uly is unavailable anymore, please replace uly with instFamily."
            )
        private = CHANNELS if socket == PRIVATE else BUSINESS_CHANNELS if socket == BUSINESS else frozenset()
        if channel in private or (socket == PUBLIC and channel in TIERED | CHANNELS):
            if not known:
                return NO_LOGIN, "Please log in"
            if channel in TIERED:
                return NO_TIER, ("Your trading fee tier doesn't meet the requirement to access this channel")
            return None if channel in private and self._fits(argument) else _wrong(argument)
        if socket == PRIVATE or not self._exists(socket, argument):
            elsewhere = socket == BUSINESS and self._exists(PUBLIC, argument)
            return _not_business() if elsewhere else _wrong(argument)
        return None

    def _fits(self, argument: Argument) -> bool:
        """Whether the arguments of a private channel make sense."""
        if argument["channel"] in TYPED and argument.get("instType") not in _ALL_KINDS:
            return False
        name = argument.get("instId", "")
        return not name or name in self._feeds

    def _exists(self, socket: str, argument: Argument) -> bool:
        channel = argument["channel"]
        if socket == PUBLIC and channel == "status":
            return True
        if socket == PUBLIC and channel in ("instruments", "liquidation-orders"):
            return argument.get("instType") in _LISTED_KINDS
        feed = self._feeds.get(argument.get("instId", ""))
        if feed is None or not feed.listed:
            return False
        if socket == BUSINESS:
            return channel in BUSINESS_ONLY or (bool(bar_name(channel)) and feed.candles.carries(channel))
        return channel in feed.channels and channel not in BUSINESS_ONLY


def markets_of(arguments: Iterable[Argument]) -> set[MarketName]:
    """The markets that some channels are about; both where none says one."""
    names = {each.get("instId", "") or each.get("instType", "") for each in arguments}
    if "ANY" in names:
        return {OKX_SPOT, OKX_SWAP}
    found = {OKX_SWAP if name.endswith("SWAP") else OKX_SPOT for name in names if name}
    return found or {OKX_SPOT, OKX_SWAP}


def _wrong(argument: Argument) -> Refused:
    named = ",".join(f"{key}:{value}" for key, value in argument.items())
    return NO_CHANNEL, (
        f"Wrong URL or {named} doesn't exist. Please use the correct URL, channel and parameters "
        "referring to API document."
    )


def _not_business() -> Refused:
    return NOT_BUSINESS, (
        'This channel is not supported by "/business" URL. Please use "/private" URL(for private channels), '
        'or "/public" URL(for public channels).'
    )
