"""The tables. A sequence is the journal's number of the record that a row comes from.

Prices and sizes stand twice where an instrument has a grid: as ticks and lots, and as the exact decimals that
they meant then. Money and decimals are exact: text in one spelling on SQLite, NUMERIC on PostgreSQL; sums
are made by whoever reads. Times are nanoseconds since the Unix epoch. Names of enums are their words.

A change here needs a migration in `migrations/versions`; a test compares both.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

from trimaran.domain.exact import canonical

METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Exact(TypeDecorator[Decimal]):
    """A decimal that is never a float on its way."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Decimal] | TypeEngine[str]:
        """Text, or NUMERIC where that is exact at any length."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(Numeric())
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> object:
        """To the database."""
        if value is None or dialect.name == "postgresql":
            return value
        return canonical(value)

    def process_result_value(self, value: object | None, dialect: Dialect) -> Decimal | None:
        """From it."""
        return None if value is None else Decimal(value)  # type: ignore[arg-type]


def _word(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, Text, nullable=null)


def _whole(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=null)


def _exact(name: str, *, null: bool = False) -> Column[Decimal]:
    return Column(name, Exact, nullable=null)


def _key(name: str) -> Column[int]:
    return Column(name, BigInteger, primary_key=True, autoincrement=False)


PROJECTED: Final = Table(
    "projected",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1
    _whole("sequence"),  # everything up to it is in the tables
    _whole("checksum"),  # of that record, so that no other journal is continued
    _whole("image_sequence"),  # where the projector's own memory was kept
    _whole("image_checksum"),
    Column("image", LargeBinary, nullable=False),
)
RUNS: Final = Table(
    "runs",
    METADATA,
    _key("sequence"),
    _whole("region"),
    _whole("shard"),
    _whole("epoch"),
    _word("holder"),
    _word("version"),
    _whole("local_ns"),
)
INSTRUMENTS: Final = Table(
    "instruments",
    METADATA,
    _key("sequence"),
    Column("instrument_key", Text, primary_key=True),
    _word("base"),
    _word("quote"),
    _word("kind"),
    _exact("tick"),
    _exact("lot"),  # in base asset
    _whole("local_ns"),
)
GROUPS: Final = Table(
    "groups",
    METADATA,
    Column("group_id", Text, primary_key=True),
    _whole("sequence"),
    _word("strategy"),
    _word("purpose"),
    _word("durability"),
    _whole("orders"),
    _whole("local_ns"),
)
ORDERS: Final = Table(
    "orders",
    METADATA,
    _key("client_order_id"),
    _whole("sequence"),
    _word("intent_id"),
    _word("group_id", null=True),
    _word("strategy"),
    _word("instrument_key"),
    _word("side"),
    _word("order_type"),
    _word("tif"),
    Column("reduce_only", Boolean, nullable=False),
    _whole("price_ticks"),
    _whole("lots"),
    _exact("price", null=True),
    _exact("size", null=True),
    _whole("replaces", null=True),  # the attempt that was proved absent
    Column("adopted", Boolean, nullable=False),
    _word("venue_order_id", null=True),
    _word("state"),
    _whole("filled_lots"),
    _word("reason"),
    _whole("created_ns"),
    _whole("changed_ns"),
    Index(None, "instrument_key", "created_ns"),
    Index(None, "group_id"),
)
ORDER_EVENTS: Final = Table(
    "order_events",
    METADATA,
    _key("sequence"),
    _key("client_order_id"),
    _word("kind"),
    _word("text"),
    _whole("venue_ns"),
    _whole("local_ns"),
    Index(None, "client_order_id"),
)
FILLS: Final = Table(
    "fills",
    METADATA,
    _key("sequence"),
    _word("instrument_key"),
    _word("side"),
    _word("fill_id"),
    _whole("client_order_id"),
    _whole("price_ticks"),
    _whole("lots"),
    _exact("price"),
    _exact("size"),
    _word("liquidity"),
    _exact("fee"),
    _word("fee_asset"),
    _exact("realised"),
    _whole("venue_ns"),
    _whole("local_ns"),
    Index(None, "instrument_key", "fill_id"),
    Index(None, "client_order_id"),
    Index(None, "venue_ns"),
)
POSTINGS: Final = Table(
    "postings",
    METADATA,
    _key("sequence"),
    _key("entry"),  # from 0 within the booking; their sum is zero for each asset
    _word("market"),
    _word("account"),
    _word("asset"),
    _exact("amount"),
    _whole("venue_ns"),
    _whole("local_ns"),
    Index(None, "market", "asset", "account"),
)
PAYMENTS: Final = Table(
    "payments",
    METADATA,
    _key("sequence"),
    _word("kind"),  # transfer, funding, interest, adjustment, position
    _word("identity"),
    _word("market"),
    _word("instrument_key", null=True),
    _word("asset"),
    _exact("amount"),  # into the wallet; of a position its lots' size in base asset
    _exact("price", null=True),
    _whole("venue_ns"),
    _whole("local_ns"),
    Index(None, "market", "venue_ns"),
)
KILL_MOVES: Final = Table(
    "kill_moves",
    METADATA,
    _key("sequence"),
    _word("scope"),
    _word("state"),
    _word("actor"),
    _word("reason"),
    _whole("local_ns"),
)
LIMITS: Final = Table(
    "limits",
    METADATA,
    _key("sequence"),
    _whole("version"),
    _word("digest"),
    _word("text"),
    _word("actor"),
    _whole("local_ns"),
)
FREEZES: Final = Table(
    "freezes",
    METADATA,
    _key("sequence"),
    _word("instrument_key"),
    _word("text"),  # empty: released
    _word("actor"),
    _whole("local_ns"),
)
DISCREPANCIES: Final = Table(
    "discrepancies",
    METADATA,
    _key("sequence"),
    _word("kind"),  # adopted, adjustment, position, conflict, too_old
    _word("subject"),
    _word("text"),
    _whole("local_ns"),
)
