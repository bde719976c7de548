"""Structure-aware fuzzing of the HTX decoders: garbage is the documented error or nothing, for both twins."""

from __future__ import annotations

import gzip
import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.decoding import edited, edits, spell
from tests.support.htx_frames import SPOT, SPOT_SEEDS, SWAP_SEEDS, SWAPS, text_of

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**65), 2**65),
    st.integers(0, 20),
    st.sampled_from(
        [645.14, 9.12e-07, 38.0, 0.0, 1e-6, 2.505, 0.005, "ok", "update", "snapshot", "buy", "", "9"]
    ),
    st.sampled_from([seed.get("ch", seed.get("rep")) for seed in SPOT_SEEDS + SWAP_SEEDS]),
    st.text(max_size=8),
)
values = st.one_of(scalars, st.lists(st.one_of(scalars, st.lists(scalars, max_size=3)), max_size=3))
outer_keys = st.sampled_from(
    ["ch", "rep", "ts", "tick", "data", "status", "ping", "op", "err-code", "id", "x"]
)
inner_keys = st.sampled_from(
    [
        "seqNum",
        "prevSeqNum",
        "version",
        "seqId",
        "bids",
        "asks",
        "bid",
        "bidSize",
        "ask",
        "askSize",
        "ts",
        "quoteTime",
        "event",
        "data",
        "x",
    ]
)
deal_keys = st.sampled_from(["tradeId", "id", "price", "amount", "direction", "ts"])


def changed(fields: dict[str, Any], changes: dict[str, object], dropped: set[str]) -> dict[str, Any]:
    return {key: value for key, value in {**fields, **changes}.items() if key not in dropped}


@settings(max_examples=800, deadline=None)
@given(
    seed=st.sampled_from(SPOT_SEEDS + SWAP_SEEDS),
    outer=st.dictionaries(outer_keys, scalars, max_size=1),
    inner=st.dictionaries(inner_keys, values, max_size=2),
    deal=st.dictionaries(deal_keys, scalars, max_size=1),
    dropped=st.sets(st.one_of(outer_keys, inner_keys), max_size=1),
    packed=st.booleans(),
    spelling=st.integers(0, 2**32),
)
def test_structured_fuzz(seed, outer, inner, deal, dropped, packed, spelling) -> None:  # type: ignore[no-untyped-def]
    key = "data" if "rep" in seed else "tick"
    tick = changed(seed[key], inner, dropped)
    if isinstance(tick.get("data"), list):
        tick["data"] = [changed(item, deal, set()) for item in tick["data"] if isinstance(item, dict)]
    frame = changed({**seed, key: tick}, outer, dropped)
    text = spell(frame, random.Random(spelling)).encode("utf-8", "surrogatepass")
    for twins in (SPOT, SWAPS):
        twins.agree(text_of(seed), gzip.compress(text, 1) if packed else text)


@settings(max_examples=800, deadline=None)
@given(seed=st.sampled_from(SPOT_SEEDS + SWAP_SEEDS), changes=edits)
def test_byte_fuzz(seed, changes) -> None:  # type: ignore[no-untyped-def]
    frame = edited(text_of(seed), changes)
    for twins in (SPOT, SWAPS):
        twins.agree(text_of(seed), frame)
