"""Files at the start, request files, signals: every handle stops; what cannot be read stops everything."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import msgspec
import pytest

from tests.support.kill_room import ARB, MAKER, SPOT, SWAP, USDM, Room, kill_room
from trimaran.base.errors import ConfigError
from trimaran.domain.decision import KillState
from trimaran.domain.kill import ALL, KillScope
from trimaran.live.kill_files import KillFiles, KillRequest

OKX = KillScope.parse("venue:okx")
KILLED, RUNNING = KillState.KILLED, KillState.RUNNING
NAMES = (f"request{number:03}" for number in itertools.count())


# --- what lies there at the start ---------------------------------------------------------------------


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "missing", "folder", "mode"])
async def test_a_kill_file_that_cannot_be_trusted_is_everything_killed(tmp_path: Path, damage: str) -> None:
    async with kill_room(tmp_path):
        pass
    file = tmp_path / "kill" / "state"
    data = file.read_bytes()
    match damage:
        case "flip":
            file.write_bytes(data[:-5] + bytes([data[-5] ^ 1]) + data[-4:])
        case "cut":
            file.write_bytes(data[: len(data) // 2])
        case "empty":
            file.write_bytes(b"")
        case "missing":
            file.unlink()
        case "folder":
            file.unlink()
            file.mkdir()
        case "mode":
            file.chmod(0o644)
    async with kill_room(tmp_path) as room:
        assert room.stops(USDM, MAKER)
        assert any("everything is KILLED" in text for text in room.told)
    async with kill_room(tmp_path) as again:  # and it stays so
        assert again.stops()
        code = again.switch.code(None, RUNNING)
        if damage == "folder":
            return
        await again.switch.reset(None, RUNNING, code, "anna", "looked into it")
        assert not again.stops()
    async with kill_room(tmp_path) as healed:
        assert not healed.stops()
        kept = [each.name for each in (tmp_path / "kill").iterdir() if each.name.startswith("damaged")]
        assert len(kept) == (damage in ("flip", "cut", "empty"))


async def test_a_whole_folder_that_is_gone_is_everything_killed_if_the_desk_has_run_before(
    tmp_path: Path,
) -> None:
    async with kill_room(tmp_path / "new") as room:
        assert not room.stops()
    async with kill_room(tmp_path / "old", existed=True) as room:
        assert room.stops()


async def test_two_processes_never_share_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trimaran.live.kill_files.OWN_S_MAX", 0.05)
    async with kill_room(tmp_path):
        with pytest.raises(ConfigError, match="another process"):
            Room(tmp_path).open()


# --- handles ------------------------------------------------------------------------------------------


async def test_a_request_file_is_carried_out_answered_and_removed(tmp_path: Path) -> None:
    async with kill_room(tmp_path) as room:
        room.account(SPOT).open = {1: (ARB, False)}
        assert not room.stops()
        room.clock.pass_ms(3)
        name = next(NAMES)
        room.files.drop(name, KillRequest(scope="venue:okx", actor="anna", reason="drill"))
        room.switch.poll()
        assert room.stops()
        assert not room.stops(USDM)
        answer = await room.answer(name)
        assert (answer.scope, answer.state, answer.refused) == ("venue:okx", "KILLED", "")
        assert answer.committed_ns - answer.last_order_ns == 3_000_000
        assert {row.market: row.left for row in answer.cancels} == {SPOT: 0, SWAP: 0}
        assert all(row.proved_ns for row in answer.cancels)
        assert answer.kept_ns
        await room.until(lambda: not room.files.requests())


async def test_the_last_point_looks_when_nobody_has_for_a_while(tmp_path: Path) -> None:
    async with kill_room(tmp_path) as room:
        assert not room.stops()
        (tmp_path / "kill" / "requests" / "now").touch()
        room.clock.pass_ms(24)
        assert not room.stops()
        room.clock.pass_ms(2)  # whatever kept the loop from looking
        assert room.stops(USDM, MAKER)


async def test_a_signal_stops_the_very_next_order(tmp_path: Path) -> None:
    async with kill_room(tmp_path) as room:
        assert not room.stops()
        room.switch.sudden("SIGUSR1")
        assert room.stops()
        (move,) = room.switch.image.switches
        assert (move.scope, move.actor, move.reason) == (ALL, "signal", "SIGUSR1")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"venue:okx",
        b'{"scope": "venue:okx"',
        b'{"scope": "venue"}',
        b'{"scope": "venue:okx", "state": "RUNNING"}',
        b'{"scope": null}',
        b'{"scope": "venue:okx", "staet": "KILLED"}',
        b"\xff" * 100,
        b"[" * 15_000,
        b" " * 20_000,
    ],
)
async def test_a_request_that_cannot_be_read_kills_all(tmp_path: Path, content: bytes) -> None:
    async with kill_room(tmp_path) as room:
        (tmp_path / "kill" / "requests" / "now").write_bytes(content)
        room.switch.poll()
        assert room.stops(USDM, MAKER)
        await room.until(lambda: not room.files.requests())


async def test_odd_things_in_the_folder_kill_all_and_hang_nothing(tmp_path: Path) -> None:
    async with kill_room(tmp_path) as room:
        requests = tmp_path / "kill" / "requests"
        (requests / ".being-written").touch()
        room.switch.poll()
        assert not room.stops()
        os.mkfifo(requests / "pipe")
        room.switch.poll()
        assert room.stops()
    async with kill_room(tmp_path / "second") as room:
        (tmp_path / "second" / "kill" / "requests" / "folder").mkdir()
        room.switch.poll()
        assert room.stops()
        await room.until(lambda: any("folder" in text for text in room.told))


async def test_a_file_of_the_same_name_is_a_new_request(tmp_path: Path) -> None:
    async with kill_room(tmp_path) as room:
        now = tmp_path / "kill" / "requests" / "now"
        for _ in range(3):
            now.touch()
            room.switch.poll()
            assert room.stops()
            await room.until(lambda: not room.files.requests())
            await room.switch.reset(None, RUNNING, room.switch.code(None, RUNNING), "anna", "looked")
            assert not room.stops()


async def test_a_request_that_a_dead_process_left_is_carried_out_by_the_next(tmp_path: Path) -> None:
    KillFiles(tmp_path).drop("left", KillRequest(scope="venue:okx", actor="anna"))
    async with kill_room(tmp_path) as room:
        assert room.stops()
        assert not room.stops(USDM)


async def test_a_reset_by_file_is_confirmed_like_any_other(tmp_path: Path) -> None:
    async with kill_room(tmp_path) as room:
        room.switch.kill(OKX, KILLED, "anna", "drill")
        wrong = KillRequest(action="reset", scope=None, state="RUNNING", actor="ben", code="WRONG1")
        room.files.drop("wrong", wrong)
        room.switch.poll()
        assert "confirm" in (await room.answer("wrong")).refused
        assert room.stops()
        right = msgspec.structs.replace(wrong, code=room.switch.code(None, RUNNING))
        room.files.drop("right", right)
        room.switch.poll()
        assert (await room.answer("right")).refused == ""
        assert not room.stops()


async def test_a_requests_folder_that_cannot_be_looked_at_stops_everything(tmp_path: Path) -> None:
    async with kill_room(tmp_path) as room:

        def refuse() -> list[str]:
            raise OSError(24, "Too many open files")

        real = room.files.requests
        room.files.requests = refuse
        room.switch.poll()
        assert not room.stops()
        room.clock.pass_ms(1_100)
        assert room.stops()
        room.files.requests = real
        room.clock.pass_ms(30)
        assert not room.stops()


async def test_a_requests_folder_that_was_removed_is_made_again(tmp_path: Path) -> None:
    async with kill_room(tmp_path) as room:
        (tmp_path / "kill" / "requests").rmdir()
        room.switch.poll()
        (tmp_path / "kill" / "requests" / "now").touch()
        room.switch.poll()
        assert room.stops()
