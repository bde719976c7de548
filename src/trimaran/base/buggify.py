"""Named points of the code at which a simulation may let something go wrong: a crash, a pause.

    point("journal.after_write")

A point does nothing, at the cost of one comparison, unless a simulation has set a hook; the hook is told the
name and may raise. Only shells and loops have points (`engine/loop.py`, `journal/`, `live/`, the shells of
`venues/wire`), never the pure code between them. A name is `component.before_or_after_what`; it is written
once in the code, so that a name found in a report leads to its line. Points stand where a crash would make a
difference: before and after bytes leave, before and after something becomes durable, between two effects of
one step.
"""

from __future__ import annotations

from collections.abc import Callable

Hook = Callable[[str], None]

_hook: Hook | None = None


def point(name: str) -> None:
    """Something may go wrong here, in a simulation."""
    if _hook is not None:
        _hook(name)


def set_hook(hook: Hook | None) -> Hook | None:
    """Sets what points call from now on, None for nothing; what they called before."""
    global _hook  # one simulation at a time owns the process
    before, _hook = _hook, hook
    return before
