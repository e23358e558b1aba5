"""Logs who asks a list for data of proposals that are sealed still."""

from functools import cache
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import ForeignKey, Model
from django.dispatch import receiver
from django.http import HttpRequest

from applicants.web import current_user
from foundation import clock
from foundation.admin_site import lookup_refused
from proposals.audit.sealed_access import log_sealed_access_attempt
from proposals.models import Proposal


@receiver(lookup_refused, dispatch_uid="log_lookup_of_sealed_data")
def log_lookup(
    sender: type[Model], request: HttpRequest, lookups: list[str], **_signal: Any
) -> None:
    """Log the lookup by its name; the value that was tried is not stored."""
    reaching = [lookup for lookup in lookups if reaches_proposals(sender, lookup)]
    if reaching and Proposal.objects.sealed(clock.now()).exists():
        path = f"{request.path}?{reaching[0]}"
        log_sealed_access_attempt(None, officer=current_user(request), path=path)


def reaches_proposals(model: type[Model], lookup: str) -> bool:
    """Whether a lookup follows a relation to a proposal or to what is kept of one."""
    for part in lookup.split("__"):
        try:
            related: Any = model._meta.get_field(part).related_model
        except FieldDoesNotExist:
            return False
        if related is None:
            return False
        model = related
        if is_of_a_proposal(model):
            return True
    return False


@cache
def is_of_a_proposal(model: type[Model]) -> bool:
    """Whether its rows belong to a proposal, directly or by what they belong to."""
    if model is Proposal:
        return True
    return any(
        is_of_a_proposal(field.related_model)
        for field in model._meta.concrete_fields
        if isinstance(field, ForeignKey)
        and field.related_model is not model
        and field.related_model._meta.app_label == Proposal._meta.app_label
    )
