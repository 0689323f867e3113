"""Folders for data and programs that PostgreSQL's user can reach, whatever the checkout lies under."""

import contextlib
import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tracker.launch.accounts import give, switch_to
from tracker.launch.errors import LaunchError

NAME = "vn-stock-tracker"
UNUSED = shutil.ignore_patterns("include", "*.a")


def common_temporary_directory() -> Path:
    """Return a folder open to every user; /var/tmp first, because it outlives a restart of the machine."""
    for path in (Path("/var/tmp"), Path("/tmp")):
        if path.is_dir() and os.access(path, os.W_OK | os.X_OK):
            return path
    return Path(tempfile.gettempdir())


def owned_directory(path: Path, account: str | None, mode: int = 0o700) -> Path:
    """Make the folder, or take the one that is there if it belongs to the right user.

    Raises LaunchError for a folder, link or file of somebody else: the place is open to every user.
    """
    owner = os.geteuid() if account is None else pwd.getpwnam(account).pw_uid
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=mode)
        give(path, account)
    status = path.lstat()
    if status.st_uid != owner or path.is_symlink() or not path.is_dir():
        raise LaunchError(f"{path}: expected a folder of user {owner}, found one of {status.st_uid}. Remove it.")
    path.chmod(mode)
    return path


def data_directory(run_directory: Path, account: str | None) -> Path:
    """Return the folder for data that outlives a run: in the run directory, or for root in a common place."""
    if account is None:
        return owned_directory(run_directory / "data", None)
    checkout = hashlib.sha256(str(run_directory.resolve()).encode()).hexdigest()[:12]
    return owned_directory(common_temporary_directory() / f"{NAME}-{checkout}", account)


def temporary_directory(account: str | None) -> Path:
    """Return a new folder, which the caller removes."""
    parent = None if account is None else common_temporary_directory()
    path = Path(tempfile.mkdtemp(prefix=f"{NAME}-", dir=parent))
    give(path, account)
    return path


def can_run(program: Path, account: str | None) -> bool:
    """Tell whether the user can start the program where it lies."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, cwd="/", check=False, **switch_to(account))
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def reachable_program(
    root: Path, folders: Sequence[str], program: str, version: str, account: str | None, common: Path
) -> Path:
    """Return the path of a program where the user can run it: as installed, else in a copy open to every user.

    The copy lies in the folder `common`, holds the folders that the program needs, laid out as below `root`, and is
    made once per version.
    Raises LaunchError when the user cannot run the copy either.
    """
    if can_run(root / program, account):
        return root / program
    shelf = owned_directory(common / f"{NAME}-programs", None, 0o755)
    copy = shelf / version
    if not copy.exists():
        fresh = Path(tempfile.mkdtemp(prefix=f"{version}.", dir=shelf))
        for folder in folders:
            shutil.copytree(root / folder, fresh / folder, symlinks=True, ignore=UNUSED)
        fresh.chmod(0o755)
        try:
            fresh.rename(copy)  # complete or not there at all
        except OSError:  # another process was quicker
            shutil.rmtree(fresh)
    if not can_run(copy / program, account):
        user = account or "this user"
        raise LaunchError(f"{copy / program}: expected a program that {user} can run, it cannot. Set DATABASE_URL.")
    return copy / program
