"""`.run/` in the checkout: the lock of the one launcher that may run here, and the secrets made for it."""

import fcntl
import os
import secrets
from pathlib import Path

from tracker.launch.errors import LaunchError
from tracker.launch.places import owned_directory


class RunDirectory:
    """The folder, held by this process from `__init__` until the process ends, however it ends.

    Raises LaunchError when another launcher holds it.
    """

    def __init__(self, path: Path) -> None:
        self.path = owned_directory(path, None)
        self.lock = (path / "lock").open("a+")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.lock.seek(0)
            holder = self.lock.read().strip() or "unknown"
            self.lock.close()
            raise LaunchError(f"Already running from this folder (process {holder}). Stop it first.") from None
        self.lock.truncate(0)
        self.lock.write(f"{os.getpid()}\n")
        self.lock.flush()

    def secret(self, name: str) -> str:
        """Return the secret of that name; made at random and written, for us alone to read, when first asked for."""
        file = self.path / f"{name}.secret"
        if not file.exists():
            fresh = self.path / f"{name}.new"
            fresh.unlink(missing_ok=True)
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
                stream.write(secrets.token_urlsafe(48 if name == "secret_key" else 12))
            fresh.rename(file)
        return file.read_text().strip()

    def close(self) -> None:
        self.lock.close()
