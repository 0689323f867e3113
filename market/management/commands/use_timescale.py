"""Move the history tables to TimescaleDB, on a server that got the extension after they were made."""

import importlib
from argparse import ArgumentParser
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import DEFAULT_DB_ALIAS, connections

from market.storage.level import DESCRIPTIONS, database_level

# By name, because Python's import statement takes no name that starts with a digit.
MIGRATIONS = [importlib.import_module(f"{app}.migrations.0004_timescale") for app in ("market", "alerts")]


class Command(BaseCommand):
    help = "Use what TimescaleDB offers, if the server has got it since `migrate`. Running it again changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS, help="alias of the database")

    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        with connection.schema_editor(atomic=True) as editor:
            for migration in MIGRATIONS:
                migration.forwards(apps, editor)
        self.stdout.write(f"{DESCRIPTIONS[database_level(connection)]}.")
