"""Synthetic order flow of one book: who sends which order when.

Three populations act on the price that their market sees (`price.py`):

    makers   Poisson; take what is stale against that price (the venue's own arbitrageurs) and quote
             at the touch, so that the spread is one to a few ticks most of the time
    takers   Hawkes arrivals of market orders with persistent sides (`hawkes.py`)
    crowd    Poisson arrivals and cancels of passive orders; the distance to the price is log-normal,
             which gives a book with a hump away from the touch and a long tail (the shape measured by
             Bouchaud, Mezard, Potters 2002, Quant. Finance 2). Arrivals and cancels balance around a
             number of resting orders; near orders live shorter than far ones.

The market is time-compressed (see `parameters.py`). Books cannot cross: all of it goes through the
matching engine. Pure: time is an argument, and so is the randomness.
"""

from __future__ import annotations

import math
from collections import deque

from trimaran.domain.ports import Rng
from trimaran.venues.sim.book import VenueBook
from trimaran.venues.sim.codes import OrderKind, Outcome
from trimaran.venues.sim.hawkes import Hawkes
from trimaran.venues.sim.parameters import FlowParameters
from trimaran.venues.sim.price import AssetPrice

CROWD = 0  # owner of everything made here
_BUY, _SELL = 0, 1
_SIGN = (1, -1)


class MarketFlow:
    """The three populations of one book."""

    def __init__(
        self, parameters: FlowParameters, book: VenueBook, price: AssetPrice, market: int, rng: Rng
    ) -> None:
        """`market` is the index of this book's market in `price`."""
        self.book = book
        self._parameters = parameters
        self._price = price
        self._market = market
        self._rng = rng
        instrument = book.listing.instrument
        self._start_ticks = book.listing.start_ticks
        self._lots_per_quote = 1.0 / float(instrument.notional(book.listing.start_ticks, 1))
        self._distance_ticks = max(
            parameters.crowd_distance_ticks, parameters.crowd_distance_bps * 1e-4 * self._start_ticks
        )
        self._takers = Hawkes(
            parameters.takers_per_s * parameters.rate,
            parameters.taker_excitation_per_s * parameters.rate,
            parameters.taker_decay_per_s * parameters.rate,
            rng,
        )
        self._taker_side = _BUY
        self._crowd: list[int] = []  # ids, some of which are gone already
        self._quotes: tuple[deque[int], deque[int]] = (deque(), deque())
        self._requote_ns = self._crowd_ns = self._taker_ns = 0

    def open(self, now_ns: int) -> None:
        """Fills the book around the start price and draws the first arrivals."""
        for index in range(self._parameters.crowd_orders):
            self._place_crowd(now_ns, index % 2)
        self._requote(now_ns)
        self._requote_ns = now_ns + self._poisson_ns(self._parameters.requotes_per_s)
        self._crowd_ns = now_ns + self._poisson_ns(self._parameters.crowd_per_s)
        self._taker_ns = now_ns + _ns(self._takers.wait_s())

    @property
    def next_ns(self) -> int:
        """When something happens next."""
        return min(self._requote_ns, self._crowd_ns, self._taker_ns)

    def act(self) -> None:
        """Does what is due at `next_ns`, unless trading stands still; the price must be that of then."""
        now_ns, trading = self.next_ns, self.book.rules.trading
        if now_ns == self._crowd_ns:
            if trading:
                self._crowd_acts(now_ns)
            self._crowd_ns = now_ns + self._poisson_ns(self._parameters.crowd_per_s)
        elif now_ns == self._requote_ns:
            if trading:
                self._requote(now_ns)
            self._requote_ns = now_ns + self._poisson_ns(self._parameters.requotes_per_s)
        else:
            if trading:
                self._take(now_ns)
            self._taker_ns = now_ns + _ns(self._takers.wait_s())

    def _fair_ticks(self) -> float:
        return self._start_ticks * math.exp(1e-4 * self._price.seen_bps(self._market))

    def _requote(self, now_ns: int) -> None:
        target_bid = max(1, math.floor(self._fair_ticks()))
        target_ask = target_bid + 1
        self._pick_off(now_ns, target_bid, target_ask)
        bid, _, ask, _ = self.book.best
        for side, target, best in ((_BUY, target_bid, bid), (_SELL, target_ask, ask)):
            sign = _SIGN[side]
            behind = best == 0 or (target - best) * sign > 0
            if behind or self._rng.random() < 0.3:
                away = 0 if self._rng.random() < self._parameters.tight else self._rng.randrange(1, 4)
                self._quote(now_ns, side, target - sign * away)

    def _pick_off(self, now_ns: int, target_bid: int, target_ask: int) -> None:
        """Takes asks at or below the new bid, or bids at or above the new ask."""
        bid, _, ask, _ = self.book.best
        if ask and ask <= target_bid:
            side, limit = _BUY, target_bid
        elif bid >= target_ask:
            side, limit = _SELL, target_ask
        else:
            return
        lots = self._lots(self._parameters.pick_off_quote, self._parameters.pick_off_spread)
        self.book.submit(now_ns, CROWD, side, limit, lots, OrderKind.IOC)

    def _quote(self, now_ns: int, side: int, price_ticks: int) -> None:
        lots = self._lots(self._parameters.quote_quote, self._parameters.quote_spread)
        order_id, answer = self.book.submit(
            now_ns, CROWD, side, max(1, price_ticks), lots, OrderKind.POST_ONLY
        )
        if answer[0] == Outcome.RESTING:
            quotes = self._quotes[side]
            quotes.append(order_id)
            if len(quotes) > self._parameters.quotes_kept:
                self.book.cancel(now_ns, quotes.popleft())

    def _take(self, now_ns: int) -> None:
        if self._rng.random() >= self._parameters.taker_same_side:
            self._taker_side = 1 - self._taker_side
        lots = self._lots(self._parameters.taker_quote, self._parameters.taker_spread)
        self.book.submit(now_ns, CROWD, self._taker_side, 0, lots, OrderKind.MARKET)

    def _crowd_acts(self, now_ns: int) -> None:
        """Places when the book is thin, cancels when it is full, about evenly in between."""
        engine, wanted = self.book.engine, self._parameters.crowd_orders
        missing = (wanted - engine.order_count()) / max(1, wanted)
        bids, asks = engine.level_count(_BUY), engine.level_count(_SELL)
        thin = _BUY if self._rng.random() * (bids + asks + 2) >= bids + 1 else _SELL
        if self._rng.random() < 0.5 + 4.0 * missing:
            batch = 1 + min(self._parameters.crowd_batch_max - 1, max(0, int(20 * missing)))
            for _ in range(batch):
                self._place_crowd(now_ns, thin)
        else:
            self._cancel_crowd(now_ns)

    def _place_crowd(self, now_ns: int, side: int) -> None:
        parameters, rng = self._parameters, self._rng
        distance = self._distance_ticks * math.exp(parameters.crowd_distance_spread * rng.gauss(0.0, 1.0))
        price_ticks = round(self._fair_ticks() - _SIGN[side] * (0.5 + distance))
        quote = parameters.dust_quote if rng.random() < parameters.dust else parameters.crowd_quote
        lots = self._lots(quote, parameters.crowd_spread)
        order_id, answer = self.book.submit(
            now_ns, CROWD, side, max(1, price_ticks), lots, OrderKind.POST_ONLY
        )
        if answer[0] == Outcome.RESTING:
            self._crowd.append(order_id)

    def _cancel_crowd(self, now_ns: int) -> None:
        """Cancels one order; an order at twice the median distance is half as likely to be chosen."""
        fair_ticks = self._fair_ticks()
        for _ in range(16):
            if not self._crowd:
                return
            index = self._rng.randrange(0, len(self._crowd))
            order_id = self._crowd[index]
            found = self.book.engine.order(order_id)
            if found is not None:
                distance = abs(found[2] - fair_ticks)
                if self._rng.random() * max(distance, self._distance_ticks) > self._distance_ticks:
                    continue
                self.book.cancel(now_ns, order_id)
            self._crowd[index] = self._crowd[-1]
            self._crowd.pop()
            if found is not None:
                return

    def _lots(self, median_quote: float, spread: float) -> int:
        quote = median_quote * math.exp(spread * self._rng.gauss(0.0, 1.0))
        return max(1, round(quote * self._lots_per_quote))

    def _poisson_ns(self, per_s: float) -> int:
        return _ns(self._rng.expovariate(per_s * self._parameters.rate))


def _ns(seconds: float) -> int:
    return max(1, int(seconds * 1e9))
