"""What readers fill in about themselves."""

from typing import Any

from django import forms
from django.contrib.auth.forms import (
    AuthenticationForm,
    PasswordChangeForm,
    PasswordResetForm,
    SetPasswordForm,
    UserCreationForm,
)
from django.contrib.auth.models import User
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _

from market.models import ApiToken
from tracker.accounts.limits import limits

LONGEST_NAME = 40
MAILS_PER_DAY = 5  # to one address
DAY = 24 * 3600


class LogInForm(AuthenticationForm):
    """Name and password."""

    error_messages = {
        "invalid_login": _("Name and password do not fit together. Capital letters matter in both."),
        "inactive": _("This account is switched off."),
    }


class SignUpForm(UserCreationForm):  # type: ignore[type-arg]  # generic in its stub alone
    """A new account."""

    class Meta:
        model = User
        fields = ("username", "email")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["username"].help_text = _("Letters, digits and @ . + - _ only.")
        self.fields["username"].validators.append(MaxLengthValidator(LONGEST_NAME))
        self.fields["username"].widget.attrs |= {"maxlength": str(LONGEST_NAME), "autocapitalize": "none"}
        email = self.fields["email"]
        email.help_text = _("Without it nobody can help you when the password is forgotten.")
        email.widget.attrs["autocomplete"] = "email"


class EmailForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in its stub alone
    """Where to send what resets a password."""

    class Meta:
        model = User
        fields = ("email",)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["email"].widget.attrs["autocomplete"] = "email"

    def save(self, commit: bool = True) -> User:
        """Store the address and nothing else of the account, which others may change meanwhile."""
        user: User = super().save(commit=False)
        if commit:
            user.save(update_fields=["email"])
        return user


class PasswordAlone:
    """For Django's forms: store the password and nothing else of the account, which others may change meanwhile."""

    def save(self, commit: bool = True) -> User:
        user: User = super().save(commit=False)  # type: ignore[misc]  # of the form that it is mixed into
        if commit:
            user.save(update_fields=["password"])
        return user


class ChangePasswordForm(PasswordAlone, PasswordChangeForm):
    """Another password, for whoever knows the present one."""


class NewPasswordForm(PasswordAlone, SetPasswordForm):  # type: ignore[type-arg]  # generic in its stub alone
    """Another password, for whoever has the mailed link."""


class ResetForm(PasswordResetForm):
    """Django's form, which sends a few mails a day to one address and answers the same to everybody."""

    def save(self, *args: Any, **options: Any) -> None:
        if limits.spend(f"reset:mail:{self.cleaned_data['email'].casefold()}", MAILS_PER_DAY, DAY):
            super().save(*args, **options)


class DeleteForm(forms.Form):
    """The password once more, before everything is gone."""

    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, user: User, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.user = user

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not self.user.check_password(password):
            raise forms.ValidationError(_("This is not your password."))
        return password


class TokenForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in its stub alone
    """A new API token."""

    class Meta:
        model = ApiToken
        fields = ("name",)
        labels = {"name": _("What it is for")}
        help_texts = {"name": ""}
