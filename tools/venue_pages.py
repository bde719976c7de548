"""The pages that the code writes: `docs/venues.md`, `docs/venue_errors.md`, `docs/run_settings.md` and
`docs/risk.md`.

What a market can do, which budgets it counts, what its errors mean and what a setting is for stands in the
code that runs; these pages are printed from it (`make pages`) and compared with it (`make check`), so they
cannot grow old.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from tests.venues.acceptance.numbers import NUMBERS, Number
from tools.risk_page import risk_page
from tools.tidy.files import ROOT
from trimaran.live.run_reference import reference_page
from trimaran.venues.registry import MARKETS
from trimaran.venues.wire.capability import Capability, Supported, Unsupported
from trimaran.venues.wire.fault import Effect, FaultKind
from trimaran.venues.wire.market_entry import ErrorTable, MarketEntry

VENUES_INTRODUCTION: Final = """# Venues

Every market of the registry. What is missing has a reason; asking for it answers `Unsupported` with that
reason, before a byte leaves. A star has a note below. Errors and what they prove:
[venue_errors.md](venue_errors.md). How a further venue is added: [add_a_venue.md](add_a_venue.md).
"""
BUDGETS_INTRODUCTION: Final = """
## Budgets

What a venue counts. Reserved units are kept for cancels.
"""
ACCEPTANCE_INTRODUCTION: Final = """
## The acceptance list

One suite in `tests/venues/acceptance`, the same numbers for every market of the registry: in virtual time
(`deadlines`), and on real sockets against the simulators. A proof is named by its file and its test.
"""
ERRORS_INTRODUCTION: Final = """# Errors of the venues

Every documented error maps to one typed fault (`venues/wire/fault.py`). **refused** says that the request
changed nothing at the venue: together these codes are the closed list of definitive answers. Everything else
is **unknown**: codes that are not listed here, timeouts, resets, 5xx, answers that cannot be read. An order
that met one of those may be at the venue or not. Not found is an answer only to a question about an order; an
error is never a not-found. Where a code stands for several things, its text tells which.
"""
DOCS: Final = ROOT / "docs"
HEAD: Final = "<!-- Written by `make pages`; change the code that it is printed from. -->\n\n"


def main(arguments: list[str]) -> int:
    """Writes the pages, or with `--check` only says how they differ. Returns the exit code."""
    if arguments not in ([], ["--check"]):
        print(f"pages: expected nothing or --check, found {' '.join(arguments)}", file=sys.stderr)
        return 2
    differences: list[str] = []
    for name, write in PAGES.items():
        target, text = DOCS / name, HEAD + write()
        if not arguments:
            target.write_text(text, encoding="utf-8")
            continue
        committed = target.read_text(encoding="utf-8") if target.exists() else ""
        names = (f"docs/{name} (committed)", f"docs/{name} (of the code)")
        differences += difflib.unified_diff(committed.splitlines(), text.splitlines(), *names, lineterm="")
    if differences:
        print("\n".join(differences[:60]), file=sys.stderr)
        print('pages: the committed ones are not those of the code; run "make pages"', file=sys.stderr)
    return int(bool(differences))


def venues_page() -> str:
    """What each market can do, where it is, what it counts, and the list that it passes."""
    entries = list(MARKETS.values())
    parts = (
        VENUES_INTRODUCTION,
        "## What they can do\n",
        *_capabilities(entries),
        "\n## Notes and reasons\n",
        *_notes(entries),
        "\n## Hosts\n",
        *_hosts(entries),
        "\n## Private lines\n",
        *_lines(entries),
        BUDGETS_INTRODUCTION,
        *_budgets(entries),
        ACCEPTANCE_INTRODUCTION,
        *_acceptance(NUMBERS, entries),
    )
    return "\n".join(parts) + "\n"


def errors_page() -> str:
    """Every documented error of every venue, and what it proves."""
    tables = {table.title: table for entry in MARKETS.values() for table in entry.private.errors}
    lines = [ERRORS_INTRODUCTION]
    for table in tables.values():
        lines += [f"\n## {table.title}\n", *_codes(table)]
    kinds = [(f"`{kind.name}`", kind.value) for kind in FaultKind]
    return "\n".join([*lines, "\n## Kinds\n", *_table(("kind", "meaning"), kinds)]) + "\n"


PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "venues.md": venues_page,
    "venue_errors.md": errors_page,
    "run_settings.md": reference_page,
    "risk.md": risk_page,
}


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"

    return [line(head), f"|{'---|' * len(head)}", *map(line, rows)]


def _capabilities(entries: Sequence[MarketEntry]) -> list[str]:
    rows = [
        (capability.value, *(_mark(entry.private.capabilities[capability]) for entry in entries))
        for capability in Capability
    ]
    return _table(("", *(f"`{entry.name}`" for entry in entries)), rows)


def _mark(row: Supported | Unsupported) -> str:
    if isinstance(row, Unsupported):
        return "no"
    return "yes*" if row.note else "yes"


def _notes(entries: Sequence[MarketEntry]) -> list[str]:
    rows = []
    for capability in Capability:
        said: dict[str, list[str]] = {}
        for entry in entries:
            row = entry.private.capabilities[capability]
            text = f"no: {row.reason}" if isinstance(row, Unsupported) else row.note
            if text:
                said.setdefault(text, []).append(f"`{entry.name}`")
        rows += [(capability.value, ", ".join(names), text) for text, names in said.items()]
    return _table(("", "market", ""), rows)


def _hosts(entries: Sequence[MarketEntry]) -> list[str]:
    rows = []
    for entry in entries:
        spec = entry.private.spec
        for environment, bases in (("live", spec.live), ("testnet", spec.testnet)):
            rows += [(f"`{entry.name}`", environment, key, f"`{url}`") for key, url in (bases or {}).items()]
    return _table(("market", "environment", "base", "URL"), rows)


def _lines(entries: Sequence[MarketEntry]) -> list[str]:
    rows = [
        (
            f"`{entry.name}`",
            line.name,
            "yes" if line.pushes else "",
            "yes" if line.takes_orders else "",
            line.heartbeat.value,
            "gzip" if line.compressed else "text",
            f"{line.connection_age_ns_max // 3_600_000_000_000} h" if line.connection_age_ns_max else "",
        )
        for entry in entries
        for line in entry.private.spec.lines
    ]
    return _table(("market", "line", "pushes", "orders", "heartbeat", "frames", "lives"), rows)


def _budgets(entries: Sequence[MarketEntry]) -> list[str]:
    seen: dict[tuple[str, str], tuple[str, ...]] = {}
    for entry in entries:
        for limit in entry.private.spec.limits:
            window = f"{limit.window_ns / 1e9:g} s, {'aligned' if limit.aligned else 'sliding'}"
            scope = limit.scope.value + (" and instrument" if limit.per_symbol else "")
            row = (
                entry.venue,
                f"`{limit.name}`",
                scope,
                f"{limit.units:,}",
                window,
                str(limit.reserved or ""),
            )
            seen.setdefault((entry.venue, limit.name), row)
    return _table(("venue", "budget", "counted for each", "units", "window", "reserved"), seen.values())


def _acceptance(numbers: Sequence[Number], entries: Sequence[MarketEntry]) -> list[str]:
    rows = [
        (str(number.number), number.requirement, ", ".join(f"`{proof}`" for proof in number.proofs),
         ", ".join(f"`{entry.name}`" for entry in entries) if number.every_market else number.where)
        for number in numbers
    ]  # fmt: skip
    return _table(("", "requirement", "proved by", "for"), rows)


def _codes(table: ErrorTable) -> list[str]:
    def order(code: str) -> tuple[bool, int, str]:
        digits = code.removeprefix("-")
        return (not digits.isdigit(), int(digits) if digits.isdigit() else 0, code)

    rows = [
        (f"`{code}`", f"`{meaning.kind.name}`", _effect(meaning.effect), meaning.note)
        for code, meaning in sorted(table.codes.items(), key=lambda row: order(row[0]))
    ]
    return _table(("code", "kind", "effect", "the venue's words"), rows)


def _effect(effect: Effect) -> str:
    return "refused" if effect is Effect.REFUSED else "**unknown**"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
