"""Seal users' addresses and secrets with the first of DELIVERY_KEYS, so that the others can go."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from alerts.delivery.sealing import SealBroken, reseal
from alerts.models import DeliveryChannel, PushDevice


class Command(BaseCommand):
    help = "Seal what delivery keeps with the first of DELIVERY_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        """Reseal every row; what no key opens is left as it is and named at the end."""
        left: list[str] = []
        with transaction.atomic():
            for channel in DeliveryChannel.objects.select_for_update():
                self._reseal(channel, ("target", "pending"), left)
            for device in PushDevice.objects.select_for_update():
                self._reseal(device, ("subscription",), left)
        if left:
            raise CommandError(f"no key opens these, their users must enter them again: {', '.join(left)}")
        if options["verbosity"]:
            self.stdout.write("Everything is sealed with the first key.")

    def _reseal(self, row: DeliveryChannel | PushDevice, fields: tuple[str, ...], left: list[str]) -> None:
        try:
            for field in fields:
                setattr(row, field, reseal(getattr(row, field)))
        except SealBroken:
            left.append(f"{row._meta.model_name} {row.pk}")
        else:
            row.save(update_fields=fields)
