"""
Price-time matching of one instrument; see trimaran.venues.sim.matching for the contract.
"""



PRICE_TICKS_MAX: int = 1125899906842624

SIZE_LOTS_MAX: int = 4611686018427387904

ORDERS_MAX: int = 1048576

LEVELS_MAX: int = 65536

CHANGES_MAX: int = 262144

class Matching:
    """One book of resting orders."""

    def __init__(self) -> None: ...

    def submit(self, order_id: int, owner: int, side: int, price_ticks: int, lots: int, kind: int, self_trade: int = 0, display_lots: int = 0) -> tuple[int, int, int, list[tuple[int, int, int, int]], list[tuple[int, int, int, int]]]:
        """
        Outcome, lots filled, lots resting, executions, makers expired by self-trade prevention.
        """

    def cancel(self, order_id: int) -> int:
        """The lots that were left, or an outcome below zero."""

    def reduce(self, order_id: int, by_lots: int) -> int:
        """
        The lots left; the order keeps its place. An outcome below zero when refused.
        """

    def best(self) -> tuple[int, int, int, int]:
        """Bid ticks, bid lots, ask ticks, ask lots; zeros for an empty side."""

    def depth(self, side: int, count: int) -> list[tuple[int, int]]:
        """Levels (ticks, lots), best first."""

    def drain_changes(self) -> tuple[int, list[tuple[int, int]], list[tuple[int, int]]]:
        """
        Changes since the last drain; each changed bid and ask level with its lots of now.
        """

    def order(self, order_id: int) -> tuple[int, int, int, int] | None:
        """Owner, side, price ticks, lots left; None when unknown."""

    def shown(self, order_id: int) -> int:
        """Lots that an order shows; 0 when unknown."""

    def orders_of(self, owner: int) -> list[int]:
        """Ids of the owner's resting orders, ascending."""

    def changes(self) -> int:
        """Level changes since the book was made."""

    def order_count(self) -> int:
        """Resting orders."""

    def level_count(self, side: int) -> int:
        """Price levels of a side."""

    def state_hash(self) -> int:
        """64-bit hash of every resting order and the change count."""
