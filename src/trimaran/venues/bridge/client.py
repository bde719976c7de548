"""An account of a bridged market: `AccountClient` as it is, over the child instead of HTTP.

    place, cancel, ask -> BridgeDialect -> BridgeProcess.send -> child -> ccxt -> exchange
    child's pushes of orders and fills -> reports -> the same fold -> on_event

An order that was written to a child which then died, or did not answer in time, is `OrderLost`. After a child
has died everything is asked for again, as after the loss of a private line. Pushes make news come sooner.
Nobody says that they are complete, so open orders are asked for every few seconds all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from trimaran.base.errors import DecodeError
from trimaran.domain.instrument import Instrument, Symbol
from trimaran.domain.ports import Clock, Rng
from trimaran.domain.reports import FillReport, OrderReport
from trimaran.venues.bridge.dialect import BridgeDialect
from trimaran.venues.bridge.messages import MALFORMED, Line
from trimaran.venues.bridge.process import BridgeProcess
from trimaran.venues.bridge.reports import Desk
from trimaran.venues.bridge.spec import BridgeMarket
from trimaran.venues.wire.account_client import AccountClient
from trimaran.venues.wire.asker import Gate
from trimaran.venues.wire.client_port import ClientEvent, ClientOptions
from trimaran.venues.wire.governor import Governor
from trimaran.venues.wire.line_port import Gap
from trimaran.venues.wire.market_spec import SECOND
from trimaran.venues.wire.patience import Patience
from trimaran.venues.wire.rest import RestError
from trimaran.venues.wire.tasks import Tasks

LINE: Final = "bridge"
OPTIONS: Final = ClientOptions(
    ask=Patience(answer_s_max=15.0), order=Patience(wait_s_max=0.3, answer_s_max=10.0), poll_s=2.0
)  # ccxt waits for its own rate limiter within the answer


class BridgeClient(AccountClient):
    """One account at one bridged market. The process is somebody else's, and must be up at the start."""

    def __init__(
        self,
        process: BridgeProcess,
        market: BridgeMarket,
        instruments: Mapping[Symbol, Instrument],
        clock: Clock,
        rng: Rng,
        on_event: Callable[[ClientEvent], None],
        options: ClientOptions = OPTIONS,
    ) -> None:
        assert process.ready is not None, "the child must be up"
        self._has = process.ready.has
        desk = Desk(market.name, instruments, market.settings.decimal_ids, market.fees_turned)
        self._words = BridgeDialect(desk, market.capabilities(self._has))
        super().__init__(
            market.private_spec(),
            self._words,
            {},
            {},
            tuple(instruments),
            Gate(Governor(())),
            process,
            clock,
            rng,
            on_event,
            options=options,
        )
        self.unreadable = 0  # pushes that could not be read
        self._bridge = process
        self._bridge_clock = clock
        self._instruments = instruments
        self._watching = Tasks(self._fail)
        self._lost_ns = 0  # venue's clock: when the child that is gone was last sound

    async def start(self) -> None:
        """As an account client does; then listens to the child."""
        await super().start()
        self._bridge.listen(self)

    async def stop(self) -> None:
        """Ends every task. Orders stay as they are, and so does the process."""
        self._bridge.leave(self)
        await self._watching.end()
        await super().stop()

    def on_up(self) -> None:
        """Watches what the exchange pushes, and asks for what a dead child may have missed."""
        for what, ability in (("orders", "watchOrders"), ("fills", "watchMyTrades")):
            if ability in self._has:
                for symbol in self._instruments:
                    self._watching.spawn(self._watch(what, symbol))
        if self._lost_ns:
            now = self.venue_clock.at(self._bridge_clock.monotonic_ns())
            self.on_output(LINE, Gap(self._lost_ns, now.venue_ns, "the child of the bridge was replaced"))
            self._lost_ns = 0

    def on_push(self, line: Line) -> None:
        """Orders and fills."""
        local_ns = self._bridge_clock.wall_ns()
        try:
            told = self._told(line, local_ns)
        except (DecodeError, ValueError, *MALFORMED):
            self.unreadable += 1
            return
        for report in told:
            self.on_output(LINE, report)

    def on_down(self, reason: str) -> None:
        """The child is gone: what happens until the next one is there must be asked for."""
        if not self._lost_ns:
            now = self.venue_clock.at(self._bridge_clock.monotonic_ns())
            self._lost_ns = max(1, now.venue_ns - 60 * SECOND)

    def _told(self, line: Line, local_ns: int) -> Sequence[OrderReport | FillReport]:
        if line.push == "orders":
            return self._words.orders(line.rows, local_ns)
        if line.push != "fills":
            return ()
        # Some of ccxt's streams write a fee with the venue's sign: the fee is taken from the history alone.
        return [msgspec.structs.replace(fill, fee=None) for fill in self._words.fills(line.rows, local_ns)]

    async def _watch(self, what: str, symbol: Symbol) -> None:
        try:
            await self._bridge.ask("watch", msgspec.json.encode({"what": what, "symbol": symbol}))
        except RestError:
            return  # the child died: the next one is asked again
