"""The user that PostgreSQL runs as: it refuses root."""

import os
import pwd
from pathlib import Path
from typing import TypedDict

from tracker.launch.errors import LaunchError

CANDIDATES = ("postgres", "nobody")


class Switch(TypedDict, total=False):
    """The arguments of subprocess.Popen that change the user."""

    user: int
    group: int
    extra_groups: list[int]


def unprivileged_account() -> str | None:
    """Return None for an ordinary user, for root the name of an existing user without rights.

    Raises LaunchError when root finds none: no user is ever made.
    """
    if os.geteuid() != 0:
        return None
    for name in CANDIDATES:
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    raise LaunchError(
        f"PostgreSQL refuses to run as root: expected one of the users {', '.join(CANDIDATES)} to exist, "
        "found none. Run as an ordinary user, or set DATABASE_URL."
    )


def switch_to(account: str | None) -> Switch:
    """Return what subprocess.Popen needs to run a program as that user."""
    if account is None:
        return {}
    entry = pwd.getpwnam(account)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def give(path: Path, account: str | None) -> None:
    """Make the user the owner of the path."""
    if account is not None:
        entry = pwd.getpwnam(account)
        os.chown(path, entry.pw_uid, entry.pw_gid)
