"""What clients of the simulated OKX send about orders, decoded into typed records.

The venue is lenient: numbers may be JSON numbers, flags may be text, and what is absent, null or "" is the
same. Unknown fields are ignored. What is no number, or no known word, is refused by `OrderEntry` with the
parameter's name (51000). https://www.okx.com/docs-v5/en/#order-book-trading-trade-post-place-order
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

import msgspec

Text = str | int | float | bool | None
NUMBER_LENGTH_MAX: Final = 32
_NUMBER: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?")
CLIENT_ID: Final = re.compile(r"[A-Za-z0-9]{1,32}")
TAG: Final = re.compile(r"[A-Za-z0-9]{1,16}")


class OrderArgs(msgspec.Struct, rename="camel"):
    """A new order."""

    inst_id: Text = ""
    inst_id_code: Text = ""
    td_mode: Text = ""
    side: Text = ""
    ord_type: Text = ""
    sz: Text = ""
    px: Text = ""
    cl_ord_id: Text = ""
    tag: Text = ""
    pos_side: Text = ""
    reduce_only: Text = False
    tgt_ccy: Text = ""
    stp_mode: Text = ""
    attach_algo_ords: list[msgspec.Raw] | str | None = None


class CancelArgs(msgspec.Struct, rename="camel"):
    """A cancel."""

    inst_id: Text = ""
    inst_id_code: Text = ""
    ord_id: Text = ""
    cl_ord_id: Text = ""


class AmendArgs(msgspec.Struct, rename="camel"):
    """An amendment."""

    inst_id: Text = ""
    inst_id_code: Text = ""
    ord_id: Text = ""
    cl_ord_id: Text = ""
    req_id: Text = ""
    new_sz: Text = ""
    new_px: Text = ""
    cxl_on_fail: Text = False


class AlgoArgs(msgspec.Struct, rename="camel"):
    """A new algo order."""

    inst_id: Text = ""
    td_mode: Text = ""
    side: Text = ""
    ord_type: Text = ""
    sz: Text = ""
    tag: Text = ""
    pos_side: Text = ""
    reduce_only: Text = False
    tgt_ccy: Text = ""
    algo_cl_ord_id: Text = ""
    cl_ord_id: Text = ""
    close_fraction: Text = ""
    trigger_px: Text = ""
    order_px: Text = ""
    trigger_px_type: Text = ""
    sl_trigger_px: Text = ""
    sl_ord_px: Text = ""
    sl_trigger_px_type: Text = ""
    tp_trigger_px: Text = ""
    tp_ord_px: Text = ""
    tp_trigger_px_type: Text = ""


class CancelAlgoArgs(msgspec.Struct, rename="camel"):
    """A cancel of an algo order."""

    inst_id: Text = ""
    algo_id: Text = ""
    algo_cl_ord_id: Text = ""


def text(value: Text) -> str:
    """A value as the text that it stands for."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else f"{Decimal(repr(value)):f}"


def flag(value: Text) -> bool:
    """A flag, written as JSON or as text."""
    return value is True or value == "true"


def number(value: Text) -> Decimal | None:
    """A positive or zero decimal without sign and exponent; None for anything else."""
    written = text(value)
    if len(written) > NUMBER_LENGTH_MAX or _NUMBER.fullmatch(written) is None:
        return None
    return Decimal(written)
