"""Ends the processes of a supervisor that was killed: a program of its own, started by file name.

It reads lines "+ PID SIGNAL", "- PID" and "rm PATH" from its standard input. The end of the input means that the
supervisor is gone, however that came about; then every process still listed gets its stop signal, last
started first, and after a grace time its whole process group is killed. Then the paths are removed.

Why not PR_SET_PDEATHSIG: that exists on Linux only, is cleared when a process changes its user, follows the
parent's thread instead of the parent and reaches no grandchildren.
"""

import os
import shutil
import signal
import sys
import time

GRACE_SECONDS = 8.0


def is_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def end(processes: dict[int, int]) -> None:
    """Signal each process, newest first, and kill what is left of its group after the grace time."""
    deadline = time.monotonic() + GRACE_SECONDS
    for pid, number in reversed(list(processes.items())):
        try:
            os.kill(pid, number)
        except OSError:
            continue
    while any(map(is_alive, processes)) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in processes:
        try:
            os.killpg(pid, signal.SIGKILL)
        except OSError:
            continue


def main() -> None:
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    processes: dict[int, int] = {}
    paths: list[str] = []
    for line in sys.stdin:
        verb, rest = line.rstrip("\n").split(" ", 1)
        if verb == "+":
            pid, number = map(int, rest.split())
            processes[pid] = number
        elif verb == "-":
            processes.pop(int(rest), None)
        else:
            paths.append(rest)
    end(processes)
    for path in paths:
        shutil.rmtree(path, ignore_errors=True)


if __name__ == "__main__":
    main()
