"""The gate: what passes, groups as a whole, and that nothing else approves."""

from __future__ import annotations

import ast
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import msgspec

import trimaran
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.decision import Approved, KillState, Refused
from trimaran.domain.instrument import Asset, Instrument, Side
from trimaran.domain.orders import IntentId, OrderRequest
from trimaran.risk.context import RiskContext
from trimaran.risk.gate import Leg, gate, gate_group
from trimaran.risk.limits import RiskLimits
from trimaran.risk.rules.catalogue import RULES

Orders = Callable[..., OrderRequest]
Contexts = Callable[..., RiskContext]
LimitsOf = Callable[..., RiskLimits]


def test_a_plain_order_passes(make_order: Orders, make_context: Contexts, make_limits: LimitsOf) -> None:
    order = make_order()
    assert gate(order, make_context(), make_limits()) == Approved(order)


def test_the_first_rule_that_is_broken_is_named(
    make_order: Orders, make_context: Contexts, make_limits: LimitsOf
) -> None:
    order = make_order(lots=-5)
    refused = gate(order, make_context(kill=KillState.KILLED), make_limits())
    assert isinstance(refused, Refused)
    assert (refused.order, refused.rule, refused.limit, refused.value) == (order, "kill", "RUNNING", "KILLED")


def _legs(
    orders: Orders, contexts: Contexts, limits: RiskLimits, perpetual: Instrument, perpetual_margin: int
) -> tuple[Leg, Leg]:
    buy = orders()
    sell = orders(
        intent_id=IntentId("intent-2"),
        client_order_id=ClientOrderId(32),
        instrument_key=perpetual.key,
        side=Side.SELL,
        price_ticks=500_000,
        lots=10,
    )
    margin = {Asset("USDT"): Decimal(perpetual_margin)}
    short = contexts(instrument=perpetual, bid_ticks=499_990, ask_ticks=500_010, balances=margin)
    return Leg(buy, contexts(), limits), Leg(sell, short, limits)


def test_a_group_passes_as_a_whole(
    make_order: Orders, make_context: Contexts, make_limits: LimitsOf, perpetual: Instrument
) -> None:
    legs = _legs(make_order, make_context, make_limits(), perpetual, perpetual_margin=1_000)
    assert gate_group(legs) == (Approved(legs[0].order), Approved(legs[1].order))


def test_one_leg_refuses_the_group(
    make_order: Orders, make_context: Contexts, make_limits: LimitsOf, perpetual: Instrument
) -> None:
    legs = _legs(make_order, make_context, make_limits(), perpetual, perpetual_margin=0)
    refused = gate_group(legs)
    assert isinstance(refused, Refused)
    assert (refused.order, refused.rule) == (legs[1].order, "balance")


def test_legs_share_what_the_account_has(
    make_order: Orders, make_context: Contexts, make_limits: LimitsOf
) -> None:
    context = make_context(balances={Asset("USDT"): Decimal(1_000)})
    one = Leg(make_order(), context, make_limits())
    other = msgspec.structs.replace(
        one,
        order=make_order(
            intent_id=IntentId("intent-2"), client_order_id=ClientOrderId(32), price_ticks=5_000_001
        ),
    )
    assert isinstance(gate_group((one,)), tuple)
    assert isinstance(gate_group((other,)), tuple)
    refused = gate_group((one, other))
    assert isinstance(refused, Refused)
    assert refused.rule == "balance"


def test_the_same_leg_twice_is_a_duplicate(
    make_order: Orders, make_context: Contexts, make_limits: LimitsOf
) -> None:
    leg = Leg(make_order(), make_context(), make_limits())
    refused = gate_group((leg, leg))
    assert isinstance(refused, Refused)
    assert refused.rule == "duplicate"


def test_only_the_gate_approves() -> None:
    root = Path(trimaran.__file__).parent
    callers = {path.relative_to(root).as_posix() for path in root.rglob("*.py") if _builds_approved(path)}
    assert callers == {"risk/gate.py"}


def test_every_rule_file_is_in_the_catalogue() -> None:
    folder = Path(trimaran.__file__).parent / "risk" / "rules"
    files = {path.stem for path in folder.glob("*.py")} - {"__init__", "catalogue"}
    assert files == {rule.name for rule in RULES}


def _builds_approved(path: Path) -> bool:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name == "Approved":
                return True
        if isinstance(node, ast.alias) and node.name == "Approved" and node.asname is not None:
            return True  # a renamed import could hide a call
    return False
