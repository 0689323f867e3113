from django.apps import AppConfig
from django.db.models.signals import post_delete, post_migrate, post_save
from django.utils.translation import gettext_lazy as _

from alerts.editors import make_editors


class AlertsConfig(AppConfig):
    name = "alerts"
    verbose_name = _("Alerts")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from alerts.delivery.checks import register_checks  # noqa: PLC0415  (it needs the models)

        register_checks()
        from alerts.models import PersonalAlert  # noqa: PLC0415  (models are there from now on)
        from alerts.personal.elsewhere import tell_user  # noqa: PLC0415  (it needs the models)

        for signal in (post_save, post_delete):
            signal.connect(tell_user, sender=PersonalAlert, dispatch_uid="alerts.personal.elsewhere")
        # Django's own receiver, connected before, has made the permissions by then.
        post_migrate.connect(make_editors, sender=self, dispatch_uid="alerts.editors")
