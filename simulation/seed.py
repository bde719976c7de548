"""One seed: its story is drawn, lived and judged."""

from __future__ import annotations

import traceback
from collections import Counter

import msgspec

from simulation.loop import Deadlock, Livelock, OutOfTime, SimLoop
from simulation.stage import run_story
from simulation.story import Story, draw
from simulation.world import LIFE_S_MAX, World
from trimaran.base.buggify import set_hook


class Verdict(msgspec.Struct):
    """What became of a seed."""

    seed: int
    story: Story
    violations: list[str]
    digest: int
    virtual_s: float
    counts: Counter[str]
    points: Counter[str]
    trace: list[str]

    @property
    def passed(self) -> bool:
        """Whether everything was as it must be."""
        return not self.violations


def play(seed: int, trace: bool = False, story: Story | None = None) -> Verdict:
    """Lives one seed."""
    story = story if story is not None else draw(seed)
    loop = SimLoop(seed, time_s_max=LIFE_S_MAX)
    world = World(story, loop, trace)
    before = set_hook(world.at_point)
    violations: list[str] = []
    try:
        run_story(loop, seed, world.live(), world.processes)
    except (Deadlock, Livelock, OutOfTime) as error:
        violations.append(f"LIVENESS: {type(error).__name__}: {error}")
    except Exception as error:  # whatever breaks a story is a seed that fails, not the end of the others
        where = "".join(traceback.format_exception(error)[-4:])
        violations.append(f"PROCESS: {error!r}\n{where}")
    finally:
        set_hook(before)
        if world.kills is not None:
            world.kills.close()
    violations += _left_over(loop)
    counts = world.counts + loop.network.counts + world.disk.counts
    violations += world.violations
    for oracle in world.oracles:
        violations += oracle.violations
        counts += oracle.counts
    if world.oracles:
        for gate in world.simulator.gates.values():
            each = gate.counts
            counts.update({f"venue {name}": getattr(each, name) for name in each.__struct_fields__})
    return Verdict(seed, story, violations, loop.digest, loop.time(), counts, world.points, world.trace)


def _left_over(loop: SimLoop) -> list[str]:
    """What callbacks and forgotten tasks have raised."""
    found: list[str] = []
    for context in loop.errors:
        raised = context.get("exception")
        if _of_a_lost_connection(raised):
            continue
        where = "".join(traceback.format_exception(raised)[-4:]) if raised is not None else ""
        found.append(f"PROCESS: {context.get('message')}: {raised!r}\n{where}")
    return found


def _of_a_lost_connection(error: object) -> bool:
    """aiohttp's server trips over a request whose connection is gone before its task has begun."""
    trace = error.__traceback__ if isinstance(error, TypeError) else None
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_code.co_filename.endswith("aiohttp/web_protocol.py")
