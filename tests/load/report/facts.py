"""What a report was measured on."""

import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Final

from tests.load.report.model import Machine
from tests.load.report.parts import ROOT
from tracker.launch import postgres, valkey
from tracker.launch.errors import LaunchError

UNKNOWN: Final = "unknown"


def machine() -> Machine:
    """The machine, the versions that measurements run on, and how busy it is now."""
    return Machine(
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        processor=first_match("/proc/cpuinfo", r"model name\s*: (.+)") or platform.machine(),
        cores=len(os.sched_getaffinity(0)),
        memory_gb=round(int(first_match("/proc/meminfo", r"MemTotal:\s+(\d+)") or 0) / 1e6, 1),
        python=platform.python_version(),
        postgresql=postgresql_version(),
        valkey=valkey_version(),
        load=round(os.getloadavg()[0], 2),
    )


def first_match(path: str, pattern: str) -> str:
    """The first group of a pattern in a file; empty without either."""
    try:
        found = re.search(pattern, Path(path).read_text())
    except OSError:
        return ""
    return found[1].strip() if found else ""


def postgresql_version() -> str:
    """The version of the server that benches start."""
    try:
        package = postgres.wheel()
    except LaunchError:
        return UNKNOWN
    program = next(package.rglob("bin/postgres"), None) or next(package.parent.rglob("bin/postgres"), None)
    return said(str(program), "--version") if program else UNKNOWN


def valkey_version() -> str:
    """The version of the server that benches start."""
    try:
        return said(str(valkey.program()), "--version")
    except LaunchError:
        return UNKNOWN


def commit() -> str:
    """The commit of the checkout, marked when files differ from it."""
    name = said("git", "-C", str(ROOT), "rev-parse", "--short=12", "HEAD")
    changed = said("git", "-C", str(ROOT), "status", "--porcelain", "--untracked-files=no")
    return f"{name} with changes" if changed not in ("", UNKNOWN) else name


def said(*command: str) -> str:
    """The first line that a program prints."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return UNKNOWN
    return done.stdout.strip().partition("\n")[0]
