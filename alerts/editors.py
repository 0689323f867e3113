"""The group of those who may edit alert rules, and nothing else."""

from typing import Any, Final

from django.apps.registry import Apps

EDITORS: Final = "alert editors"


def make_editors(using: str, apps: Apps | None = None, **signal: Any) -> None:
    """Receive post_migrate: make the group if there is none; one that is there keeps the rights it was given."""
    if apps is None:  # `flush` empties a database for good reasons: it is not for us to put something into it
        return
    try:
        Group, Permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    except LookupError:  # migrated to before users
        return
    group, created = Group.objects.using(using).get_or_create(name=EDITORS)
    if created:
        rights = Permission.objects.using(using).filter(
            content_type__app_label="alerts", content_type__model="alertrule"
        )
        group.permissions.set(rights)
