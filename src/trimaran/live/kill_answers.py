"""The kill switch over the control socket: what stands, kills, and resets with their second confirmation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trimaran.base.errors import ConfigError
from trimaran.domain.decision import KillState
from trimaran.domain.kill import KillScope
from trimaran.live.control_port import AskKill, Kill, KillReset
from trimaran.live.kill_files import CancelRow
from trimaran.live.kill_image import Move
from trimaran.live.kill_switch import KillSwitch


async def answer_kill(
    switch: KillSwitch, request: AskKill | Kill | KillReset, actor: str
) -> Mapping[str, Any]:
    """Plain values. Raises ConfigError, and then nothing was moved."""
    match request:
        case Kill(scope, state, reason):
            kill = switch.kill(KillScope.parse(scope), KillState[state], actor, reason)
            kept = await switch.kept(kill)
            return {
                "scope": kill.answer.scope,
                "state": kill.answer.state,
                "committed_ns": kill.answer.committed_ns,
                "last_order_ns": kill.answer.last_order_ns,
                "written": kept,
            }
        case KillReset(code, scope, state, reason):
            try:
                await switch.reset(_scope(scope), KillState[state], code, actor, reason)
            except OSError as error:
                raise ConfigError(f"kill file: expected a disk that takes it, found: {error}") from None
            return _standing(switch)
        case AskKill(scope, state):
            return {**_standing(switch), "code": switch.code(_scope(scope), KillState[state])}


def _scope(text: str | None) -> KillScope | None:
    return None if text is None else KillScope.parse(text)


def _standing(switch: KillSwitch) -> Mapping[str, Any]:
    image = switch.image
    return {
        "standing": [_move(move) for move in image.switches],
        "history": [_move(move) for move in image.history],
        "cancels": {scope: [_row(row) for row in rows] for scope, rows in switch.progress().items()},
        "trouble": image.trouble,
    }


def _move(move: Move) -> Mapping[str, Any]:
    return {
        "scope": move.scope.text,
        "before": move.before.name,
        "state": move.after.name,
        "actor": move.actor,
        "reason": move.reason,
        "local_ns": move.local_ns,
    }


def _row(row: CancelRow) -> Mapping[str, Any]:
    return {"market": row.market, "left": row.left, "proved_ns": row.proved_ns, "text": row.text}
