"""The settings of `trimaran run` for people: the reference, one key explained, and a file to begin with.

All three are printed from the sections themselves, so a key without an explanation cannot exist.
"""

from __future__ import annotations

import textwrap
import typing
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

import msgspec

from trimaran.base.errors import ConfigError
from trimaran.live.run_config import RunConfig
from trimaran.live.settings import KeyRow, key_rows, sections

WIDTH: Final = 100
MARKET: Final = "markets.NAME"
EXAMPLE_HEAD: Final = """\
# Settings of `trimaran run`, for the simulated venues on this machine:
#
#     trimaran simulate --symbols BTC,ETH >simulator.json &
#     trimaran limits example >limits.toml
#     trimaran config check run.toml
#     trimaran run --config run.toml
#
# A line with `#key = value` shows a default. For a test network or the real venue, `hosts` and `key` change
# and nothing else: see docs/run.md.
"""
EXAMPLES: Final = {
    ("desk", "symbols"): '["BTC-USDT", "ETH-USDT"]',
    ("desk", "state"): '"state"',
    ("risk", "limits"): '"limits.toml"',
    ("simulator", "file"): '"simulator.json"',
    ("strategies.cross_market", "durability"): '"fast"',
    (MARKET, "hosts"): '"simulator"',
}
EXAMPLE_MARKETS: Final = ("binance.spot", "binance.usdm", "okx.spot", "okx.swap")
REFERENCE_HEAD: Final = """# Settings of `trimaran run`

One TOML file. It is read as a whole: whatever is wrong with it is told with the key, what was expected and
what was found, and nothing of it is applied. Paths are relative to the file. Decimals are numbers or text,
and stay exact.
`trimaran config example` prints a file to begin with, `trimaran config check FILE` tries one out,
`trimaran config explain KEY` says what stands here. How a desk is run: [run.md](run.md).
"""


def rows() -> tuple[KeyRow, ...]:
    """Every key, in the order of the sections."""
    return tuple(key_rows(RunConfig))


def reference_page() -> str:
    """The reference, as Markdown."""
    lines = [REFERENCE_HEAD]
    for name, kind in sections(RunConfig):
        keys = [row for row in rows() if row.section == name]
        lines += [f"\n## `[{_title(name)}]`\n", _doc(kind), "", "| key | expected | default | meaning |"]
        lines += ["|---|---|---|---|", *map(_table_row, keys)]
    alone = [row for row in rows() if not row.section]
    lines += ["\n## Tables by name\n", "| table | expected | default | meaning |", "|---|---|---|---|"]
    return "\n".join([*lines, *map(_table_row, alone)]) + "\n"


def explained(name: str) -> str:
    """What is said of a key, of a section, or of all where `name` is empty. Raises ConfigError."""
    wanted = name.strip().strip("[]")
    found = [row for row in rows() if not wanted or _covers(wanted, row)]
    if not found:
        known = ", ".join(dict.fromkeys(_title(row.section) or row.name for row in rows()))
        raise ConfigError(f"key: expected one of {known}, or a key in it, found {name[:80]!r}")
    return "\n".join(_explained(row) for row in found)


def example_file() -> str:
    """A file that works with the simulators, each key with its meaning."""
    lines = [EXAMPLE_HEAD]
    for section, group in groupby(rows(), lambda row: row.section):
        keys = list(group)
        if section == MARKET:
            lines += _example_markets(keys)
        elif section:
            lines += [f"\n[{section}]", *(line for row in keys for line in _example_key(row))]
    lines += [_comment(row.meaning) for row in rows() if not row.section]
    return "\n".join([*lines, "#[proxies]", '#binance = "socks5://127.0.0.1:1080"']) + "\n"


def _example_markets(keys: Sequence[KeyRow]) -> Iterator[str]:
    yield ""
    for row in keys:
        yield _comment(f"{row.name}: {row.meaning}")
    for market in EXAMPLE_MARKETS:
        yield f'[markets."{market}"]'
        yield f"hosts = {EXAMPLES[MARKET, 'hosts']}"


def _example_key(row: KeyRow) -> Iterator[str]:
    yield _comment(f"{row.meaning} ({row.expected})")
    value = EXAMPLES.get((row.section, row.name))
    yield f"{row.name} = {value}" if value is not None else f"#{row.name} = {row.default}"


def _comment(text: str) -> str:
    return textwrap.fill(text, WIDTH, initial_indent="# ", subsequent_indent="# ")


def _covers(wanted: str, row: KeyRow) -> bool:
    names = (row.section, row.name, f"{row.section}.{row.name}")
    return wanted in (*names, _title(row.section), f"{_title(row.section)}.{row.name}")


def _explained(row: KeyRow) -> str:
    name = f"{_title(row.section)}.{row.name}" if row.section else row.name
    default = "required" if row.required else f"otherwise {row.default}"
    meaning = textwrap.fill(row.meaning, WIDTH, initial_indent="    ", subsequent_indent="    ")
    return f"{name}: {row.expected}; {default}\n{meaning}"


def _title(section: str) -> str:
    return 'markets."NAME"' if section == MARKET else section


def _table_row(row: KeyRow) -> str:
    default = "required" if row.required else f"`{row.default}`" if row.default != "none" else "none"
    cells = (f"`{row.name}`", row.expected, default, row.meaning)
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _doc(kind: type[msgspec.Struct]) -> str:
    return " ".join(typing.cast(str, kind.__doc__).split())
