from django.apps import AppConfig
from django.core.checks import Tags, register

from market.storage.checks import check_database_level
from tracker.checks import register_checks


class MarketConfig(AppConfig):
    name = "market"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        register_checks()
        register(check_database_level, Tags.database)
