"""`manage.py devservices`: PostgreSQL and Valkey for a developer, until Ctrl-C."""

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from tracker.launch.console import run
from tracker.launch.errors import LaunchError
from tracker.launch.run_directory import RunDirectory
from tracker.launch.services import start_services
from tracker.launch.supervisor import Supervisor


class Command(BaseCommand):
    help = "Run PostgreSQL and Valkey from wheels until Ctrl-C, and print their addresses."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            code = run(settings.RUN_DIR, start)
        except LaunchError as error:
            raise CommandError(str(error)) from error
        sys.exit(code)


def start(supervisor: Supervisor, run_directory: RunDirectory) -> str:
    services = start_services(supervisor, run_directory.path, "demo")
    return f"export DATABASE_URL={services.database_url}\nexport REDIS_URL={services.redis_url}"
