"""The page `docs/risk.md`: the rules in their order, every key of the limits file, from the code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

from tools.tidy.files import ROOT
from trimaran.risk.limits_file import (
    ACCOUNT_KEYS,
    AMOUNT,
    ASSET_KEYS,
    COUNT,
    DEFAULT_KEYS,
    SCOPE_KEYS,
    TIME,
    Key,
)
from trimaran.risk.rules.catalogue import RULES

INTRODUCTION: Final = """# Risk

Every order, and every change of one, is judged before it is recorded; only what passed can be sent
(`Approved`, built by `risk/gate.py` alone). A group passes as a whole or not at all, each leg judged as
if the legs before it were open. A refusal names the rule, the limit, the value and the scope:

    open_orders: open orders of account:okx.swap: expected at most 50, found 51 (okx.swap:BTC-USDT-SWAP)

The state that is judged by is kept up to date by records and facts (`risk/state.py`) in a core of
integers, native with a plain twin; all rules together are one call of it. Needs are rounded up and what
is free is rounded down, to 1e-18 of an asset. What is missing (a fair price, a mark, an equity, a rate),
not a number or too large never lets an order pass. Cancels are never refused.

What counts as open: every order that may still fill, from its record to its end, SENDING and UNKNOWN ones
too. While a change is under way, the worse of both terms counts. The exposure of an instrument is the
larger of both ways that its position could go with its open orders, at the offer; orders that cannot make
it larger are never refused for exposure, loss, drawdown, leverage or liquidation, so that there is always
a way out.
"""
RULES_INTRODUCTION: Final = """
## The rules

Asked in this order; the first that is broken ends it. One file each in `src/trimaran/risk/rules/`.
"""
FILE_INTRODUCTION: Final = """
## The limits file

TOML, read as a whole or refused as a whole, with the section, the key, what was expected and what was
found. Unknown keys and sections are refused, and so is a limit of something that the desk does not have.
Every limit is "at most"; one that is left out of a scope is no limit. Amounts of scopes are in `quote`,
those of an order in its own quote asset.

`version` is required and higher with every change; `quote` is USDT if left out.
"""
ABOUT_DEFAULT: Final = (
    "of every instrument that has no section of its own, and what such a section leaves out. Optional are "
    "`order_lots_max`, `position_lots_max`, `duplicate_window_ms`, `allowed`, and `exposure_base_max` where "
    "every base asset has its own"
)
ABOUT_INSTRUMENT: Final = "what is different there: the same keys, without `exposure_base_max`"
CHANGES: Final = """
## Changing limits while a desk runs

    trimaran limits show                 # what is in force, its version, digest and who set it
    trimaran limits set limits.toml      # all of the file, or nothing of it

The change is a record of the journal (`LimitsSet`: version, SHA-256, the whole text, who, when) and in
force for the next order. Open orders stay; what they need is counted anew. After a restart the limits of
the journal are in force, not those of a file that was edited meanwhile. A version that is not higher than
the one in force is refused.

A smaller limit never cancels anything and never closes a position: it refuses what would make it worse.
To stop, there is the kill switch.

## Over a restart

A desk that is killed and started again refuses what it would have refused. All of it is in the journal:

- open orders and what they may still fill, positions, balances, kill switches, frozen instruments;
- what each strategy has traded and paid, from the fills of its orders (`engine/trades.py`);
- the equity at the start of the UTC day and its peak, of every scope that limits losses
  (`EquityMarked`, `engine/equity.py`). A rise of the peak by less than a thousandth of the scope's tightest
  loss limit is written within a minute, everything else at once. Until a tick has prices for all that a scope
  holds, nothing may grow there;
- orders, changes and cancels of the last ten minutes, for rates and repeats. A longer window begins with
  what is known of ten minutes.

## An example

`examples/limits.toml`:

"""


def risk_page() -> str:
    """The text of the page."""
    example = (ROOT / "examples" / "limits.toml").read_text(encoding="utf-8")
    return "".join(
        (
            INTRODUCTION,
            RULES_INTRODUCTION,
            *_rules(),
            FILE_INTRODUCTION,
            *_keys(),
            CHANGES,
            _indented(example),
        )
    )


def _rules() -> Iterator[str]:
    yield "\n| | rule | limit | what a refusal means |\n|---|---|---|---|\n"
    for number, rule in enumerate(RULES, start=1):
        yield f"| {number} | {rule.name} | {rule.limits} | {rule.meaning} |\n"


def _keys() -> Iterator[str]:
    sections: tuple[tuple[str, str, Iterable[Key]], ...] = (
        ("[default]", ABOUT_DEFAULT, DEFAULT_KEYS),
        ('[instrument."okx.swap:BTC-USDT-SWAP"]', ABOUT_INSTRUMENT, ()),
        ("[asset.BTC]", "over all instruments of a base asset", ASSET_KEYS),
        ("[all], [venue.okx], [strategy.cross_market]", "a scope, as the kill switch knows them", SCOPE_KEYS),
        ('[account."okx.swap"]', "a scope with more", ACCOUNT_KEYS[len(SCOPE_KEYS) :]),
    )
    for name, about, keys in sections:
        yield f"\n### `{name}`\n\n{about[0].upper()}{about[1:]}.\n"
        yield "\n| key | value | meaning |\n|---|---|---|\n" if keys else ""
        for key in keys:
            yield f"| `{key.name}` | {_value(key)} | {key.meaning} |\n"


def _value(key: Key) -> str:
    if key.kind == AMOUNT:
        return f"above 0, at most {Decimal(10) ** 18:.0e}"
    if key.kind in (COUNT, TIME):
        unit = " ms" if key.kind == TIME else ""
        return f"{key.lowest:,}..{key.highest:,}{unit}"
    return "a word"


def _indented(text: str) -> str:
    return "".join(f"    {line}\n" if line else "\n" for line in text.splitlines())
