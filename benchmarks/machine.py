"""The machine a run was made on."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import psutil

from mekong.foundation.postgres import binaries


def facts(data: Path) -> dict[str, Any]:
    """Cores, processor, memory, disk, versions, and how busy it was when the run began.

    Args:
        data: the folder the run writes to; its file system decides what a durable commit costs.
    """
    return {
        "cores": os.cpu_count(),
        "usable_cores": len(psutil.Process().cpu_affinity()) if hasattr(psutil.Process, "cpu_affinity") else None,
        "cpu": _processor(),
        "memory_mib": psutil.virtual_memory().total // 2**20,
        "file_system": _file_system(data),
        "os": platform.platform(),
        "python": platform.python_version(),
        "postgres": _postgres(),
        "load_at_start": [round(each, 2) for each in os.getloadavg()],
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def _file_system(folder: Path) -> str:
    there = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    mounts = [each for each in psutil.disk_partitions(all=True) if there.is_relative_to(each.mountpoint)]
    return max(mounts, key=lambda each: len(each.mountpoint)).fstype if mounts else "unknown"


def _postgres() -> str:
    said = subprocess.run([binaries() / "postgres", "--version"], capture_output=True, text=True, check=False)
    return said.stdout.strip().rpartition(" ")[2]
