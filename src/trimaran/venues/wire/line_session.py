"""The session of one private line as a pure state machine: token, login, subscriptions, replacement, gaps.

    token (where needed) -> link: OPENING -> LOGGING_IN -> SUBSCRIBING -> UP

At most one link is the active one. Before it reaches its age limit, when the server announces its shutdown,
or when its token dies while it still speaks, a standby is opened beside it; the old one is closed when the
new one has been UP for `overlap_ns` and its own requests are answered. Both are listened to meanwhile, so
nothing is lost (and some reports come twice). Every other loss of a link that was UP is a hole: `LineDown`
now, and `Gap` with the next `LineUp`. It begins `gap_margin_ns` before the last frame: venues push late.

What the key itself is to blame for (wrong, revoked, not permitted) is not tried again: `LineHalted`, and a
link that still works goes on. A login outside of the venue's time window asks for the time first. All else is
tried again after a growing, jittered pause, within the venue's limit on connections.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from trimaran.domain.ports import Rng
from trimaran.domain.reports import BalanceReport, FillReport, OrderReport, PositionReport
from trimaran.venues.wire.clock_offset import VenueClock
from trimaran.venues.wire.fault import Fault, FaultKind
from trimaran.venues.wire.limiter import WindowBudget
from trimaran.venues.wire.line_link import LineLink, LineState
from trimaran.venues.wire.line_port import (
    AskForTime,
    Gap,
    LineAction,
    LineConfig,
    LineCounters,
    LineDown,
    LineEvent,
    LineHalted,
    LineSwitched,
    LineTrouble,
    LineUp,
    RepliesLost,
    TimeKnown,
    TokenFailed,
    TokenGot,
)
from trimaran.venues.wire.line_token import HALTING, TokenKeeper
from trimaran.venues.wire.lines import (
    LineDialogue,
    LineEnded,
    LineMessage,
    LinePing,
    LinePong,
    LineReply,
    LineShutdown,
    LineSpec,
    LineUnknown,
    LoggedIn,
    LoginRefused,
    Stale,
    SubscriptionRefused,
    SubscriptionTaken,
)
from trimaran.venues.wire.session_port import Alive, Close, Closed, Open, Opened, SendText, Slot

REPORTS: Final = (OrderReport, FillReport, BalanceReport, PositionReport)
IDS_PER_LINK: Final = 1_000  # request ids that a login and subscriptions may use
LineActions = Sequence[LineAction]


def connects_of(spec: LineSpec, config: LineConfig) -> WindowBudget | None:
    """The attempts to connect that lines to the host of this one may make; None where it has no limit."""
    if not spec.connects_max:
        return None
    return WindowBudget(max(1, int(spec.connects_max * config.connects_share)), spec.connects_window_ns)


class LineSession:
    """One private line of one account."""

    def __init__(
        self,
        spec: LineSpec,
        base_url: str,
        dialogue: LineDialogue,
        clock: VenueClock,
        rng: Rng,
        config: LineConfig | None = None,
        connects: WindowBudget | None = None,
    ) -> None:
        """`connects` is the budget of attempts that all lines to one host share; by itself it has its own."""
        self.counters = LineCounters()
        self.spec = spec
        self._url = base_url + spec.path
        self._dialogue = dialogue
        self._clock = clock
        self._rng = rng
        self._config = config if config is not None else LineConfig()
        self._connects = connects if connects is not None else connects_of(spec, self._config)
        self._token = TokenKeeper(spec, self._config.reconnect, rng) if spec.needs_token else None
        self._links: dict[Slot, LineLink] = {}
        self._active: LineLink | None = None
        self._standby: LineLink | None = None
        self._switch_reason = ""
        self._retiring: dict[Slot, int] = {}  # links that were replaced, and since when
        self._attempts = 0  # links since the last one that was stable
        self._next_slot = 1
        self._next_id = 1
        self._halted = False
        self._time_wanted_ns = 0  # since when a login waits for the time
        self._sound_ns = 0  # venue's clock: nothing is missing since
        self._lost_ns = 0  # venue's clock: since when reports may be missing; 0: they are not

    @property
    def is_up(self) -> bool:
        """Whether reports come and orders are taken."""
        return self._active is not None and self._active.state is LineState.UP

    @property
    def is_halted(self) -> bool:
        """Whether the key was refused, and nothing is tried any more."""
        return self._halted

    def start(self, now_ns: int) -> LineActions:
        """Begins to connect."""
        self._active = self._new_link(now_ns)
        return self.on_tick(now_ns)

    def resume(self, now_ns: int) -> LineActions:
        """Tries again after `LineHalted`: somebody has looked at the key."""
        self._halted = False
        if self._token is not None:
            self._token.resume()
        if self._active is None:
            self._active = self._new_link(now_ns)
        return self.on_tick(now_ns)

    def take_id(self) -> int:
        """The id of the next request on this line."""
        self._next_id += 1
        return self._next_id - 1

    def send_order(self, text: str, request_id: int, now_ns: int) -> SendText | None:
        """Sends an order's text once, on the active link; None (nothing is sent) when that cannot be now."""
        link = self._active
        if link is None or link.state is not LineState.UP or not self.spec.takes_orders:
            return None
        return link.send_request(text, request_id, now_ns)

    def on_frame(self, slot: Slot, payload: bytes, local_ns: int, now_ns: int) -> LineActions:
        """A message came in, inflated already. `local_ns` is wall time, for the reports in it."""
        link = self._links.get(slot)
        actions: list[LineAction] = []
        if link is None:
            return actions
        link.pulse.heard_ns = now_ns
        for message in self._dialogue.read(payload, local_ns):
            if isinstance(message, LineReply):  # these two are nearly all, and never end a link
                self.counters.replies += 1
                link.requests.pop(message.request_id, None)
                actions.append(message)
            elif isinstance(message, REPORTS):
                self.counters.reports += 1
                actions.append(message)
            elif slot in self._links:  # it may have been given up by the message before
                actions += self._on_message(link, message, now_ns)
        return actions

    def on_unreadable(self, slot: Slot, now_ns: int) -> LineActions:
        """A message came in that cannot be read at all: whatever it was is missing."""
        if slot not in self._links:
            return []
        self.counters.unknown += 1
        return self._hole("an unreadable message", now_ns)

    def on_event(self, event: LineEvent, now_ns: int) -> LineActions:
        """Anything but a message; events of links that were given up are ignored."""
        match event:
            case TokenGot() | TokenFailed():
                return self._on_token(event, now_ns)
            case TimeKnown():
                self._time_wanted_ns = 0
                return self.on_tick(now_ns)
        link = self._links.get(event.slot)
        if link is None:
            return []
        match event:
            case Opened():
                actions = link.opened(self._take_ids(), now_ns)
                return actions + self._if_up(link, now_ns)
            case Closed(_, reason):
                return self._lost(link, reason, now_ns)
            case Alive():
                link.pulse.alive(now_ns)
        return []

    def on_tick(self, now_ns: int) -> LineActions:
        """Runs every timer; to be called every 100 to 250 ms."""
        actions: list[LineAction] = []
        if self._token is not None:
            actions += self._token.on_tick(now_ns)
        for link in list(self._links.values()):
            self._open_if_due(link, now_ns, actions)
            due, fault = link.on_tick(now_ns)
            actions += due
            if fault:
                actions += self._give_up(link, fault, now_ns)
        actions += self._retire(now_ns)
        return actions + self._replace_if_old(now_ns)

    def _new_link(self, due_ns: int) -> LineLink:
        slot = Slot(self._next_slot)
        self._next_slot += 1
        reply_ns_max = self._config.reply_ns_max
        link = LineLink(slot, due_ns, self.spec, self._dialogue, self._clock, reply_ns_max, self.counters)
        self._links[slot] = link
        return link

    def _new_link_after_backoff(self, now_ns: int, least_ns: int) -> LineLink | None:
        if self._halted:
            return None
        delay_ns = self._config.reconnect.delay_ns(self._attempts, self._rng)
        self._attempts += 1
        self.counters.reconnects += 1
        return self._new_link(now_ns + max(delay_ns, least_ns))

    def _open_if_due(self, link: LineLink, now_ns: int, actions: list[LineAction]) -> None:
        if link.state is not LineState.WAITING or link.due_ns > now_ns or self._halted:
            return
        if self._time_wanted_ns and now_ns - self._time_wanted_ns < self._config.time_ns_max:
            return
        if self._token is not None and not self._token.token:
            return
        if self._connects is None or self._connects.take(1, now_ns):
            link.state = LineState.OPENING
            self.counters.opens += 1
            url = self._url if self._token is None else self._token.url(self._url)
            actions.append(Open(link.slot, url))

    def _give_up(self, link: LineLink, reason: str, now_ns: int, least_ns: int = 0) -> list[LineAction]:
        return [Close(link.slot, reason), *self._lost(link, reason, now_ns, least_ns)]

    def _lost(self, link: LineLink, reason: str, now_ns: int, least_ns: int = 0) -> list[LineAction]:
        """Forgets a link and replaces it; says so when nothing is pushed any more."""
        del self._links[link.slot]
        actions: list[LineAction] = []
        if link.requests:
            actions.append(RepliesLost(tuple(link.requests), reason))
        if self._retiring.pop(link.slot, None) is not None:
            return actions
        actions.append(LineTrouble(reason))
        if link.opened_ns and now_ns - link.opened_ns >= self._config.stable_ns:
            self._attempts = 0
        if link is self._standby:
            self.counters.switches_failed += 1
            self._standby = self._new_link_after_backoff(now_ns, least_ns)
            return actions
        assert link is self._active
        self._active, self._standby = self._standby, None
        if self._active is None:
            self._active = self._new_link_after_backoff(now_ns, least_ns)
        if link.state is LineState.UP:
            heard = self._clock.at(link.pulse.heard_ns)
            self._lost_ns = heard.venue_ns - heard.error_ns - self._config.gap_margin_ns
            actions.append(LineDown(reason))
        return actions

    def _if_up(self, link: LineLink, now_ns: int) -> list[LineAction]:
        """What follows when a link has just become UP."""
        if link.state is not LineState.UP or link.up_ns != now_ns:
            return []
        actions: list[LineAction] = []
        if link is self._standby:
            assert self._active is not None
            old, self._active, self._standby = self._active, link, None
            self._retiring[old.slot] = now_ns
            if old.state is LineState.UP:
                self.counters.switches += 1
                return [LineSwitched(old.slot, link.slot, self._switch_reason)]
            actions += self._give_up(old, "overtaken by its replacement", now_ns)
        if link is not self._active:
            return []
        venue = self._clock.at(now_ns)
        actions.append(LineUp(venue.venue_ns, link.slot))
        if self._lost_ns:
            actions += self._gap(self._lost_ns, venue.venue_ns + venue.error_ns, "the line was down")
        self._lost_ns, self._sound_ns = 0, venue.venue_ns - venue.error_ns
        return actions

    def _gap(self, since_ns: int, until_ns: int, reason: str) -> list[LineAction]:
        if not self.spec.pushes:
            return []
        self.counters.gaps += 1
        return [Gap(since_ns, until_ns, reason)]

    def _hole(self, reason: str, now_ns: int) -> list[LineAction]:
        """Something is missing on a link that goes on."""
        venue, since_ns = self._clock.at(now_ns), self._sound_ns
        self._sound_ns = venue.venue_ns - venue.error_ns - self._config.gap_margin_ns
        return self._gap(since_ns, venue.venue_ns + venue.error_ns, reason)

    def _replace_if_old(self, now_ns: int) -> list[LineAction]:
        link, age_ns_max = self._active, self.spec.connection_age_ns_max
        if link is None or link.state is not LineState.UP or not age_ns_max:
            return []
        margin_ns = min(self._config.age_margin_ns, age_ns_max // 4)
        return self._replace("age", now_ns) if now_ns - link.opened_ns >= age_ns_max - margin_ns else []

    def _replace(self, reason: str, now_ns: int) -> list[LineAction]:
        """Opens a standby beside the active link, unless there is one."""
        actions: list[LineAction] = []
        if self._standby is None and not self._halted:
            self._switch_reason = reason
            self._standby = self._new_link(now_ns)
            self._open_if_due(self._standby, now_ns, actions)
        return actions

    def _retire(self, now_ns: int) -> list[LineAction]:
        """Closes the links that were replaced and have nothing more to say."""
        actions: list[LineAction] = []
        for slot, since_ns in list(self._retiring.items()):
            link = self._links[slot]
            waits = bool(link.requests) and now_ns - since_ns < self._config.retire_ns_max
            if now_ns - since_ns >= self._config.overlap_ns and not waits:
                actions += self._give_up(link, "replaced", now_ns)
        return actions

    # --- messages -------------------------------------------------------------------------------------

    def _on_message(self, link: LineLink, message: LineMessage, now_ns: int) -> list[LineAction]:
        match message:
            case LinePing(reply_text):
                self.counters.pings_answered += 1
                return [SendText(link.slot, reply_text)]
            case LinePong():
                return []
            case LoggedIn():
                return link.logged_in(self._take_ids(), now_ns) + self._if_up(link, now_ns)
            case SubscriptionTaken(name):
                link.subscribed(name, now_ns)
                return self._if_up(link, now_ns)
            case LineShutdown():
                return self._on_shutdown(link, now_ns)
            case Stale(reason):
                return self._hole(reason, now_ns)
        return self._on_bad_news(link, message, now_ns)

    def _on_bad_news(self, link: LineLink, message: LineMessage, now_ns: int) -> list[LineAction]:
        match message:
            case LoginRefused(fault):
                self.counters.logins_refused += 1
                return self._on_refusal(link, "the login was refused", fault, now_ns)
            case SubscriptionRefused(name, fault):
                self.counters.subscriptions_refused += 1
                return self._on_refusal(link, f"{name} was refused", fault, now_ns)
            case LineEnded(reason, fault):
                if self._token is not None and link.slot not in self._retiring:
                    self._token.drop(now_ns)
                return self._on_refusal(link, reason or "ended by the venue", fault, now_ns)
        self.counters.unknown += 1
        lost = isinstance(message, LineUnknown) and message.unreadable
        return self._hole("an unreadable message", now_ns) if lost else []

    def _on_refusal(self, link: LineLink, reason: str, fault: Fault | None, now_ns: int) -> list[LineAction]:
        """The link is of no use. What follows depends on what is to blame."""
        actions: list[LineAction] = []
        if fault is not None and fault.kind in HALTING:
            actions += self._halt(fault)
        elif fault is not None and fault.kind is FaultKind.CLOCK:
            self._time_wanted_ns = now_ns
            actions.append(AskForTime())
        if fault is not None:
            reason = f"{reason}: {fault.kind.name} {fault.code} {fault.text}".rstrip()
        return actions + self._give_up(link, reason, now_ns, fault.retry_after_ns if fault else 0)

    def _halt(self, fault: Fault) -> list[LineAction]:
        """The key is to blame: links that are not open yet are forgotten, and no other is opened."""
        if self._halted:
            return []
        self._halted = True
        return [LineHalted(fault)]

    def _on_shutdown(self, link: LineLink, now_ns: int) -> list[LineAction]:
        if link is self._standby:  # of no use as a replacement: take another one
            return self._give_up(link, "the server of the replacement shuts down", now_ns)
        return self._replace("server shutdown", now_ns) if link is self._active else []

    def _on_token(self, event: TokenGot | TokenFailed, now_ns: int) -> list[LineAction]:
        assert self._token is not None
        if isinstance(event, TokenGot):
            renewed = self._token.got(event, now_ns)
            speaks = self._active is not None and self._active.state is LineState.UP
            if renewed and speaks:
                return self._replace("another token", now_ns)
            return list(self.on_tick(now_ns))
        self._token.failed(event, now_ns)
        halts = event.fault is not None and event.fault.kind in HALTING
        halted = self._halt(event.fault) if halts and event.fault is not None else []
        return [*halted, LineTrouble(event.reason, event.fault)]

    def _take_ids(self) -> int:
        self._next_id += IDS_PER_LINK
        return self._next_id - IDS_PER_LINK
