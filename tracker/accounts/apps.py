from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Readers' accounts: who they are, and which pages want to know."""

    name = "tracker.accounts"
    label = "accounts"
