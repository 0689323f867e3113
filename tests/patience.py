"""How long a test waits for what has to come: a machine that others keep busy needs a multiple of the usual."""

from typing import Final

PATIENT_SECONDS: Final = 30.0
