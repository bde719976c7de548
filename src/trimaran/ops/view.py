"""The terminal view of a desk: what it says of itself four times a second, drawn for people.

It runs in a process of its own and knows nothing but the statuses that the desk prints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

Status = Mapping[str, Any]
STYLE_OF: Final = {"live": "bright_green", "stale": "yellow", "down": "bright_red"}
LADDERS_ROWS: Final = 5
KINDS: Final = ("spot", "perpetual")
HEAD_LINES: Final = 3  # borders and titles
LADDER_WIDTH: Final = 26
TABLE_LINES: Final = 2  # title and header of the opportunities
LADDER_LINES: Final = 2 * LADDERS_ROWS + 2
ROWS_MIN: Final = 3
NOTICES_SHOWN: Final = 2


class Rates:
    """Frames a second of each market, between two statuses."""

    def __init__(self) -> None:
        self._last: tuple[int, dict[str, int]] | None = None
        self.per_second: dict[str, float] = {}

    def take(self, status: Status) -> None:
        """Takes the next status."""
        frames = {name: row["frames"] for name, row in status["markets"].items()}
        now_ns = status["now_ns"]
        if self._last is not None and now_ns > self._last[0]:
            seconds = (now_ns - self._last[0]) / 1e9
            for name, count in frames.items():
                fresh = (count - self._last[1].get(name, 0)) / seconds
                self.per_second[name] = 0.7 * self.per_second.get(name, fresh) + 0.3 * fresh
        self._last = (now_ns, frames)


def line(status: Status, rates: Rates, elapsed_s: float, told: int = 0) -> str:
    """One plain line, for logs and pipes; with the last notices, of those whose number is above `told`."""
    markets = "  ".join(
        f"{name} {row['book']} {rates.per_second.get(name, 0.0):,.0f}/s"
        for name, row in status["markets"].items()
    )
    fresh = _last_distinct([row for row in status["notices"] if row["number"] > told])
    notices = "".join(f"  | {notice(row)}" for row in fresh)
    return (
        f"{elapsed_s:6.1f}s  {markets}  opportunities {status['opportunities']['seen']} seen "
        f"{status['opportunities']['taken']} taken {len(status['open'])} open  fills {status['fills']}  "
        f"pnl {_pnl(status)}{'' if _marks_live(status) else ' at old marks'}  "
        f"latency {_latency(status['latency_us'])} woken {_latency(status['decision_latency_us'])} us  "
        f"{'  '.join(_trading(status))}{notices}"
    )


def notice(row: Mapping[str, Any]) -> str:
    """One notice as a line."""
    return f"{row['at']} {row['market']}: {row['text']}"


def last_number(status: Status) -> int:
    """The number of the newest notice; 0 where there is none."""
    return int(status["notices"][-1]["number"]) if status["notices"] else 0


def screen(status: Status, rates: Rates, elapsed_s: float, width: int, height: int) -> RenderableType:
    """The whole screen. `width` and `height` are the terminal's, in characters and lines."""
    notices = _notices(status)
    fixed = HEAD_LINES + max(len(_venues(status)), 2) + 1 + TABLE_LINES + len(notices) + 3
    rows = _book_rows(status)
    shown = rows[: max(ROWS_MIN, height - fixed - ROWS_MIN)]
    free = height - fixed - len(shown)
    parts = [_head(status, rates, elapsed_s), _books(shown, len(rows) - len(shown))]
    if free >= LADDER_LINES + ROWS_MIN:
        parts.append(_ladders(status, max(width // LADDER_WIDTH, 1)))
        free -= LADDER_LINES
    parts.append(_opportunities(status, rows=max(ROWS_MIN, free - 1)))
    trading = [Text(line, no_wrap=True, overflow="ellipsis") for line in _trading(status)]
    footer = Text("Trading on simulated venues. Ctrl-C ends it.", style="dim")
    return Group(*parts, *trading, *notices, footer)


def _trading(status: Status) -> tuple[str, str]:
    """What is between an order and its fill: readiness, orders, the time to the socket, the journal."""
    ready, counts, journal = status["ready"], status["order_counts"], status["journal"]
    waiting = [name for name, missing in ready.items() if missing]
    markets = f"ready {len(ready) - len(waiting)}/{len(ready)}"
    ended = {name: counts.get(name, 0) for name in ("filled", "expired", "rejected", "unknown")}
    orders = f"sent {counts['sent']} acked {counts.get('acked', 0)} filled {ended['filled']}"
    rest = "".join(f" {name} {ended[name]}" for name in ("expired", "rejected", "unknown") if ended[name])
    room = "" if journal["takes_risk"] else " NO ROOM"
    return (
        f"{markets}  to socket {_latency(status['order_latency_us'])} us  "
        f"journal {journal['records']} records {journal['unsynced']} unsynced{room}",
        f"orders {orders}{rest} open {counts['open']}",
    )


def _notices(status: Status) -> list[Text]:
    """The last notices, one line each, cut at the edge of the screen."""
    return [
        Text(notice(row), style="yellow" if row["alarm"] else "dim", no_wrap=True, overflow="ellipsis")
        for row in _last_distinct(status["notices"])
    ]


def _last_distinct(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The last notices that do not say the same: both connections of a market are often lost together."""
    newest = {(row["market"], row["text"]): row for row in rows}
    return sorted(newest.values(), key=lambda row: int(row["number"]))[-NOTICES_SHOWN:]


def _head(status: Status, rates: Rates, elapsed_s: float) -> RenderableType:
    table = Table.grid(expand=True, padding=(0, 1))
    for _ in range(4):
        table.add_column(no_wrap=True)
    markets = Text("venue, its markets, frames a second", style="dim")
    for venue in _venues(status):
        markets.append(f"\n{venue:<8}", style="not dim")
        for name, row in status["markets"].items():
            if name.split(".")[0] == venue:
                markets.append(f"{name.split('.')[1]} ", style="not dim")
                markets.append(row["book"], style=f"not dim {STYLE_OF[row['book']]}")
                markets.append(f" {rates.per_second.get(name, 0.0):<5,.0f}")
    seen, taken = status["opportunities"]["seen"], status["opportunities"]["taken"]
    all_frames, woken = _latency(status["latency_us"]), _latency(status["decision_latency_us"])
    title = "PnL\n" if _marks_live(status) else "PnL at old marks\n"
    table.add_row(
        markets,
        Text.assemble(("edges\n", "dim"), f"{seen} seen\n{taken} taken"),
        Text.assemble((title, "dim"), (_pnl(status), _pnl_style(status)), f"\n{status['fills']} fills"),
        Text.assemble(("us p50/p99\n", "dim"), f"frame {all_frames}\nwoken {woken}"),
    )
    return Panel(table, title=f"Trimaran  {elapsed_s:,.0f} s", border_style="bright_blue")


def _venues(status: Status) -> list[str]:
    return list(dict.fromkeys(name.split(".")[0] for name in status["markets"]))


BookRows = Sequence[tuple[str, str, Mapping[str, Mapping[str, Any]]]]


def _book_rows(status: Status) -> BookRows:
    """(asset, venue, book by kind), assets under each other as the desk lists them."""
    rows: dict[tuple[str, str], dict[str, Mapping[str, Any]]] = {}
    for row in status["books"]:
        venue = row["market"].split(".")[0]
        rows.setdefault((row["base"], venue), {})[row["kind"]] = row
    order = list(dict.fromkeys(asset for asset, _ in rows))
    return [(*key, books) for key, books in sorted(rows.items(), key=lambda each: order.index(each[0][0]))]


def _books(rows: BookRows, left_out: int) -> RenderableType:
    """Spot and perpetual of a venue in one line."""
    table = Table(expand=True, box=None, header_style="dim", padding=(0, 1, 0, 0))
    table.add_column("asset", no_wrap=True)
    table.add_column("venue" if not left_out else f"venue (+{left_out})", no_wrap=True)
    for kind in KINDS:
        table.add_column(f"{kind} bid", justify="right", no_wrap=True)
        for name in ("ask", "bps", "ms"):
            table.add_column(name, justify="right", no_wrap=True)
    before = ""
    for asset, venue, books in rows:
        cells = [cell for kind in KINDS for cell in _book_cells(books.get(kind))]
        table.add_row("" if asset == before else asset, venue, *cells)
        before = asset
    return table


def _book_cells(row: Mapping[str, Any] | None) -> Sequence[str | Text]:
    """bid, ask, spread and age of a book; its status instead of a price where it is not live."""
    if row is None:
        return ("", "", "", "")
    age = f"{row['age_ms']:.0f}" if "age_ms" in row else ""
    if row["book"] != "live":
        return (Text(row["book"], style=STYLE_OF[row["book"]]), "", "", age)
    bid, ask = _best(row, "bids"), _best(row, "asks")
    spread = "" if bid is None or ask is None else f"{_bps(bid[0], ask[0]):.2f}"
    return (
        Text("" if bid is None else bid[0], style="bright_green"),
        Text("" if ask is None else ask[0], style="bright_red"),
        spread,
        age,
    )


def _ladders(status: Status, count: int) -> RenderableType:
    """The books of the first asset side by side, spot before perpetual, as many as fit."""
    if not status["books"]:
        return Text()
    asset = status["books"][0]["base"]
    rows = [row for row in status["books"] if row["base"] == asset]
    rows.sort(key=lambda each: (KINDS.index(each["kind"]), each["market"]))
    grid = Table.grid(expand=True)
    for _ in rows[:count]:
        grid.add_column(ratio=1)
    grid.add_row(*map(_ladder, rows[:count]))
    return grid


def _ladder(row: Mapping[str, Any]) -> RenderableType:
    table = Table(expand=True, box=None, show_header=False, padding=(0, 1))
    for _ in range(2):
        table.add_column(justify="right", no_wrap=True)
    asks = list(row.get("asks", []))[:LADDERS_ROWS]
    bids = list(row.get("bids", []))[:LADDERS_ROWS]
    for price, size in reversed(asks):
        table.add_row(Text(price, style="bright_red"), size)
    for price, size in bids:
        table.add_row(Text(price, style="bright_green"), size)
    for _ in range(2 * LADDERS_ROWS - len(asks) - len(bids)):
        table.add_row("", "")
    return Panel(table, title=f"{row['market']}", border_style=STYLE_OF[row["book"]])


def _opportunities(status: Status, rows: int) -> RenderableType:
    title = "Opportunities, net of taker fees"
    table = Table(
        expand=True, box=None, header_style="dim", title=title, title_style="", padding=(0, 1, 0, 0)
    )
    for name, width in (("asset", 5), ("buy on", 12), ("sell on", 12)):
        table.add_column(name, no_wrap=True, min_width=width)
    for name in ("edge bps", "best net", "ms"):
        table.add_column(name, justify="right", no_wrap=True, min_width=len(name))
    table.add_column("outcome", no_wrap=True)  # the one that is cut where the screen is narrow
    assets = {f"{row['market']}:{row['symbol']}": row["base"] for row in status["books"]}
    for each in status["open"][:rows]:
        _add_opportunity(table, assets, each, each["edge_bps"], each["for_ms"], "bold")
    for each in status["recent"][: max(0, rows - len(status["open"]))]:
        _add_opportunity(table, assets, each, each["best_edge_bps"], each["lifetime_ms"], "dim")
    return table


def _add_opportunity(
    table: Table,
    assets: Mapping[str, str],
    row: Mapping[str, Any],
    edge_bps: float | None,
    lasted_ms: float,
    style: str,
) -> None:
    buy, sell = (row[side].split(":")[0] for side in ("buy", "sell"))
    edge = "" if edge_bps is None else f"{edge_bps:.2f}"
    cells = (assets[row["buy"]], buy, sell, edge, row["best_net"], f"{lasted_ms:.0f}", row["outcome"])
    table.add_row(*cells, style=style)


def _best(row: Mapping[str, Any], side: str) -> Sequence[str] | None:
    levels = row.get(side)
    return levels[0] if levels else None


def _bps(bid: str, ask: str) -> float:
    return (float(ask) - float(bid)) / float(bid) * 10_000


def _pnl(status: Status) -> str:
    return "-" if status["pnl"] is None else f"{float(status['pnl']['total']):+,.2f}"


def _marks_live(status: Status) -> bool:
    return status["pnl"] is None or bool(status["pnl"]["marks_live"])


def _pnl_style(status: Status) -> str:
    if status["pnl"] is None or not _marks_live(status):
        return "dim"
    return "green" if float(status["pnl"]["total"]) >= 0 else "red"


def _latency(latency: Mapping[str, float | None]) -> str:
    """p50/p99 in microseconds."""
    return "/".join("-" if latency[name] is None else f"{latency[name]:,.0f}" for name in ("p50", "p99"))
