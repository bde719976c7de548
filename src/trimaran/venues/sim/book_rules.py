"""What a venue may change about an instrument while it trades: its state, and how coarse its grids are.

The engine goes on counting in the ticks and lots that the instrument began with; a coarser grid only keeps
new orders to every tenth, hundredth or thousandth of them. Orders of accounts that stand between its lines
stay where they are, as on venues, until their owners move them. Where an instrument does not trade nobody
does: no new orders, no changes, no triggers, no crowd. Cancels are carried out.
"""

from __future__ import annotations

import enum
from typing import Final

import msgspec

from trimaran.base.errors import ConfigError

FACTORS: Final = (1, 10, 100, 1_000)


class TradingState(enum.Enum):
    """Whether an instrument trades."""

    TRADING = "trading"
    CANCEL_ONLY = "cancel-only"
    HALTED = "halted"


class BookRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The state of an instrument, and how many of its ticks and lots make one of those of now."""

    state: TradingState = TradingState.TRADING
    tick_factor: int = 1
    lot_factor: int = 1

    def __post_init__(self) -> None:
        if self.tick_factor not in FACTORS or self.lot_factor not in FACTORS:
            raise ConfigError(
                f"rules: expected factors of {', '.join(map(str, FACTORS))}, "
                f"found {self.tick_factor} and {self.lot_factor}"
            )

    @property
    def trading(self) -> bool:
        """Whether orders are taken."""
        return self.state is TradingState.TRADING

    def crowd_ticks(self, side: int, price_ticks: int) -> int:
        """The price of an order of the crowd on the grid of now, never better than it was; 0 stays 0."""
        down = price_ticks - price_ticks % self.tick_factor
        if side == 0:
            return max(down, min(self.tick_factor, price_ticks))
        return down if down == price_ticks else down + self.tick_factor

    def crowd_lots(self, lots: int) -> int:
        """The size of an order of the crowd on the grid of now, at least the smallest."""
        return max(self.lot_factor, lots - lots % self.lot_factor)


ORDINARY: Final = BookRules()
