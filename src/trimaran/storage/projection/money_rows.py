"""The rows of fills and payments that the ledger has booked."""

from __future__ import annotations

from trimaran.domain.account import (
    Adjusted,
    Fill,
    FundingPaid,
    InterestPaid,
    PositionAdjusted,
    Transfer,
)
from trimaran.domain.facts import FillBooked
from trimaran.domain.instrument import Instrument, MarketName
from trimaran.ledger.postings import MoneyEvent
from trimaran.storage.projection.row import FILLED, Insert, Move, Row, discrepancy


def fill_rows(sequence: int, fill: Fill, instrument: Instrument, booked: FillBooked) -> list[Row]:
    """A fill that was booked, and the lots that its order has more."""
    values = {
        "sequence": sequence,
        "instrument_key": fill.instrument_key,
        "side": fill.side.name.lower(),
        "fill_id": fill.fill_id,
        "client_order_id": fill.client_order_id,
        "price_ticks": fill.price_ticks,
        "lots": fill.lots,
        "price": instrument.price(fill.price_ticks),
        "size": instrument.size(fill.lots),
        "liquidity": fill.liquidity.name.lower(),
        "fee": fill.fee,
        "fee_asset": fill.fee_asset,
        "realised": booked.realised,
        "venue_ns": fill.venue_ns,
        "local_ns": fill.local_ns,
    }
    moved = {"key": fill.client_order_id, "more_lots": fill.lots, "at_ns": fill.local_ns}
    return [Insert("fills", values), Move(FILLED, moved)]


def payment_rows(
    sequence: int,
    event: Transfer | FundingPaid | InterestPaid | Adjusted | PositionAdjusted,
    market: MarketName,
    instrument: Instrument | None,
) -> list[Row]:
    """Money, or a position, that moved otherwise; what no event explains is a discrepancy, too."""
    price, key = None, None if instrument is None else instrument.key
    evidence, identity = "", ""
    match event:
        case Transfer():
            kind, identity, asset, amount = "transfer", event.transfer_id, event.asset, event.amount
        case FundingPaid():
            kind, identity, asset, amount = "funding", event.funding_id, event.asset, -event.amount
        case InterestPaid():
            kind, identity, asset, amount = "interest", event.interest_id, event.asset, -event.amount
        case Adjusted():
            kind, identity, asset, amount = "adjustment", event.adjustment_id, event.asset, event.amount
            evidence = event.evidence
        case PositionAdjusted():
            assert instrument is not None
            kind, identity, asset = "position", event.adjustment_id, instrument.base
            amount, price, evidence = instrument.size(event.lots), event.price, event.evidence
    values = {
        "sequence": sequence,
        "kind": kind,
        "identity": identity,
        "market": market,
        "instrument_key": key,
        "asset": asset,
        "amount": amount,
        "price": price,
        "venue_ns": event.venue_ns,
        "local_ns": event.local_ns,
    }
    rows: list[Row] = [Insert("payments", values)]
    if evidence:
        rows.append(discrepancy(sequence, kind, key or f"{market} {asset}", evidence, event.local_ns))
    return rows


def subject_of(event: MoneyEvent) -> str:
    """What an event of money is about."""
    if isinstance(event, Fill | FundingPaid | PositionAdjusted):
        return event.instrument_key
    return event.market
