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
Q: Final = "orders: "
P: Final = "private: "
L: Final = "limits: "

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
    Number(10, "orders: every kind that the market offers ends in the right state, and each fill is told",
           (Q + "10_limit_orders", Q + "10_times_in_force", Q + "10_post_only", Q + "10_reduce_only",
            Q + "10_triggers", Q + "10_icebergs", Q + "10_self_trade", Q + "10_refusals",
            Q + "10_over_rest")),
    Number(11, "changes and questions: amend, cancel, cancel all, queries, lists, in every state",
           (Q + "11_amend", Q + "11_amend_of_an_order_that_trades", Q + "11_cancel",
            Q + "11_cancel_that_meets_fills", Q + "11_cancel_all", Q + "11_queries", Q + "11_lists",
            Q + "11_more_open_orders_than_a_page")),
    Number(12, "pushes before answers, answers before pushes, late, out of order: one ack, one end",
           (P + "12_pushes_and_answers_in_any_order",)),
    Number(13, "fills that come twice are booked once; pushes that never come are asked for",
           (P + "12_pushes_and_answers_in_any_order", P + "13_history_repeats_what_was_told",
            P + "13_pushes_that_never_come")),
    Number(14, "reconnect with open orders: all that happened is heard once; planned switches have no hole",
           (P + "14_reconnect_with_open_orders", P + "14_maintenance", P + "14_planned_switch",
            P + "14_the_token_of_a_stream_expires")),
    Number(15, "lost requests and answers: never rejected, never sent again; the fate is found by asking",
           (P + "15_an_order_whose_answer_is_lost", P + "15_a_cancel_whose_answer_is_lost",
            P + "15_an_amendment_whose_answer_is_lost", P + "15_an_order_that_cannot_be_found_yet")),
    Number(16, "limits: a burst earns no refusal, cancels go out; an order to stop is obeyed",
           (L + "16_a_burst_earns_no_refusal", L + "16_orders_over_a_line_are_charged",
            L + "16_an_order_to_stop_is_obeyed")),
    Number(17, "clocks that are off, or set: orders go through after one question for the time, once",
           (L + "17_a_clock_that_is_off", L + "17_a_clock_that_is_set")),
    Number(18, "proxies: REST and private lines go through, nothing goes around",
           (L + "18_through_a_proxy", L + "18_a_proxy_that_is_gone")),
    Number(19, "dead-man switch: armed, repeated, fired, disarmed", (P + "19_dead_man",)),
    Number(20, "garbage on private lines and in answers: counted, healed, and no order's end",
           (P + "20_garbage_on_private_lines", P + "20_pushes_that_are_cut", L + "20_garbage_in_answers")),
    Number(21, "keys: wrong, read-only, withdrawing, revoked: typed, refused at the start, no hammering",
           (L + "21_wrong_keys", L + "21_unsafe_keys", L + "21_a_key_that_is_revoked")),
    Number(22, "after all of it balances and positions are those of the venue's own books",
           (P + "22_everything_at_once",)),
)  # fmt: skip
