"""Clients that other people wrote, pointed at the simulated venues by their addresses alone, all checks on.

Each runs in an interpreter of its own (`make clients`), where its pins contradict nobody's, and says on one
line what worked. What must be among it is listed here; nothing may have failed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tools.peers import is_current, peer_python

SCRIPTS = Path(__file__).parent / "scripts"
SECONDS_MAX = 240  # a script has bounds of its own for each step


class Outcome(msgspec.Struct):
    """What a script says."""

    client: str
    worked: list[str]
    failed: dict[str, str]


# client -> environment, script, and words that stand for what it must have done, each in some step of it
CLIENTS = {
    "ccxt on binance": ("ccxt", "ccxt_binance.py", (
        "load_markets", "watch_order_book", "watch_trades", "fetch_balance", "create_order limit",
        "fetch_order", "edit_order", "cancel_order", "watch_orders", "watch_my_trades",
    )),
    "ccxt on okx": ("ccxt", "ccxt_okx.py", (
        "load_markets", "watch_order_book", "watch_trades", "fetch_balance", "orders_rest_and_edit",
        "orders_market", "watch_orders", "watch_my_trades",
    )),
    "ccxt on htx": ("ccxt", "ccxt_htx.py", (
        "load_markets", "watch_order_book", "book_equals", "watch_trades", "fetch_balance", "create_limit",
        "fetch_order", "cancel_order", "watch_orders", "watch_my_trades",
    )),
    "binance's own clients": ("official", "official_binance.py", ()),
    "okx's own client": ("official", "official_okx.py", ()),
}  # fmt: skip
MARKETS = {"binance": ("spot", "usdm"), "okx": ("spot", "swap"), "htx": ("spot", "swap")}


@pytest.fixture(scope="module")
def simulators() -> Iterator[str]:
    """The line that the simulators print."""
    command = (sys.executable, "-m", "trimaran.ops.cli", "simulate", "--symbols", "BTCUSDT,ETHUSDT")
    process = subprocess.Popen(
        (*command, "--until-stdin-closes"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdin is not None
    yield process.stdout.readline()
    process.stdin.close()
    process.wait(timeout=30)
    process.stdout.close()


@pytest.mark.parametrize("name", CLIENTS)
def test_a_real_client_believes_the_simulator(name: str, simulators: str) -> None:
    environment, script, wanted = CLIENTS[name]
    if not is_current(environment):
        pytest.skip(f"no environment for {name}: expected .peers/{environment}, run `make clients`")
    done = subprocess.run(
        (peer_python(environment), SCRIPTS / script, simulators),
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    lines = done.stdout.strip().splitlines()
    assert lines, done.stderr[-2_000:]
    outcome = msgspec.json.decode(lines[-1], type=Outcome)
    assert outcome.failed == {}, json.dumps(outcome.failed, indent=1)
    assert done.returncode == 0, done.stderr[-2_000:]
    markets = MARKETS[name.rpartition(" ")[2]] if environment == "ccxt" else ()
    for market in markets:
        steps = [step for step in outcome.worked if step.startswith(f"{market}.")]
        for word in wanted:
            assert any(word in step for step in steps), f"{market}: {word} is not among {steps}"
    assert len(outcome.worked) >= 10
