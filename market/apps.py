from django.apps import AppConfig

from tracker.checks import register_checks


class MarketConfig(AppConfig):
    name = "market"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        register_checks()
