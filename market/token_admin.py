"""Admin page of the API tokens: made here, shown once, revoked, never edited into something else."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from market.models import ApiToken


class ApiTokenAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["name", "user", "shown", "valid", "created_at", "last_used_at"]
    list_select_related = ["user"]
    list_filter = [("revoked_at", admin.EmptyFieldListFilter)]
    search_fields = ["name", "user__username", "shown"]
    autocomplete_fields = ["user"]
    readonly_fields = ["shown", "created_at", "last_used_at", "revoked_at"]
    fields = ["name", "user", *readonly_fields]
    actions = ["revoke"]

    @admin.display(description=_("valid"), boolean=True)
    def valid(self, token: ApiToken) -> bool:
        return token.revoked_at is None and token.user.is_active

    def get_readonly_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> list[str]:
        """Keep the user of a stored token: whoever holds it would get another one's rights."""
        return ["user", *self.readonly_fields] if obj else self.readonly_fields

    def save_model(self, request: HttpRequest, obj: ApiToken, form: "ModelForm[ApiToken]", change: bool) -> None:
        """Make the secret of a new token and show it this one time."""
        if change:
            super().save_model(request, obj, form, change)
            return
        token = obj.renew()
        super().save_model(request, obj, form, change)
        said = gettext("Copy the token now, it will not be shown again: %(token)s") % {"token": token}
        self.message_user(request, said, messages.WARNING)

    @admin.action(description=_("Revoke the selected tokens"), permissions=["change"])
    def revoke(self, request: HttpRequest, tokens: QuerySet[ApiToken]) -> None:
        for token in tokens:
            token.revoke()
        self.message_user(request, gettext("%(count)d tokens revoked.") % {"count": len(tokens)})
