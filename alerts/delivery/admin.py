"""Admin pages of delivery, to look at only: whose, which way, what came of it. Neither targets nor contents.

The type ignores: Django's admin classes take type arguments in the stubs only, not at run time.
"""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from alerts.delivery.reasons import words_of
from alerts.models import Delivery, DeliveryChannel


class LookOnly:
    """Rows that nobody changes here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(DeliveryChannel)
class DeliveryChannelAdmin(LookOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("user", "kind", "enabled", "disabled_reason", "last_success_at", "last_error_at", "said")
    list_filter = ["kind", "enabled", "disabled_reason"]
    search_fields = ["=user__username"]
    search_help_text = _("A user's name.")
    fields = (*list_display, "paused_until", "messages_per_minute")
    readonly_fields = ["said"]

    @admin.display(description=_("last error"), ordering="last_error")
    def said(self, channel: DeliveryChannel) -> str:
        return words_of(channel.last_error)


@admin.register(Delivery)
class DeliveryAdmin(LookOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("created_at", "user", "kind", "subject", "status", "attempts", "finished_at", "said")
    list_filter = ["status", "channel__kind"]
    list_select_related = ["channel__user"]
    search_fields = ["=channel__user__username", "subject"]
    search_help_text = _("A user's name or a subject.")
    show_full_result_count = False
    fields = (*list_display, "message", "attempted_at", "next_attempt_at", "expires_at")
    readonly_fields = ["user", "kind", "said"]

    @admin.display(description=_("user"), ordering="channel__user")
    def user(self, delivery: Delivery) -> str:
        return str(delivery.channel.user)

    @admin.display(description=_("channel"), ordering="channel__kind")
    def kind(self, delivery: Delivery) -> str:
        return delivery.channel.get_kind_display()

    @admin.display(description=_("error"), ordering="error")
    def said(self, delivery: Delivery) -> str:
        return words_of(delivery.error)
