"""Opening the database: the schema of now, through its migrations; SQLite as a private file with a WAL.

SQLite's own transactions of the driver are switched off: they would leave out schema changes.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from trimaran.base.errors import ConfigError

MIGRATIONS: Final = Path(__file__).parent / "migrations"
_FILE_MODE: Final = 0o600


def open_database(url: str) -> Engine:
    """A database with the tables of this version. Raises ConfigError for an address that is none."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigError(f"database: expected an address like sqlite:///file, found {url[:80]!r}") from None
    if parsed.get_backend_name() == "sqlite" and parsed.database not in (None, "", ":memory:"):
        os.close(os.open(str(parsed.database), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _FILE_MODE))
    engine = create_engine(parsed)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _on_connect)
        event.listen(engine, "begin", _on_begin)
    with engine.begin() as connection:
        upgrade(connection)
    return engine


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Runs the migrations that are missing, within the transaction of the connection."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _on_connect(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")  # a power cut may take the last rows: they come again
    cursor.execute("PRAGMA busy_timeout = 10000")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
