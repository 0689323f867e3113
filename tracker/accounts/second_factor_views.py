"""The pages of the second factor: show a code, set an app up, make recovery codes anew, take it all away."""

from typing import Any

import segno
from axes.helpers import get_lockout_response
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.contrib.auth.views import RedirectURLMixin, redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST
from django.views.generic import FormView

from tracker.accounts import second_factor
from tracker.accounts.second_factor import Tried


class CodeForm(forms.Form):
    """A code of the app, or a recovery code."""

    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=20,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false", "autofocus": True}
        ),
    )


def staff_in(request: HttpRequest) -> User:
    """Who asks, if this is for them. Raises Http404."""
    if not isinstance(request.user, User) or not second_factor.is_for(request.user):
        raise Http404
    return request.user


@method_decorator([never_cache, sensitive_post_parameters("code"), login_required], name="dispatch")
class CodeView(RedirectURLMixin, FormView):  # type: ignore[type-arg]  # generic in its stub alone
    """A page that asks for a code; wrong ones lock as wrong passwords do."""

    form_class = CodeForm
    extra_context = {"page": "account"}
    next_page = "admin:index"

    def dispatch(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponseBase:
        self.user = staff_in(request)
        if elsewhere := self.elsewhere():
            return HttpResponseRedirect(elsewhere)
        if request.method == "POST" and second_factor.is_locked(request, self.user):
            locked: HttpResponse = get_lockout_response(request, credentials={"username": self.user.get_username()})
            return locked
        return super().dispatch(request, *args, **options)

    def elsewhere(self) -> str | None:
        """Where to go instead."""
        raise NotImplementedError

    def refuse(self, form: CodeForm, tried: Tried) -> HttpResponse:
        """The page once more, with what is wrong."""
        wrong = _("This code is not valid, or was used already. Is the clock of your phone right?")
        too_soon = _("Too many wrong codes. Wait a moment before you try again.")
        form.add_error("code", too_soon if tried is Tried.TOO_SOON else wrong)
        return self.form_invalid(form)

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        return super().get_context_data(**context) | {self.redirect_field_name: self.get_redirect_url()}


class ShowCode(CodeView):
    """Between the log-in and the admin."""

    template_name = "accounts/second_factor.html"

    def elsewhere(self) -> str | None:
        return None if second_factor.app_of(self.user) else reverse("accounts:set_up_second_factor")

    def form_valid(self, form: CodeForm) -> HttpResponse:
        tried = second_factor.show(self.request, self.user, form.cleaned_data["code"])
        return super().form_valid(form) if tried is Tried.RIGHT else self.refuse(form, tried)


class SetUp(CodeView):
    """Take an app into use, by the picture that it reads and a code that it shows then."""

    template_name = "accounts/set_up_second_factor.html"

    def elsewhere(self) -> str | None:
        """An app that counts has to agree to another one."""
        if second_factor.app_of(self.user) is None or second_factor.is_verified(self.request):
            return None
        return redirect_to_login(self.request.path, reverse("accounts:second_factor")).url

    def form_valid(self, form: CodeForm) -> HttpResponse:
        app = second_factor.new_app_of(self.user)
        tried = second_factor.show(self.request, self.user, form.cleaned_data["code"], app)
        if tried is not Tried.RIGHT:
            return self.refuse(form, tried)
        app.refresh_from_db()
        return show_codes(
            self.request, second_factor.take_into_use(self.request, self.user, app), self.get_success_url()
        )

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        app = second_factor.new_app_of(self.user)
        return super().get_context_data(**context) | {
            "picture": picture_of(app.config_url),
            "key": key_of(app.config_url),
        }


def picture_of(address: str) -> SafeString:
    """A QR code as SVG, drawn here: the key goes to nobody else."""
    return mark_safe(segno.make(address, error="m", micro=False).svg_inline(scale=5, light="white"))


def key_of(address: str) -> str:
    """The key in the address, for apps that cannot see the picture."""
    key = address.partition("secret=")[2].partition("&")[0]
    return " ".join(key[at : at + 4] for at in range(0, len(key), 4))


def show_codes(request: HttpRequest, codes: list[str], target: str) -> HttpResponse:
    """The recovery codes. This answer alone shows them."""
    return render(request, "accounts/recovery_codes.html", {"page": "account", "codes": codes, "target": target})


def verified_in(request: HttpRequest) -> User | HttpResponse:
    """Who asks, if this session showed a code, else the way to where it is asked for. Raises Http404."""
    user = staff_in(request)
    if second_factor.is_verified(request):
        return user
    return redirect_to_login(reverse("accounts:account"), reverse("accounts:second_factor"))


@require_POST
@never_cache
@login_required
def make_codes(request: HttpRequest) -> HttpResponse:
    """Other recovery codes, instead of those there are."""
    found = verified_in(request)
    if isinstance(found, HttpResponse):
        return found
    return show_codes(request, second_factor.renew_codes(found), reverse("accounts:account"))


@require_POST
@login_required
def remove(request: HttpRequest) -> HttpResponse:
    """Do without a second factor from now on, or set up another one where it is required."""
    found = verified_in(request)
    if isinstance(found, HttpResponse):
        return found
    second_factor.remove(found)
    messages.success(request, _("The second factor is removed."))
    return HttpResponseRedirect(reverse("accounts:account"))
