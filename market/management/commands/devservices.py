"""`manage.py devservices`: PostgreSQL and Valkey for a developer, until Ctrl-C."""

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from tracker.launch.console import run
from tracker.launch.errors import LaunchError
from tracker.launch.run_directory import RunDirectory
from tracker.launch.services import remove_data, start_services
from tracker.launch.supervisor import Supervisor


class Command(BaseCommand):
    help = "Run PostgreSQL and Valkey from wheels until Ctrl-C, and print their addresses."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--remove-data", action="store_true", help="remove PostgreSQL's data and stop there")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["remove_data"]:
                remove_data(settings.RUN_DIR)
                return
            code = run(settings.RUN_DIR, start)
        except LaunchError as error:
            raise CommandError(str(error)) from error
        sys.exit(code)


def start(supervisor: Supervisor, run_directory: RunDirectory) -> str:
    services = start_services(supervisor, run_directory.path, "demo")
    return f"export DATABASE_URL={services.database_url}\nexport REDIS_URL={services.redis_url}"
