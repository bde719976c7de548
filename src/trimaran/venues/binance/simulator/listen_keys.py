"""Listen keys of USD-M: names of user data streams, an hour long, renewed by asking.

https://developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams. A stream with the key
of nobody is opened and stays silent, as on the venue.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from trimaran.venues.binance.simulator.endpoints import Call, Endpoint, Security, weighs
from trimaran.venues.binance.simulator.refusals import bad
from trimaran.venues.binance.simulator.streams import Subscriber
from trimaran.venues.binance.simulator.user_data import Push, UserData

VALID_MS: Final = 60 * 60_000


class _Key(msgspec.Struct):
    name: str
    account_id: int
    expires_ms: int


class UserStream:
    """A connection's subscription of a listen key."""

    def __init__(self, name: str, account_id: int, subscriber: Subscriber, events: frozenset[str]) -> None:
        self.name = name
        self.account_id = account_id
        self._subscriber = subscriber
        self._events = events  # none: all of them

    def push(self, push: Push) -> None:
        """Sends an event that was asked for."""
        if not self._events or push.event in self._events:
            self._subscriber.send_text(self.name, push.text, 1.0)


class ListenKeys:
    """The keys of every account, one each."""

    def __init__(self, user_data: UserData, valid_ms: int = VALID_MS) -> None:
        self._user_data = user_data
        self._valid_ms = valid_ms
        self._by_account: dict[int, _Key] = {}
        self._by_name: dict[str, _Key] = {}
        self._streams: dict[str, list[UserStream]] = {}

    def endpoints(self) -> list[Endpoint]:
        """Create, renew, close; the same with the words of the WebSocket API."""
        path, key, one = "/fapi/v1/listenKey", Security.KEY, weighs(1)
        return [
            Endpoint("POST", path, self.create, one, key, ("userDataStream.start",)),
            Endpoint("PUT", path, self.renew, one, key, ("userDataStream.ping",)),
            Endpoint("DELETE", path, self.close, one, key, ("userDataStream.stop",)),
        ]

    def create(self, call: Call) -> str:
        """The key of the account, valid for an hour from now."""
        found = self._by_account.get(call.account_id)
        if found is None:
            digest = hashlib.sha256(f"{call.account_id}:{call.server_ms}".encode()).hexdigest()
            found = _Key(digest, call.account_id, 0)
            self._by_account[call.account_id] = self._by_name[digest] = found
        found.expires_ms = call.server_ms + self._valid_ms
        return f'{{"listenKey":"{found.name}"}}'

    def renew(self, call: Call) -> str:
        """Another hour. Raises -1125 when there is no key."""
        if call.account_id not in self._by_account:
            raise bad(-1125, "This listenKey does not exist.")
        return self.create(call)

    def close(self, call: Call) -> str:
        """Forgets the key."""
        found = self._by_account.get(call.account_id)
        if found is not None:
            self._forget(found)
        return "{}"

    def expire(self, now_ms: int) -> None:
        """Ends keys that nobody renewed, with a word to their listeners."""
        for found in [each for each in self._by_account.values() if each.expires_ms <= now_ms]:
            self._end(found, now_ms)

    def expire_all(self, now_ms: int) -> None:
        """Ends every key now, as when the hour of each were over."""
        for found in list(self._by_account.values()):
            self._end(found, now_ms)

    def join(self, name: str, route: str, subscriber: Subscriber, now_ns: int) -> UserStream | None:
        """Subscribes to a key; None (and silence) for a key of nobody. Events may follow an `@`."""
        name, _, listed = name.partition("@")
        found = self._by_name.get(name)
        if found is None:
            return None
        events = frozenset(event for event in listed.split("/") if event)
        stream = UserStream(name, found.account_id, subscriber, events)
        self._streams.setdefault(name, []).append(stream)
        self._user_data.join(found.account_id, stream)
        return stream

    def leave(self, stream: UserStream, subscriber: Subscriber) -> None:
        """Unsubscribes."""
        self._user_data.leave(stream.account_id, stream)
        found = self._streams.get(stream.name, [])
        if stream in found:
            found.remove(stream)

    def _end(self, found: _Key, now_ms: int) -> None:
        text = f'{{"e":"listenKeyExpired","E":{now_ms},"listenKey":"{found.name}"}}'
        for stream in self._streams.get(found.name, []):
            stream.push(Push(found.account_id, "listenKeyExpired", text))
        self._forget(found)

    def _forget(self, found: _Key) -> None:
        self._by_account.pop(found.account_id, None)
        self._by_name.pop(found.name, None)
        for stream in self._streams.pop(found.name, []):
            self._user_data.leave(stream.account_id, stream)
