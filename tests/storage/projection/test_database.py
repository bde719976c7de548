"""The schema: migrations make what the tables say, and every statement is one of PostgreSQL as well."""

from __future__ import annotations

import os
import stat
from decimal import Decimal
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Float, insert, inspect, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from trimaran.base.errors import ConfigError
from trimaran.storage.projection.database import open_database, upgrade
from trimaran.storage.projection.statements import INSERTS, MOVES
from trimaran.storage.projection.tables import METADATA, PAYMENTS

POSTGRESQL = postgresql.dialect()


def test_the_migrations_make_the_tables() -> None:
    engine = open_database("sqlite://")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


def test_an_open_database_is_opened_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'desk.db'}"
    open_database(url).dispose()
    engine = open_database(url)
    with engine.begin() as connection:
        assert set(METADATA.tables) < set(inspect(connection).get_table_names())
    engine.dispose()


def test_the_schema_is_made_as_a_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'desk.db'}"

    def broken(*_: object) -> None:
        upgrade(*_)  # type: ignore[arg-type]
        raise RuntimeError("the machine stops here")

    with monkeypatch.context() as patch:
        patch.setattr("trimaran.storage.projection.database.upgrade", broken)
        with pytest.raises(RuntimeError):
            open_database(url)
    engine = open_database(url)
    with engine.connect() as connection:
        assert connection.execute(select(PAYMENTS)).all() == []
    engine.dispose()


def test_the_file_is_nobody_elses(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    old = os.umask(0)
    try:
        open_database(f"sqlite:///{path}").dispose()
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="database: expected an address"):
        open_database("desk.db")


@pytest.mark.parametrize("name", sorted(METADATA.tables))
def test_every_table_is_one_of_postgresql(name: str) -> None:
    table = METADATA.tables[name]
    text = str(CreateTable(table).compile(dialect=POSTGRESQL))
    assert "FLOAT" not in text
    assert not any(isinstance(column.type, Float) for column in table.columns)
    for index in table.indexes:
        str(CreateIndex(index).compile(dialect=POSTGRESQL))
    for column in table.columns:
        if type(column.type).__name__ == "Exact":
            assert f"{column.name} NUMERIC" in text


@pytest.mark.parametrize("statement", [*INSERTS.values(), *MOVES.values()], ids=[*INSERTS, *MOVES])
def test_every_statement_is_one_of_postgresql(statement: object) -> None:
    on_postgresql = str(statement.compile(dialect=POSTGRESQL))  # type: ignore[attr-defined]
    assert on_postgresql.split(maxsplit=1)[0] in ("INSERT", "UPDATE")
    assert "OR REPLACE" not in on_postgresql
    on_sqlite = str(statement.compile(dialect=sqlite.dialect()))  # type: ignore[attr-defined]
    assert on_sqlite.split()[:3] == on_postgresql.split()[:3]


@pytest.mark.parametrize("amount", ["0.1", "-1E-18", "12345678901234567890.123456789012345678", "0"])
def test_money_keeps_every_digit(amount: str) -> None:
    engine = open_database("sqlite://")
    values = dict.fromkeys(("kind", "identity", "market", "asset"), "x")
    numbers = dict.fromkeys(("sequence", "venue_ns", "local_ns"), 1)
    with engine.begin() as connection:
        connection.execute(insert(PAYMENTS).values(amount=Decimal(amount), **values, **numbers))
        assert connection.execute(select(PAYMENTS.c.amount)).scalar_one() == Decimal(amount)
        stored = connection.exec_driver_sql("SELECT typeof(amount) FROM payments").scalar_one()
    assert stored == "text"
    engine.dispose()
