"""`manage.py ensureadmin NAME`: an administrator whose password comes through standard input."""

import sys
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    help = "Create an administrator with the password read from standard input, which no process list shows."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--reset", action="store_true", help="set the password of an existing user too")

    def handle(self, *args: Any, **options: Any) -> None:
        password = sys.stdin.readline().strip()
        if not password:
            raise CommandError("expected a password on standard input, was empty")
        user = User.objects.filter(username=options["name"]).first()
        if user is None:
            User.objects.create_superuser(options["name"], password=password)
        elif options["reset"]:
            user.is_active = user.is_staff = user.is_superuser = True
            user.set_password(password)
            user.save()
