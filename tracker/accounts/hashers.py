"""How passwords are kept: Argon2id, which is as dear to guess as Django's default at a tenth of the processor's time.

Web processes share the processor with everybody's live pages, and a password is hashed at each log-in.
"""

import os
import threading
from typing import Final

from django.contrib.auth.hashers import Argon2PasswordHasher

_room: Final = threading.BoundedSemaphore(os.cpu_count() or 1)  # more at once take memory and are no sooner done


class Argon2id(Argon2PasswordHasher):
    """Argon2id with 19 MiB and two passes, which OWASP's Password Storage Cheat Sheet names as enough."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        """Hash a password; wait while every core does so already."""
        with _room:
            return str(super().encode(password, salt))

    def verify(self, password: str, encoded: str) -> bool:
        """Whether it is the password; wait while every core hashes already."""
        with _room:
            return bool(super().verify(password, encoded))
