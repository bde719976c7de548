"""Wallets: what an account owns, what its orders lock, and what its positions bind.

Spot orders lock the asset that they would give. Positions and orders of perpetuals bind margin in the quote
asset of the wallet that serves their market; where one wallet serves spot and perpetuals, both meet in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from trimaran.domain.instrument import Asset
from trimaran.venues.sim.instruments import QUOTE
from trimaran.venues.sim.positions import Position
from trimaran.venues.sim.tradable import Tradable
from trimaran.venues.sim.trading import MarginView, SimBalance
from trimaran.venues.sim.units import money

MARGIN_ASSET: Final = Asset(QUOTE)


class Wallet:
    """Amounts in units."""

    __slots__ = ("locked", "positions", "totals")

    def __init__(self) -> None:
        self.totals: dict[Asset, int] = {}
        self.locked: dict[Asset, int] = {}
        self.positions: dict[Tradable, Position] = {}

    def add(self, asset: Asset, amount: int) -> None:
        """Credits, or debits below zero."""
        self.totals[asset] = self.totals.get(asset, 0) + amount

    def lock(self, asset: Asset, amount: int) -> None:
        """Locks for an order, or below zero unlocks."""
        locked = self.locked.get(asset, 0) + amount
        assert locked >= 0, (asset, locked)
        self.locked[asset] = locked

    def position(self, tradable: Tradable) -> Position:
        """The position of an instrument; there is always one, perhaps of no lots."""
        found = self.positions.get(tradable)
        if found is None:
            found = self.positions[tradable] = Position(tradable)
        return found

    def free(self, asset: Asset) -> int:
        """What a spot order or a withdrawal may use; may be below zero while positions lose."""
        free = self.totals.get(asset, 0) - self.locked.get(asset, 0)
        if asset == MARGIN_ASSET and self.positions:
            unrealised, bound = self._margin()
            free += min(0, unrealised) - bound
        return free

    def margin_available(self) -> int:
        """What a perpetual's order may bind: profits that are not realised secure it too."""
        unrealised, bound = self._margin()
        return self.totals.get(MARGIN_ASSET, 0) - self.locked.get(MARGIN_ASSET, 0) + unrealised - bound

    def cross_equity(self) -> int:
        """What secures the cross positions together, their profit included."""
        equity = self.totals.get(MARGIN_ASSET, 0)
        for position in self.positions.values():
            equity += -position.isolated_margin if position.isolated else position.unrealised()
        return equity

    def secured(self, position: Position) -> int:
        """The money behind one position, its own profit left out."""
        if position.isolated:
            return position.isolated_margin
        others = [each for each in self.positions.values() if each is not position and not each.isolated]
        own = position.unrealised()
        return self.cross_equity() - own - sum(each.maintenance_margin() for each in others)

    def balances(self, assets: Sequence[Asset] | None = None) -> list[SimBalance]:
        """Every asset, or those of some that the wallet has ever held."""
        totals, views = self.totals, []
        for asset in totals if assets is None else [each for each in assets if each in totals]:
            total = totals[asset]
            free = max(0, min(total, self.free(asset)))
            views.append(SimBalance(asset, money(total), money(free), money(total - free)))
        return views

    def margin_view(self) -> MarginView:
        """The wallet as margin."""
        total = self.totals.get(MARGIN_ASSET, 0)
        positions = self.positions.values()
        unrealised = sum(each.unrealised() for each in positions)
        isolated = [each for each in positions if each.isolated]
        return MarginView(
            wallet=money(total),
            unrealised=money(unrealised),
            equity=money(total + unrealised),
            cross_wallet=money(total - sum(each.isolated_margin for each in isolated)),
            cross_unrealised=money(unrealised - sum(each.unrealised() for each in isolated)),
            locked=money(self.locked.get(MARGIN_ASSET, 0)),
            position_margin=money(sum(each.initial_margin() for each in positions)),
            order_margin=money(sum(each.order_margin() for each in positions)),
            maintenance_margin=money(sum(each.maintenance_margin() for each in positions)),
            available=money(max(0, self.margin_available())),
        )

    def _margin(self) -> tuple[int, int]:
        """Unrealised profit of the cross positions, and what positions and orders bind."""
        unrealised = bound = 0
        for position in self.positions.values():
            if position.lots:
                bound += position.initial_margin()
                if not position.isolated:
                    unrealised += position.unrealised()
            if position.buy_lots or position.sell_lots:
                bound += position.order_margin()
        return unrealised, bound
