"""Take the second factor from a user who lost the app and the recovery codes."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from tracker.accounts import second_factor


class Command(BaseCommand):
    help = "Remove a user's second factor; the password stays. Make sure first who asked you to."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"expected the name of a user, was {username!r}")
        had = second_factor.remove(user)
        self.stdout.write(f"{username}: {'removed' if had else 'there was none'}.")
