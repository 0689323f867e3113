"""What the commands `demo` and `live` share: settings in, a running stack out."""

import sys

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from tracker.launch.console import run
from tracker.launch.errors import LaunchError
from tracker.launch.stack import Choices, Stack


class StackCommand(BaseCommand):
    """Runs services, feed, ingest, Celery and the web server until Ctrl-C."""

    requires_system_checks = []
    simulated: bool

    def run_stack(self, choices: Choices) -> None:
        try:
            code = run(settings.RUN_DIR, lambda supervisor, held: Stack(supervisor, held, choices).start())
        except LaunchError as error:
            raise CommandError(str(error)) from error
        sys.exit(code)

    def choices(self) -> Choices:
        """What the settings say."""
        return Choices(
            simulated=self.simulated,
            root=settings.BASE_DIR,
            run_directory=settings.RUN_DIR,
            database_url=settings.DATABASE_URL if settings.HAS_DATABASE_URL else "",
            redis_url=settings.REDIS_URL if settings.HAS_REDIS_URL else "",
            secret_key="" if settings.SECRET_KEY == settings.DEFAULT_SECRET_KEY else settings.SECRET_KEY,
            admin_path=settings.ADMIN_PATH,
            port=settings.PORT,
            anonymous_read=self.simulated or settings.ANONYMOUS_READ_LOCALLY,
            sign_up=self.simulated or settings.ACCOUNTS_SIGN_UP_LOCALLY,
            metrics_port=settings.METRICS_PORT,
        )
