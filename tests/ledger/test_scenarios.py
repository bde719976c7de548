"""Money rules as tables: what happened, and every balance and position after it.

One row is one event. A fill is `fill id instrument side size @ price fee`, the size in base asset; without
a fee there is none. The columns show everything that is not zero.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from trimaran.domain.account import Fill, FundingId, FundingPaid, Transfer
from trimaran.domain.exact import canonical
from trimaran.domain.instrument import Asset, InstrumentKey
from trimaran.ledger.ledger import Ledger
from trimaran.ledger.position import FLAT

SCENARIOS = {
    "buy spot, the fee comes out of the base received": """
    transfer a spot 1000 USDT                     | spot USDT 1000           |
    fill 1 spot:BTCUSDT BUY 2 @ 100 fee 0.002 BTC | spot BTC 1.998, USDT 800 | spot:BTCUSDT 2 cost 200
    """,
    "sell spot, the fee comes out of the quote received": """
    transfer a spot 2 BTC                         | spot BTC 2      |
    fill 1 spot:BTCUSDT SELL 2 @ 100 fee 0.2 USDT | spot USDT 199.8 | spot:BTCUSDT -2 cost -200
    """,
    "buy and sell spot: the profit is in the quote": """
    transfer a spot 1000 USDT        | spot USDT 1000       |
    fill 1 spot:BTCUSDT BUY 2 @ 100  | spot BTC 2, USDT 800 | spot:BTCUSDT 2 cost 200
    fill 2 spot:BTCUSDT SELL 2 @ 110 | spot USDT 1020       | spot:BTCUSDT 0 realised 20
    """,
    "the fee in a third asset": """
    transfer a spot 1000 USDT                    | spot USDT 1000                 |
    transfer b spot 1 BNB                        | spot BNB 1, USDT 1000          |
    fill 1 spot:BTCUSDT BUY 2 @ 100 fee 0.25 BNB | spot BNB 0.75, BTC 2, USDT 800 | spot:BTCUSDT 2 cost 200
    """,
    "a rebate is a fee below zero": """
    transfer a spot 1000 USDT                      | spot USDT 1000          |
    fill 1 spot:BTCUSDT BUY 2 @ 100 fee -0.01 USDT | spot BTC 2, USDT 800.01 | spot:BTCUSDT 2 cost 200
    """,
    "a repeated fill changes nothing": """
    transfer a spot 1000 USDT       | spot USDT 1000       |
    fill 1 spot:BTCUSDT BUY 2 @ 100 | spot BTC 2, USDT 800 | spot:BTCUSDT 2 cost 200
    fill 1 spot:BTCUSDT BUY 2 @ 100 | spot BTC 2, USDT 800 | spot:BTCUSDT 2 cost 200
    fill 1 spot:BTCUSDT BUY 3 @ 100 | spot BTC 2, USDT 800 | spot:BTCUSDT 2 cost 200
    transfer a spot 1000 USDT       | spot BTC 2, USDT 800 | spot:BTCUSDT 2 cost 200
    """,
    "a trade with oneself has one id and two sides": """
    transfer a spot 1000 USDT        | spot USDT 1000       |
    fill 1 spot:BTCUSDT BUY 2 @ 100  | spot BTC 2, USDT 800 | spot:BTCUSDT 2 cost 200
    fill 1 spot:BTCUSDT SELL 2 @ 100 | spot USDT 1000       |
    """,
    "the same id on another instrument is another fill": """
    transfer a spot 200 USDT        | spot USDT 200     |
    fill 1 spot:BTCUSDT BUY 2 @ 100 | spot BTC 2        | spot:BTCUSDT 2 cost 200
    fill 1 spot:ETHBTC BUY 1 @ 1    | spot BTC 1, ETH 1 | spot:BTCUSDT 2 cost 200, spot:ETHBTC 1 cost 1
    """,
    "perpetual: open, increase, reduce, close": """
    transfer a usdm 1000 USDT                      | usdm USDT 1000    |
    fill 1 usdm:BTCUSDT BUY 1 @ 100 fee 0.05 USDT  | usdm USDT 999.95  | usdm:BTCUSDT 1 cost 100
    fill 2 usdm:BTCUSDT BUY 1 @ 110 fee 0.05 USDT  | usdm USDT 999.9   | usdm:BTCUSDT 2 cost 210
    fill 3 usdm:BTCUSDT SELL 1 @ 120 fee 0.06 USDT | usdm USDT 1014.84 | usdm:BTCUSDT 1 cost 105 realised 15
    fill 4 usdm:BTCUSDT SELL 1 @ 100 fee 0.05 USDT | usdm USDT 1009.79 | usdm:BTCUSDT 0 realised 10
    """,
    "perpetual: a short": """
    transfer a usdm 1000 USDT        | usdm USDT 1000 |
    fill 1 usdm:BTCUSDT SELL 2 @ 100 | usdm USDT 1000 | usdm:BTCUSDT -2 cost -200
    fill 2 usdm:BTCUSDT BUY 1 @ 90   | usdm USDT 1010 | usdm:BTCUSDT -1 cost -100 realised 10
    fill 3 usdm:BTCUSDT BUY 1 @ 120  | usdm USDT 990  | usdm:BTCUSDT 0 realised -10
    """,
    "perpetual: a flip closes first and opens at its own price": """
    transfer a usdm 1000 USDT        | usdm USDT 1000 |
    fill 1 usdm:BTCUSDT BUY 1 @ 100  | usdm USDT 1000 | usdm:BTCUSDT 1 cost 100
    fill 2 usdm:BTCUSDT SELL 3 @ 120 | usdm USDT 1020 | usdm:BTCUSDT -2 cost -240 realised 20
    fill 3 usdm:BTCUSDT BUY 5 @ 110  | usdm USDT 1040 | usdm:BTCUSDT 3 cost 330 realised 40
    """,
    "perpetual: an average without a finite decimal loses nothing": """
    fill 1 usdm:BTCUSDT BUY 1 @ 1  |                      | usdm:BTCUSDT 1 cost 1
    fill 2 usdm:BTCUSDT BUY 2 @ 2  |                      | usdm:BTCUSDT 3 cost 5
    fill 3 usdm:BTCUSDT SELL 1 @ 2 | usdm USDT 0.33333333 | usdm:BTCUSDT 2 cost 3.33333333 realised 0.33333333
    fill 4 usdm:BTCUSDT SELL 2 @ 2 | usdm USDT 1          | usdm:BTCUSDT 0 realised 1
    """,
    "funding is paid by the one side and received by the other": """
    transfer a usdm 1000 USDT         | usdm USDT 1000    |
    fill 1 usdm:BTCUSDT BUY 1 @ 100   | usdm USDT 1000    | usdm:BTCUSDT 1 cost 100
    funding 7 usdm:BTCUSDT 0.01 USDT  | usdm USDT 999.99  | usdm:BTCUSDT 1 cost 100
    funding 7 usdm:BTCUSDT 0.01 USDT  | usdm USDT 999.99  | usdm:BTCUSDT 1 cost 100
    funding 8 usdm:BTCUSDT -0.03 USDT | usdm USDT 1000.02 | usdm:BTCUSDT 1 cost 100
    """,
}  # fmt: skip


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenarios(
    name: str, ledger: Ledger, make_fill: Callable[..., Fill], make_transfer: Callable[..., Transfer]
) -> None:
    for row in SCENARIOS[name].strip().splitlines():
        happened, balances, positions = (cell.strip() for cell in row.split("|"))
        ledger.apply(_event(happened.split(), make_fill, make_transfer))
        ledger.check()
        assert (_balances(ledger), _positions(ledger)) == (balances, positions), happened


def _event(
    words: list[str], make_fill: Callable[..., Fill], make_transfer: Callable[..., Transfer]
) -> Fill | Transfer | FundingPaid:
    if words[0] == "transfer":
        _, identity, market, amount, asset = words
        return make_transfer(identity, market, asset, amount)
    if words[0] == "funding":
        _, identity, key, amount, asset = words
        return FundingPaid(FundingId(identity), InstrumentKey(key), Asset(asset), Decimal(amount), 1, 2)
    _, identity, key, side, size, _, price, *rest = words
    _, fee, fee_asset = rest or ("fee", "0", "USDT")
    return make_fill(identity, key, side, int(price), int(Decimal(size) * 10), fee, fee_asset)


def _balances(ledger: Ledger) -> str:
    markets: dict[str, list[str]] = {}
    for (market, asset), amount in sorted(ledger.balances.items()):
        if amount:
            markets.setdefault(market, []).append(f"{asset} {canonical(amount)}")
    return ", ".join(f"{market} {', '.join(amounts)}" for market, amounts in markets.items())


def _positions(ledger: Ledger) -> str:
    shown = []
    for key, position in ledger.positions.items():
        if position == FLAT:
            continue
        cost = f" cost {canonical(position.cost)}" if position.lots else ""
        realised = f" realised {canonical(position.realised)}" if position.realised else ""
        shown.append(f"{key} {canonical(Decimal(position.lots) / 10)}{cost}{realised}")
    return ", ".join(shown)
