"""The kill switch of a desk that does not run: the same requests, carried out on the files alone.

What stands here stands for the next process: it reads it before it can send, and cancels what it finds open.
"""

from __future__ import annotations

import os
from pathlib import Path

from msgspec.structs import replace

from trimaran.base.errors import ConfigError
from trimaran.domain.kill import ALL
from trimaran.live import kill_image
from trimaran.live.kill_files import KillAnswer, KillFiles, KillRequest
from trimaran.live.kill_image import KillImage, Move
from trimaran.live.kill_requests import EVERYTHING


def carry_out(files: KillFiles, name: str, request: KillRequest, now_ns: int, existed: bool) -> KillAnswer:
    """Carries out what lies there, then `request`. To be called by who is `alone`.

    Raises ConfigError or OSError where the files cannot be written; a reset that is refused is an answer.
    """
    files.make()
    image = files.load(now_ns, existed)
    for left in files.requests():
        found, identity = files.read_request(left)
        if found.action == "kill":  # anything else was answered to nobody
            image = _killed(image, left, found, now_ns)
            files.save(image)
        files.remove_request(left, identity)
    answer = KillAnswer(request=name, state=request.state, committed_ns=now_ns, offline=True, done=True)
    scope = request.switch
    if request.action == "kill":
        image = _killed(image, name, request, now_ns)
        files.save(image)
    elif request.action == "code":
        answer = replace(answer, code=kill_image.reset_code(image, scope, request.target, now_ns))
    else:
        try:
            kill_image.check_reset(image, scope, request.target, request.code, now_ns)
        except ConfigError as error:
            answer = replace(answer, refused=str(error))
        else:
            image = kill_image.lifted(
                image, scope, request.target, request.actor, request.reason, now_ns, name, nonce()
            )
            files.save(image)
    shown = EVERYTHING if scope is None else scope.text
    return replace(answer, scope=shown, kept_ns=now_ns, standing=image.switches, trouble=image.trouble)


def nonce() -> str:
    """What no code of before knows."""
    return os.urandom(16).hex()


def has_run(state_folder: Path) -> bool:
    """Whether a desk has kept anything in a state folder."""
    journal = state_folder / "journal"
    return journal.is_dir() and any(journal.iterdir())


def _killed(image: KillImage, name: str, request: KillRequest, now_ns: int) -> KillImage:
    scope = request.switch or ALL
    before = image.state(scope)
    after = max(before, request.target)
    actor, reason = kill_image.cut(request.actor), kill_image.cut(request.reason)
    return kill_image.moved(image, Move(scope, before, after, actor, reason, now_ns, name), nonce())
