"""What a comparison finds: what is sure, and what has to be asked again (the law is in `compare.py`)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from trimaran.domain.account import AccountEvent
from trimaran.domain.instrument import InstrumentKey, MarketName
from trimaran.domain.records import Heard, JournalRecord
from trimaran.ledger.difference import Comparison, Difference, DifferenceKind, Doubt

IMPOSSIBLE_NS: Final = 60_000_000_000  # no clock of a venue or of ours is so wrong


class Findings:
    """The findings of one round: begun at `began_ns` of the venue's clock, ended at `ended_ns` of ours.

    Ours is `ahead_ns` ahead: what is compared with the venue's times is counted by its clock.
    """

    def __init__(
        self,
        market: MarketName,
        began_ns: int,
        ended_ns: int,
        margin_ns: int,
        doubts: Iterable[Doubt],
        ahead_ns: int = 0,
    ) -> None:
        self.market = market
        self.began_ns = began_ns
        self.ended_ns = ended_ns
        self.ahead_ns = ahead_ns
        self.ended_venue_ns = ended_ns - ahead_ns
        self._margin_ns = margin_ns
        self._before = {doubt.difference.identity: doubt for doubt in doubts}
        self._sure: list[Difference] = []
        self._doubts: list[Doubt] = []

    def is_settled(self, venue_ns: int) -> bool:
        """Whether what happened then was over, and could be seen by everybody, when the round began."""
        return 0 < venue_ns < self.began_ns - self._margin_ns

    def is_stale(self, theirs_ns: int, ours_ns: int) -> bool:
        """Whether a row is older than something that we heard of during the round, or just before."""
        return 0 < theirs_ns < ours_ns and not self.is_settled(ours_ns)

    def tell(
        self,
        kind: DifferenceKind,
        subject: str,
        ours: str,
        theirs: str,
        text: str,
        *,
        ours_ns: int,
        theirs_ns: int,
        key: InstrumentKey | None = None,
        corrections: tuple[JournalRecord, ...] = (),
        held: bool = False,
    ) -> bool:
        """Takes a finding; whether it is sure. `held`: something that is not settled may explain it."""
        difference = Difference(
            kind=kind,
            market=self.market,
            subject=subject,
            ours=ours,
            theirs=theirs,
            text=text,
            instrument_key=key,
            corrections=corrections,
        )
        earlier = self._before.get(difference.identity)
        if earlier is not None and earlier.ours_ns != ours_ns:
            earlier = None
        proved = (self.is_settled(theirs_ns) and theirs_ns >= ours_ns) or (
            earlier is not None and self.began_ns >= earlier.since_ns + self._margin_ns
        )
        if proved and not held:
            self._sure.append(difference)
            return True
        since_ns = self.ended_venue_ns if earlier is None else earlier.since_ns
        self._doubts.append(Doubt(difference, ours_ns, since_ns))
        return False

    @property
    def events(self) -> list[AccountEvent]:
        """What the sure corrections so far would book."""
        return [
            record.event
            for difference in self._sure
            for record in difference.corrections
            if isinstance(record, Heard)
        ]

    def result(self) -> Comparison:
        """Everything that was found."""
        again_ns = max((doubt.since_ns for doubt in self._doubts), default=0)
        return Comparison(
            tuple(self._sure),
            tuple(self._doubts),
            again_ns + self._margin_ns + self.ahead_ns if again_ns else 0,
        )


def heard(*events: AccountEvent) -> tuple[JournalRecord, ...]:
    """Events as records."""
    return tuple(Heard(event) for event in events)
