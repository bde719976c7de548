"""Orders over a private line: a `Carrier` that matches replies to requests, and knows when none will come."""

from __future__ import annotations

import asyncio

from trimaran.venues.wire.asker import Asker
from trimaran.venues.wire.asks import Ask
from trimaran.venues.wire.capability import Unsupported
from trimaran.venues.wire.dialect import MarketDialect
from trimaran.venues.wire.line_feed import LineFeed
from trimaran.venues.wire.line_port import RepliesLost
from trimaran.venues.wire.lines import LineReply
from trimaran.venues.wire.message import HttpReply, Stamp
from trimaran.venues.wire.rest import RestError


class OrderLine:
    """The order line of one market. Whoever hears the feed passes replies and losses on to it."""

    def __init__(self, dialect: MarketDialect, feed: LineFeed, asker: Asker) -> None:
        self.late = 0  # replies that nobody waited for any more
        self.feed = feed
        self._dialect = dialect
        self._asker = asker
        self._waiting: dict[int, asyncio.Future[HttpReply]] = {}

    async def carry(self, ask: Ask[object], stamp: Stamp, answer_s_max: float) -> HttpReply | None:
        """See `Carrier`: None means that nothing was sent. Raises VenueFault as `Asker.count` does."""
        session = self.feed.session
        if not session.is_up:
            return None
        request_id = session.take_id()
        text = self._dialect.write_order(ask, request_id, stamp)
        if isinstance(text, Unsupported):
            return None
        self._asker.count(ask)
        if not self.feed.send_order(text, request_id):
            self._asker.uncount(ask)
            return None
        reply: asyncio.Future[HttpReply] = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = reply
        try:
            async with asyncio.timeout(answer_s_max):
                return await reply
        except TimeoutError as error:
            raise RestError(f"no reply over the line within {answer_s_max} s") from error
        finally:
            del self._waiting[request_id]

    def on_reply(self, reply: LineReply) -> None:
        """A reply came in."""
        waiting = self._waiting.get(reply.request_id)
        if waiting is None or waiting.done():
            self.late += 1
        else:
            waiting.set_result(reply.reply)

    def on_lost(self, lost: RepliesLost) -> None:
        """Replies that will not come: who waits for them need not wait for the deadline."""
        for request_id in lost.request_ids:
            waiting = self._waiting.get(request_id)
            if waiting is not None and not waiting.done():
                waiting.set_exception(RestError(f"the line was lost: {lost.reason}"))
