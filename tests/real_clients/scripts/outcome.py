"""How a script of this folder tells what a client could do. Needs nothing but Python."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping


def finish(client: str, worked: Iterable[str], failed: Mapping[str, str]) -> int:
    """Prints one line of JSON; the exit code, 1 when anything failed."""
    print(json.dumps({"client": client, "worked": list(worked), "failed": dict(failed)}), flush=True)
    return 1 if failed else 0
