"""The acceptance list: what every market of the registry must show, and which tests show it.

`tools/venue_pages.py` prints it into `docs/venues.md`; `test_acceptance_numbers.py` proves that every test
that is named exists, and that every acceptance test is named.
"""

from __future__ import annotations

from typing import Final

import msgspec


class Number(msgspec.Struct, frozen=True):
    """One requirement. A proof is `file: test`, without `test_` and the suffix of the file."""

    number: int
    requirement: str
    proofs: tuple[str, ...]
    every_market: bool = True
    where: str = ""  # which markets it concerns, where that is not all of them


D: Final = "deadlines: "
S: Final = "sockets: "

NUMBERS: Final = (
    Number(1, "connect: every stream is asked for once, every answer is understood",
           (D + "1_connect", S + "1_connect_and_2_books")),
    Number(2, "snapshot and delta: each level equals the venue's, and stays so",
           (D + "2_snapshot_and_delta", S + "1_connect_and_2_books")),
    Number(3, "gap: the first delta behind a lost one takes the book out of live; no top meanwhile",
           (D + "3_gap", S + "3_gaps_and_4_resync")),
    Number(4, "resync: live again within one second, also when gaps follow each other",
           (D + "4_resync", S + "3_gaps_and_4_resync")),
    Number(5, "heartbeat: ours are sent, the server's are answered, a quiet connection is kept",
           (D + "5_heartbeat", S + "5_heartbeat")),
    Number(6, "half-open: noticed below ten seconds, on every connection; replaced",
           (D + "6_half_open", S + "6_half_open")),
    Number(7, "reconnect: down at once, live within two seconds; attempts stay within the venue's limits",
           (D + "7_reconnect", D + "7_reconnect_backs_off_within_bounds",
            S + "7_reconnect", S + "7_maintenance")),
    Number(8, "planned disconnect: after a notice the replacement delivers first, and no book leaves live",
           (D + "8_planned_disconnect", S + "8_planned_disconnect")),
    Number(9, "garbage, unknown channels, refusals, rate limits, instruments that disappear: told, healed",
           (D + "9_garbage_is_counted_and_survived", D + "9_unknown_channel", D + "9_refused_subscription",
            D + "9_rate_limit", D + "9_an_instrument_disappears",
            D + "9_a_gap_in_an_instrument_that_disappears",
            S + "9_garbage", S + "9_an_instrument_disappears")),
)  # fmt: skip
