"""The limits of risk of a run: those of the file at the start, where they are newer than those in force."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final

from trimaran.base.errors import ConfigError
from trimaran.domain.instrument import Instrument
from trimaran.domain.orders import StrategyName
from trimaran.domain.records import LimitsSet
from trimaran.risk.limits import LimitsBook
from trimaran.risk.limits_file import read_limits

BYTES_MAX: Final = 256 * 1024
FROM_FILE: Final = "the settings file"
EXAMPLE: Final = """\
# Limits of risk, for `trimaran run`. Every key: docs/risk.md. The desk takes a file whose version is higher
# than that of the limits in force: at its start, and by `trimaran limits set FILE`.
version = 1
quote = "USDT"

[default]                       # of each instrument
order_notional_max = 5_000
collar_bps_max = 100            # distance from the fair price
quote_age_ms_max = 2_000
leverage_max = 3
open_orders_max = 20
rate_orders_max = 20
rate_window_ms = 1_000

[asset.BTC]
exposure_base_max = 0.25
[asset.ETH]
exposure_base_max = 5

[all]
exposure_max = 100_000
open_orders_max = 100
messages_max = 200
daily_loss_max = 500
drawdown_max = 1_000
"""


def limits_of(
    text: str, instruments: Iterable[Instrument], strategies: Collection[StrategyName]
) -> LimitsBook:
    """The limits of a file, checked against what is traded. Raises ConfigError."""
    book = read_limits(text)
    book.check(instruments, strategies)
    return book


def newer_limits(book: LimitsBook, text: str, before: LimitsSet | None, now_ns: int) -> tuple[LimitsSet, ...]:
    """The record that puts a file in force, if its version is higher than what the journal has in force.

    Raises ConfigError where one version has two texts.
    """
    if before is not None and book.version == before.version and book.digest != before.digest:
        expected = f"more than {before.version}, for the text has changed"
        raise ConfigError(f"limits.version: expected {expected}, found {book.version}")
    if before is not None and book.version <= before.version:
        return ()
    return (LimitsSet(book.version, book.digest, text, FROM_FILE, now_ns),)


def read_limits_text(path: Path) -> str:
    """The text of a limits file, not judged yet. Raises ConfigError."""
    try:
        with path.open("rb") as file:
            data = file.read(BYTES_MAX + 1)
        text = data.decode("utf-8")
    except OSError as error:
        raise ConfigError(
            f"limits: expected a file that can be read, found {path}: {error.strerror}"
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(f"limits: expected UTF-8 in {path}, found something else") from None
    if len(data) > BYTES_MAX:
        raise ConfigError(f"limits: expected at most {BYTES_MAX} bytes in {path}, found more")
    return text
