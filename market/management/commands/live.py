"""`manage.py live`: the whole tracker on SSI FastConnect, until Ctrl-C."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from market.management.stack import StackCommand

CREDENTIALS = ("SSI_CONSUMER_ID", "SSI_CONSUMER_SECRET")


class Command(StackCommand):
    help = "Run everything on SSI FastConnect, with the credentials in .env, until Ctrl-C."
    simulated = False

    def handle(self, *args: Any, **options: Any) -> None:
        missing = [name for name in CREDENTIALS if not getattr(settings, name)]
        if missing:
            raise CommandError(f"{' and '.join(missing)}: expected in .env (see .env.example), not set.")
        self.run_stack(self.choices())
