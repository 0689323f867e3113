"""Signing up, logging in and what readers may change about themselves. Django's own views wherever it has them."""

from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout
from django.contrib.auth import views as auth
from django.contrib.auth.decorators import login_not_required, login_required
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse, reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe
from django.views.generic import FormView

from market.models import ApiToken
from tracker.accounts import second_factor
from tracker.accounts.forms import (
    ChangePasswordForm,
    DeleteForm,
    EmailForm,
    LogInForm,
    NewPasswordForm,
    ResetForm,
    SignUpForm,
    TokenForm,
)
from tracker.accounts.limits import address_of, limits

BACKEND: Final = "django.contrib.auth.backends.ModelBackend"
HOUR: Final = 3600
SAFE: Final = ("GET", "HEAD")
TRIES_FOR_EACH: Final = 6  # a form that comes back with a mistake is a try too
RESETS_PER_HOUR: Final = 10  # of one address
MOST_TOKENS: Final = 20  # that hold, of one user
SIGN_UP_LOCK: Final = 0x73_69_67_6E  # "sign"; advisory locks are the database's own, so one constant will do


class LogIn(auth.LoginView):
    """The log-in page; django-axes answers for it after too many wrong passwords."""

    template_name = "accounts/log_in.html"
    authentication_form = LogInForm
    redirect_authenticated_user = True
    extra_context = {"page": "log-in"}


@method_decorator([login_not_required, never_cache, sensitive_post_parameters()], name="dispatch")
class SignUp(auth.RedirectURLMixin, FormView):  # type: ignore[type-arg]  # generic in its stub alone
    """Make an account and log in; where ACCOUNTS_SIGN_UP is off, say so."""

    template_name = "accounts/sign_up.html"
    form_class = SignUpForm
    next_page = settings.LOGIN_REDIRECT_URL
    extra_context = {"page": "sign-up"}

    def dispatch(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            return HttpResponseRedirect(self.get_success_url())
        if not settings.ACCOUNTS_SIGN_UP:
            return render(request, "accounts/sign_up_closed.html", status=403)
        tries = TRIES_FOR_EACH * settings.SIGN_UPS_PER_HOUR_PER_ADDRESS
        if request.method == "POST" and not limits.spend(f"sign-up:tries:{address_of(request)}", tries, HOUR):
            return too_often(request)
        return super().dispatch(request, *args, **options)

    def form_valid(self, form: SignUpForm) -> HttpResponse:
        most = settings.SIGN_UPS_PER_HOUR_PER_ADDRESS
        if not limits.spend(f"sign-up:made:{address_of(self.request)}", most, HOUR):
            return too_often(self.request)
        user = sign_up(form)
        if user is None:
            return self.form_invalid(form)
        login(self.request, user, BACKEND)
        return super().form_valid(form)

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        return super().get_context_data(**context) | {self.redirect_field_name: self.get_redirect_url()}


@transaction.atomic
def sign_up(form: SignUpForm) -> User | None:
    """Store the account, one at a time; None if somebody took the name, in whatever case, since the form was judged."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SIGN_UP_LOCK])
    form.full_clean()
    return form.save() if form.is_valid() else None


def too_often(request: HttpRequest) -> HttpResponse:
    response = render(request, "accounts/too_often.html", status=429)
    response["Retry-After"] = str(HOUR)
    return response


@method_decorator(login_not_required, name="dispatch")
class Reset(auth.PasswordResetView):
    """Send a link to whoever forgot the password; where no mail is sent, say who helps instead."""

    template_name = "accounts/reset.html"
    email_template_name = "accounts/reset_mail.txt"
    subject_template_name = "accounts/reset_subject.txt"
    form_class = ResetForm
    success_url = reverse_lazy("accounts:reset_sent")

    def dispatch(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponseBase:
        if settings.EMAIL_BACKEND == settings.NO_MAIL:
            return render(request, "accounts/reset_closed.html", status=200 if request.method in SAFE else 403)
        return super().dispatch(request, *args, **options)

    def post(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        if not limits.spend(f"reset:{address_of(request)}", RESETS_PER_HOUR, HOUR):
            return too_often(request)
        return super().post(request, *args, **options)


class NewPassword(auth.PasswordResetConfirmView):
    """Where the mailed link leads."""

    template_name = "accounts/new_password.html"
    form_class = NewPasswordForm
    success_url = reverse_lazy("accounts:log_in")

    def form_valid(self, form: Any) -> HttpResponse:
        messages.success(self.request, _("Your password is changed. You can log in with it now."))
        return super().form_valid(form)


class ChangePassword(auth.PasswordChangeView):
    """Another password; other sessions of this account end."""

    template_name = "accounts/change_password.html"
    form_class = ChangePasswordForm
    success_url = reverse_lazy("accounts:account")

    def form_valid(self, form: Any) -> HttpResponse:
        messages.success(self.request, _("Your password is changed. Other devices have to log in again."))
        return super().form_valid(form)


@require_safe
@never_cache
@login_required
def account(request: HttpRequest) -> HttpResponse:
    """What the reader may see and change about the account."""
    return account_page(request)


def account_page(request: HttpRequest, status: int = 200, **more: Any) -> HttpResponse:
    user = user_of(request)
    context = {
        "page": "account",
        "email_form": EmailForm(instance=user),
        "token_form": TokenForm(auto_id="id_token_%s"),
        "tokens": user.api_tokens.filter(revoked_at=None),
        "asks_second_factor": second_factor.is_for(user),
    }
    if context["asks_second_factor"]:
        context |= {"has_app": second_factor.app_of(user) is not None, "codes_left": second_factor.codes_left(user)}
    return render(request, "accounts/account.html", context | more, status=status)


def user_of(request: HttpRequest) -> User:
    """The reader, where a decorator made sure that there is one."""
    assert isinstance(request.user, User)
    return request.user


@require_POST
@login_required
def change_email(request: HttpRequest) -> HttpResponse:
    """Another e-mail address."""
    form = EmailForm(request.POST, instance=User.objects.get(pk=user_of(request).pk))
    if not form.is_valid():
        return account_page(request, 400, email_form=form)
    form.save()
    messages.success(request, _("Your e-mail address is changed."))
    return HttpResponseRedirect(reverse("accounts:account"))


@require_POST
@never_cache
@login_required
def make_token(request: HttpRequest) -> HttpResponse:
    """A new API token. This answer alone shows it: only its digest is stored."""
    user = user_of(request)
    form = TokenForm(request.POST, auto_id="id_token_%s")
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)  # two tabs are counted one after the other
        if form.is_valid() and user.api_tokens.filter(revoked_at=None).count() >= MOST_TOKENS:
            form.add_error("name", _("You have as many tokens as an account may have; revoke one first."))
        if form.is_valid():
            made, token = ApiToken.issue(user, form.cleaned_data["name"])
    if not form.is_valid():
        return account_page(request, 400, token_form=form)
    return account_page(request, made=made, token=token)


@require_POST
@login_required
def revoke_token(request: HttpRequest, number: int) -> HttpResponse:
    """Refuse a token of one's own from now on."""
    token = get_object_or_404(ApiToken, pk=number, user=user_of(request))
    token.revoke()
    messages.success(request, _("The token “{}” is revoked.").format(token.name))
    return HttpResponseRedirect(reverse("accounts:account"))


@sensitive_post_parameters("password")
@never_cache
@login_required
def delete(request: HttpRequest) -> HttpResponse:
    """Delete the account with all that belongs to it. Administrators are deleted by another one."""
    user = user_of(request)
    if user.is_staff:
        return render(request, "accounts/delete.html", {"refused": True}, status=403)
    form = DeleteForm(user, request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return render(request, "accounts/delete.html", {"form": form}, status=400 if form.is_bound else 200)
    logout(request)
    user.delete()
    messages.success(request, _("Your account is deleted."))
    return HttpResponseRedirect(settings.LOGIN_REDIRECT_URL)
