"""The sections of the settings of `trimaran run`, each key with its meaning.

What a key means, what may stand there and what it is otherwise is said here, at the key, and nowhere else
(`settings.py`); `trimaran config explain` and the reference in `docs/run.md` are printed from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Final

import msgspec

from trimaran.domain.client_id import REGION_BITS, SHARD_BITS
from trimaran.domain.records import Durability
from trimaran.journal.settings import JournalOptions
from trimaran.live.settings import key
from trimaran.strategies.cross_market import CrossMarketConfig

MS: Final = 1_000_000
MIB: Final = 1_048_576
REGION_MAX: Final = (1 << REGION_BITS) - 1
SHARD_MAX: Final = (1 << SHARD_BITS) - 1


class DeskSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is traded, and where the desk keeps what it must know again."""

    symbols: Annotated[
        tuple[str, ...],
        key(
            "pairs to watch and trade; a market that lacks one leaves it out with a notice",
            expected="a list of pairs, as BTC-USDT",
            min_length=1,
        ),
    ]
    state: Annotated[
        str,
        key(
            "folder of everything that outlives the process: journal, kill switch, control socket",
            expected="a folder",
            min_length=1,
        ),
    ]
    region: Annotated[
        int,
        key(
            "where the desk runs; part of every client order id",
            lowest=0,
            highest=REGION_MAX,
        ),
    ] = 0
    shard: Annotated[
        int,
        key(
            "which desk of an account this is; two desks never share one",
            lowest=0,
            highest=SHARD_MAX,
        ),
    ] = 0
    threshold_bps: Annotated[
        Decimal,
        key("net edge from which a pair counts as an opportunity", lowest=-1000, highest=1000),
    ] = Decimal(0)
    order_notional_max: Annotated[
        Decimal,
        key(
            "largest order that strategies propose, in quote; risk has its own limit",
            above=0,
        ),
    ] = Decimal(20_000)
    start_patience_s: Annotated[
        int,
        key("how long a venue that does not answer yet is asked again", lowest=0, highest=3600),
    ] = 30
    cancel_on_stop: Annotated[
        bool,
        key(
            "whether the orders that are open are cancelled when the desk is told to stop",
            expected="true or false",
        ),
    ] = True
    seed: Annotated[int, key("of the jitter in reconnecting", lowest=0)] = 1


class CrossMarketSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Cross-market arbitrage: buys where it is cheap, sells where it is dear. Left out: it does not run."""

    durability: Annotated[
        Durability,
        key(
            "what must be true of an order before it leaves: `fast`, its record is written and survives the"
            " process; `durable`, it is synced and survives a power cut",
            expected="fast or durable",
        ),
    ] = Durability.FAST
    net_min: Annotated[Decimal, key("profit, in quote, below which an opportunity is left", lowest=0)] = (
        Decimal("0.50")
    )
    quote_age_ms: Annotated[int, key("oldest quote that is traded on", lowest=1, highest=60_000)] = 1_000
    repeat_pause_ms: Annotated[
        int,
        key("pause on a side of a book after taking from it", lowest=0, highest=60_000),
    ] = 500
    refusal_pause_ms: Annotated[
        int, key("pause of a pair after risk refused it", lowest=0, highest=60_000)
    ] = 1_000
    unwind_slack_bps: Annotated[
        int,
        key("how far through the top a residual is given back", lowest=0, highest=9_999),
    ] = 20

    def config(self) -> CrossMarketConfig:
        """As the strategy takes it."""
        return CrossMarketConfig(
            net_min=self.net_min,
            quote_age_ns_max=self.quote_age_ms * MS,
            repeat_pause_ns=self.repeat_pause_ms * MS,
            refusal_pause_ns=self.refusal_pause_ms * MS,
            unwind_slack_bps=self.unwind_slack_bps,
        )


class StrategySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which strategies run. None: the desk watches, answers its control socket, and trades nothing."""

    cross_market: CrossMarketSettings | None = None


class MarketSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One market of `docs/venues.md`, as `[markets."binance.spot"]`."""

    hosts: Annotated[
        str | Mapping[str, str],
        key(
            "where the market is: `live`, `testnet`, `simulator` (see there), or a table of base URLs",
            expected="live, testnet, simulator or a table of base URLs",
        ),
    ]
    key: Annotated[
        str,
        key(
            "name of the API key in the key store; for `simulator` nothing: its demo account is used",
            expected="the name of a key",
        ),
    ] = ""


class RiskSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the desk may risk."""

    limits: Annotated[
        str,
        key(
            "the limits file; it comes into force at a start where its version is higher than that of the"
            " limits in force, which the journal remembers and `trimaran limits set` changes",
            expected="a file",
            min_length=1,
        ),
    ]


class JournalSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The record of intents and facts, in the folder `journal` of the state."""

    segment_mib: Annotated[
        int, key("size of one segment, allocated before it is needed", lowest=1, highest=1024)
    ] = 64
    segments_max: Annotated[
        int,
        key(
            "segments that may be kept; beyond them no new order, until a snapshot lets old ones go",
            lowest=3,
            highest=100_000,
        ),
    ] = 256
    fast_sync_ms: Annotated[
        int, key("within what time the records of `fast` orders are synced", lowest=1, highest=1_000)
    ] = 5
    snapshot_every_s: Annotated[
        int, key("pause between snapshots, which keep the next start short", lowest=10, highest=86_400)
    ] = 300
    snapshots_kept: Annotated[
        int, key("the newest snapshots that are kept, with the records behind them", lowest=1, highest=1_000)
    ] = 3
    snapshot_days: Annotated[
        int, key("younger snapshots are kept as well, with the records behind them", lowest=0, highest=3_650)
    ] = 7
    projection: Annotated[
        bool,
        key(
            "whether a child process of low priority keeps tables for queries (SQLite) beside the journal",
            expected="true or false",
        ),
    ] = True

    def options(self) -> JournalOptions:
        """As the journal takes them."""
        return JournalOptions(
            segment_bytes=self.segment_mib * MIB,
            segments_max=self.segments_max,
            fast_sync_ms=self.fast_sync_ms,
            snapshots_kept=self.snapshots_kept,
            snapshot_days=self.snapshot_days,
        )


class KeySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the API keys are. A store with a passphrase asks for it at the start."""

    store: Annotated[
        str,
        key("folder of the key store; empty: `$TRIMARAN_HOME` or `~/.config/trimaran`", expected="a folder"),
    ] = ""
    passphrase_file: Annotated[
        str,
        key("file of mode 0600 with the passphrase of the store; empty: it is asked for", expected="a file"),
    ] = ""


class SimulatorSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For markets whose hosts are `simulator`."""

    file: Annotated[
        str, key("what `trimaran simulate` printed: its addresses and demo accounts", expected="a file")
    ] = ""


class DeadManSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The venues' own switch: they cancel our orders when we are not heard of any more."""

    armed: Annotated[
        bool,
        key("whether it is armed while orders are open, where a venue has one", expected="true or false"),
    ] = True
    after_s: Annotated[
        int,
        key("silence after which the venue cancels; 0: what suits each venue", lowest=0, highest=3_600),
    ] = 0
    required: Annotated[
        bool,
        key(
            "whether a market whose switch cannot be armed takes no order but reducing ones",
            expected="true or false",
        ),
    ] = False


class RecordSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the venues say, byte for byte, as `trimaran record` keeps it."""

    folder: Annotated[
        str, key("folder of the recording; empty: nothing is recorded", expected="a folder")
    ] = ""


class StatusSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the desk prints of itself with `--status`."""

    every_ms: Annotated[int, key("pause between two statuses", lowest=50, highest=60_000)] = 250
