"""Proposing other rules or countries: colleagues are asked where a second officer has to agree."""

from typing import Any

from django.db import transaction

from applicants.models import User
from calls.conditions import requires_second_person
from calls.models import Call, Programme
from foundation.sentences import gettext as _
from proposals.conditions import rule_changes
from proposals.delivery.emails import EmailContent, queue_email
from proposals.models import ProposedChange
from proposals.officers.colleagues import users_with_permission


@transaction.atomic
def propose_change(
    target: Call | Programme, conditions: list[dict[str, Any]], *, reason: str, by: User
) -> ProposedChange:
    """Store the proposed conditions; where a call is published, ask everybody else who may apply them.

    What the same person has proposed already, and is not in force, is not proposed again.

    Raises:
        changing.NothingChanges, UnusableRule: as `changing.propose`.
    """
    type(target).objects.select_for_update(no_key=True).only("pk").get(pk=target.pk)
    same = target.proposed_changes.filter(
        conditions=conditions,
        reason=reason,
        proposed_by=by,
        change=None,
        base=rule_changes.digest_in_force(target),
    ).first()
    if same is not None:
        return same
    change = rule_changes.propose(target, conditions, reason=reason, by=by)
    if requires_second_person(target):
        _ask_colleagues(change, by=by)
    return change


def _ask_colleagues(change: ProposedChange, *, by: User) -> None:
    colleagues = users_with_permission("proposals.change_proposedchange").exclude(pk=by.pk)
    queue_email(
        EmailContent(
            subject=_("Change to %(target)s: second officer needed") % {"target": change.target},
            what_happened=_("%(who)s has proposed a change to the conditions of %(target)s.")
            % {"who": by, "target": change.target},
            quote=change.reason,
            status=_("The conditions have not changed yet."),
            next_step=_(
                "Check what would change and how many proposals are affected. If you agree, "
                "apply the change."
            ),
            link=change.get_absolute_url(),
            link_label=_("View the proposed change"),
        ),
        to=colleagues.values_list("email", flat=True),
        key=f"proposed-change:{change.pk}",
    )
