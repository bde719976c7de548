"""What the parts of one account's client share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from trimaran.domain.ports import Clock
from trimaran.domain.reports import Report
from trimaran.venues.wire.account_fold import AccountFold
from trimaran.venues.wire.asker import Asker
from trimaran.venues.wire.client_port import ClientEvent, ClientOptions
from trimaran.venues.wire.private_spec import PrivateSpec


class Shared(NamedTuple):
    """One of it is made with the client, and never changed."""

    spec: PrivateSpec
    options: ClientOptions
    clock: Clock
    asker: Asker
    fold: AccountFold
    tell: Callable[[Sequence[ClientEvent]], None]  # hands events on, and is called once with each
    hear: Callable[[Report], None]  # takes a report, whose news it tells
    hears: Callable[[], bool]  # whether changes of orders are pushed to us now
