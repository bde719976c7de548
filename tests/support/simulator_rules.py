"""Rules of the simulators: heartbeats so strict that they show within seconds, limits lax for hasty tests."""

from __future__ import annotations

from typing import Any

from trimaran.venues.binance.simulator.connection import ConnectionRules as BinanceConnections
from trimaran.venues.binance.simulator.venue import BinanceRules
from trimaran.venues.htx.simulator.connection import ConnectionRules as HtxConnections
from trimaran.venues.htx.simulator.venue import HtxRules
from trimaran.venues.okx.simulator.connection import ConnectionRules as OkxConnections
from trimaran.venues.okx.simulator.venue import OkxRules

PING_EVERY_S = 0.2
IDLE_S = 1.0  # then OKX closes what it does not hear
BUSY_PINGS = BinanceConnections(messages_per_s=100, ping_every_s=PING_EVERY_S, pong_within_s=0.6)
STRICT: dict[str, Any] = {
    "binance": BinanceRules(weight_limits=False, spot=BUSY_PINGS, usdm=BUSY_PINGS),
    "okx": OkxRules(connections_per_s=0, connection=OkxConnections(idle_s=IDLE_S)),
    "htx": HtxRules(
        spot=HtxConnections(misses_max=3, ping_every_s=PING_EVERY_S),
        swap=HtxConnections(misses_max=3, ping_every_s=PING_EVERY_S),
    ),
}
LAX: dict[str, Any] = {"okx": OkxRules(connections_per_s=0)}  # what `limits=False` leaves in force
