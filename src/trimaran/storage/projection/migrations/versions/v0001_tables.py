"""The tables of the first version."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from trimaran.storage.projection.tables import Exact

revision = "v0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables."""
    _discrepancies()
    _fills()
    _freezes()
    _groups()
    _instruments()
    _kill_moves()
    _limits()
    _order_events()
    _orders()
    _payments()
    _postings()
    _projected()
    _runs()


def downgrade() -> None:
    """Removes them."""
    op.drop_table("discrepancies")
    op.drop_table("fills")
    op.drop_table("freezes")
    op.drop_table("groups")
    op.drop_table("instruments")
    op.drop_table("kill_moves")
    op.drop_table("limits")
    op.drop_table("order_events")
    op.drop_table("orders")
    op.drop_table("payments")
    op.drop_table("postings")
    op.drop_table("projected")
    op.drop_table("runs")


def _discrepancies() -> None:
    op.create_table(
        "discrepancies",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("local_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_discrepancies")),
    )


def _fills() -> None:
    op.create_table(
        "fills",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("instrument_key", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("fill_id", sa.Text(), nullable=False),
        sa.Column("client_order_id", sa.BigInteger(), nullable=False),
        sa.Column("price_ticks", sa.BigInteger(), nullable=False),
        sa.Column("lots", sa.BigInteger(), nullable=False),
        sa.Column("price", Exact(), nullable=False),
        sa.Column("size", Exact(), nullable=False),
        sa.Column("liquidity", sa.Text(), nullable=False),
        sa.Column("fee", Exact(), nullable=False),
        sa.Column("fee_asset", sa.Text(), nullable=False),
        sa.Column("realised", Exact(), nullable=False),
        sa.Column("venue_ns", sa.BigInteger(), nullable=False),
        sa.Column("local_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_fills")),
    )
    op.create_index(op.f("ix_fills_client_order_id"), "fills", ["client_order_id"], unique=False)
    op.create_index(
        op.f("ix_fills_instrument_key_fill_id"), "fills", ["instrument_key", "fill_id"], unique=False
    )
    op.create_index(op.f("ix_fills_venue_ns"), "fills", ["venue_ns"], unique=False)


def _freezes() -> None:
    op.create_table(
        "freezes",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("instrument_key", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("local_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_freezes")),
    )


def _groups() -> None:
    op.create_table(
        "groups",
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("strategy", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("durability", sa.Text(), nullable=False),
        sa.Column("orders", sa.BigInteger(), nullable=False),
        sa.Column("local_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("group_id", name=op.f("pk_groups")),
    )


def _instruments() -> None:
    op.create_table(
        "instruments",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("instrument_key", sa.Text(), nullable=False),
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("quote", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("tick", Exact(), nullable=False),
        sa.Column("lot", Exact(), nullable=False),
        sa.Column("local_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", "instrument_key", name=op.f("pk_instruments")),
    )


def _kill_moves() -> None:
    op.create_table(
        "kill_moves",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("local_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_kill_moves")),
    )


def _limits() -> None:
    op.create_table(
        "limits",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("local_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_limits")),
    )


def _order_events() -> None:
    op.create_table(
        "order_events",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("client_order_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("venue_ns", sa.BigInteger(), nullable=False),
        sa.Column("local_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", "client_order_id", name=op.f("pk_order_events")),
    )
    op.create_index(
        op.f("ix_order_events_client_order_id"), "order_events", ["client_order_id"], unique=False
    )


def _orders() -> None:
    op.create_table(
        "orders",
        sa.Column("client_order_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("intent_id", sa.Text(), nullable=False),
        sa.Column("group_id", sa.Text(), nullable=True),
        sa.Column("strategy", sa.Text(), nullable=False),
        sa.Column("instrument_key", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("order_type", sa.Text(), nullable=False),
        sa.Column("tif", sa.Text(), nullable=False),
        sa.Column("reduce_only", sa.Boolean(), nullable=False),
        sa.Column("price_ticks", sa.BigInteger(), nullable=False),
        sa.Column("lots", sa.BigInteger(), nullable=False),
        sa.Column("price", Exact(), nullable=True),
        sa.Column("size", Exact(), nullable=True),
        sa.Column("replaces", sa.BigInteger(), nullable=True),
        sa.Column("adopted", sa.Boolean(), nullable=False),
        sa.Column("venue_order_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("filled_lots", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("changed_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("client_order_id", name=op.f("pk_orders")),
    )
    op.create_index(op.f("ix_orders_group_id"), "orders", ["group_id"], unique=False)
    op.create_index(
        op.f("ix_orders_instrument_key_created_ns"), "orders", ["instrument_key", "created_ns"], unique=False
    )


def _payments() -> None:
    op.create_table(
        "payments",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("market", sa.Text(), nullable=False),
        sa.Column("instrument_key", sa.Text(), nullable=True),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("amount", Exact(), nullable=False),
        sa.Column("price", Exact(), nullable=True),
        sa.Column("venue_ns", sa.BigInteger(), nullable=False),
        sa.Column("local_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_payments")),
    )
    op.create_index(op.f("ix_payments_market_venue_ns"), "payments", ["market", "venue_ns"], unique=False)


def _postings() -> None:
    op.create_table(
        "postings",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("market", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("amount", Exact(), nullable=False),
        sa.Column("venue_ns", sa.BigInteger(), nullable=False),
        sa.Column("local_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", "entry", name=op.f("pk_postings")),
    )
    op.create_index(
        op.f("ix_postings_market_asset_account"), "postings", ["market", "asset", "account"], unique=False
    )


def _projected() -> None:
    op.create_table(
        "projected",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("checksum", sa.BigInteger(), nullable=False),
        sa.Column("image_sequence", sa.BigInteger(), nullable=False),
        sa.Column("image_checksum", sa.BigInteger(), nullable=False),
        sa.Column("image", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projected")),
    )


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("region", sa.BigInteger(), nullable=False),
        sa.Column("shard", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("local_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_runs")),
    )
