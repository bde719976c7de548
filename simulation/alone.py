"""Plays seeds with the sources beside this file, whatever is installed, until one fails; for `plant.py`.

    python FOLDER/simulation/alone.py FIRST LAST+1

Prints the seed that failed and why, and exits with 1; with 0 when none did.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path


def main() -> int:
    """The sources of this folder take the place of those that are installed."""
    folder = Path(__file__).resolve().parents[1]
    if (folder / "src" / "trimaran" / "native" / "__init__.py").exists() and any(
        (folder / "src" / "trimaran" / "native").glob("*.so")
    ):
        sys.meta_path[:] = [each for each in sys.meta_path if "Redirecting" not in type(each).__name__]
        sys.path.insert(0, str(folder / "src"))
    sys.path.insert(0, str(folder))
    play = importlib.import_module("simulation.seed").play
    for seed in range(int(sys.argv[1]), int(sys.argv[2])):
        verdict = play(seed)
        if not verdict.passed:
            print(seed)
            print("\n".join(verdict.violations))
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
