from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.core.checks import Tags, register
from django.utils.translation import gettext_lazy as _

from market.storage.checks import check_database_level
from tracker.checks import register_checks


class MarketConfig(AppConfig):
    name = "market"
    verbose_name = _("Market")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        register_checks()
        register(check_database_level, Tags.database)
        from market.watchlists.keepers import bring_along  # noqa: PLC0415  (it needs the models)

        user_logged_in.connect(bring_along, dispatch_uid="market.watchlists.lists")
