"""Named points of the code at which a simulation may let something go wrong: a crash, a pause.

    if hooks:
        point("journal.after_write")

A point costs one look at an empty list, unless a simulation has set a hook; the hook is told the name and may
raise. Only shells and loops have points (`engine/loop.py`, `journal/`, `live/`, the shells of `venues/wire`),
never the pure code between them, and never the way of a frame that leads to no order. A name is
`component.before_or_after_what`; it is written once in the code, so that a name found in a report leads to
its line. Points stand where a crash would make a difference: before and after bytes leave, before and after
something becomes durable, between two effects of one step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

Hook = Callable[[str], None]

hooks: Final[list[Hook]] = []  # none, or the one of the simulation that owns the process


def point(name: str) -> None:
    """Something may go wrong here, in a simulation."""
    for hook in hooks:
        hook(name)


def set_hook(hook: Hook | None) -> Hook | None:
    """Sets what points call from now on, None for nothing; what they called before."""
    before = hooks[0] if hooks else None
    hooks[:] = [] if hook is None else [hook]
    return before
