"""The terminal view draws every status at every size, and loses no number to the edge of the screen."""

from __future__ import annotations

from typing import Any

import pytest
from rich.console import Console

from trimaran.ops import view


def notice_of(number: int) -> dict[str, Any]:
    text = f"connection lost: number {number} " + "x" * 120
    return {"number": number, "at": "12:34:56", "market": "binance.usdm", "alarm": number == 1, "text": text}


def status_of(word: str, opportunities: int, notices: int = 0) -> dict[str, Any]:
    book: dict[str, Any] = {"symbol": "BTCUSDT", "base": "BTC", "book": word}
    if word == "live":
        levels = {"bids": [["61846.46", "0.09447"]], "asks": [["61846.47", "0.14386"]], "age_ms": 3.2}
        book.update(levels)
    row = {
        "buy": "binance.usdm:BTCUSDT",
        "sell": "binance.spot:BTCUSDT",
        "edge_bps": 9.65,
        "best_edge_bps": 9.65,
        "best_net": "14.85",
        "for_ms": 590.0,
        "lifetime_ms": 590.0,
        "outcome": "refused by max_position",
    }
    market = {"frames": 1_000, "book": word, "resyncs": 0}
    return {
        "now_ns": 1_000_000_000,
        "markets": {"binance.spot": market, "binance.usdm": market},
        "books": [
            {**book, "market": "binance.spot", "kind": "spot"},
            {**book, "market": "binance.usdm", "kind": "perpetual"},
        ],
        "opportunities": {"seen": 4, "taken": 1},
        "open": [row] * min(opportunities, 2),
        "recent": [row] * opportunities,
        "fills": 17,
        "pnl": {"total": "-1234.56", "marks_live": True} if word == "live" else None,
        "latency_us": {"p50": 4.2, "p99": 68.0, "p999": 300.0}
        if word == "live"
        else dict.fromkeys(("p50", "p99")),
        "decision_latency_us": {"p50": 38.0, "p99": 1190.0, "p999": 1300.0}
        if word == "live"
        else dict.fromkeys(("p50", "p99")),
        "ready": {"binance.spot": "", "binance.usdm": "its account has not been compared yet"},
        "order_counts": {"sent": 12, "dropped": 0, "open": 1, "acked": 11, "filled": 9, "expired": 2},
        "order_latency_us": {"p50": 61.0, "p99": 240.0, "p999": 900.0},
        "journal": {"records": 70, "sequence": 170, "unsynced": 3, "takes_risk": word != "down"},
        "notices": [notice_of(number) for number in range(1, notices + 1)],
    }


def draw(status: dict[str, Any], width: int, height: int) -> str:
    console = Console(width=width, height=height, record=True, file=None, force_terminal=False)
    with console.capture() as capture:
        console.print(view.screen(status, view.Rates(), 12.0, width, height))
    return capture.get()


@pytest.mark.parametrize("word", ["live", "stale", "down"])
@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 44), (200, 60)])
@pytest.mark.parametrize("opportunities", [0, 8])
@pytest.mark.parametrize("notices", [0, 1, 5])
def test_every_status_at_every_size(
    word: str, width: int, height: int, opportunities: int, notices: int
) -> None:
    text = draw(status_of(word, opportunities, notices), width, height)
    lines = text.splitlines()
    assert len(lines) <= height
    assert max(map(len, lines)) <= width
    assert word in text
    if word == "live":
        for number in ("61846.46", "61846.47", "-1,234.56", "frame 4/68", "woken 38/1,190"):
            assert number in text
    else:
        assert "61846.46" not in text
    for which in range(1, notices + 1):
        assert (f"number {which} " in text) is (which > notices - 2)


def three_venues(status: dict[str, Any], assets: int) -> dict[str, Any]:
    """The same status of a desk on three venues."""
    market = status["markets"]["binance.spot"]
    names = ("binance.spot", "binance.usdm", "okx.spot", "okx.swap", "htx.spot", "htx.swap")
    spot = status["books"][0]
    kinds = {name: "spot" if name.endswith("spot") else "perpetual" for name in names}
    books = [
        {**spot, "market": name, "kind": kinds[name], "base": f"A{n}", "symbol": f"A{n}USDT"}
        for n in range(assets)
        for name in names
    ]
    books += [{**spot, "market": name, "kind": kinds[name]} for name in names]
    return {**status, "markets": dict.fromkeys(names, market), "books": books}


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 44), (200, 60)])
def test_three_venues_fit(width: int, height: int) -> None:
    text = draw(three_venues(status_of("live", 8, 5), 4), width, height)
    lines = text.splitlines()
    assert len(lines) <= height
    assert max(map(len, lines)) <= width
    assert lines[-1].startswith("Trading on simulated venues")
    assert "ready 1/2" in text
    assert "to socket 61/240 us" in text
    assert lines[-2].startswith("12:34:56 binance.usdm: connection lost: number 5")
    for word in ("okx", "htx", "swap live", "frame 4/68", "-1,234.56"):
        assert word in text
    assert ("(+" in text) is (height == 24)  # books that did not fit are counted


def test_a_notice_that_repeats_another_does_not_push_it_out() -> None:
    status = status_of("live", 0, 2)
    status["notices"] += [{**notice_of(2), "number": number} for number in (3, 4)]
    text = draw(status, 120, 44)
    assert text.count("number 1 ") == text.count("number 2 ") == 1


def test_old_marks_are_named() -> None:
    status = status_of("live", 0)
    assert "old marks" not in draw(status, 80, 24)
    assert "old marks" not in view.line(status, view.Rates(), 1.0)
    status["pnl"]["marks_live"] = False
    assert "PnL at old marks" in draw(status, 80, 24)
    assert "-1,234.56 at old marks" in view.line(status, view.Rates(), 1.0)


def test_the_plain_line_tells_a_notice_once() -> None:
    status = status_of("live", 0, 2)
    assert "number 2 " in view.line(status, view.Rates(), 1.0, told=1)
    assert "number 1 " not in view.line(status, view.Rates(), 1.0, told=1)
    assert "number" not in view.line(status, view.Rates(), 1.0, told=view.last_number(status))
    assert view.last_number(status_of("live", 0)) == 0


def test_the_plain_line_has_everything() -> None:
    text = view.line(status_of("live", 2), view.Rates(), 12.0)
    for part in (
        "binance.spot live",
        "4 seen",
        "1 taken",
        "fills 17",
        "-1,234.56",
        "latency 4/68",
        "woken 38/1,190 us",
    ):
        assert part in text


def test_rates_need_two_statuses() -> None:
    rates = view.Rates()
    first = status_of("live", 0)
    rates.take(first)
    assert rates.per_second == {}
    rates.take({**first, "now_ns": 3_000_000_000, "markets": {"binance.spot": {"frames": 3_000}}})
    assert rates.per_second == {"binance.spot": 1_000.0}
