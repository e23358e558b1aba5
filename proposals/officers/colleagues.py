"""Whom to ask: officers who hold a right."""

from django.contrib.auth.models import Permission
from django.db.models import Q, QuerySet

from applicants.models import User


def users_with_permission(right: str) -> QuerySet[User]:
    """Active officers who hold a right such as "proposals.change_enquiry", by their role or themselves."""
    app, _dot, codename = right.partition(".")
    permission = Permission.objects.filter(content_type__app_label=app, codename=codename)
    return User.objects.filter(
        Q(groups__permissions__in=permission) | Q(user_permissions__in=permission),
        is_active=True,
        is_staff=True,
    ).distinct()
