"""What a figure was measured on: one line that goes with every row."""

from __future__ import annotations

import os
import platform
from pathlib import Path

CPU_INFORMATION = Path("/proc/cpuinfo")


def machine() -> str:
    """Processor, cores, kernel and load average of this minute."""
    load = "/".join(f"{average:.1f}" for average in os.getloadavg())
    return f"{processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, load {load}"


def processor() -> str:
    """The model name of the processor."""
    if CPU_INFORMATION.exists():
        for line in CPU_INFORMATION.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def joined(*parts: str) -> str:
    """The conditions of a row, the machine last."""
    return "; ".join((*parts, machine()))
