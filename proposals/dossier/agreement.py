"""What a consortium may see of an organisation: name and country, until it has agreed to take part.

This is the one place that answers it. Anybody can add any organisation of the registry to a draft; that alone
shows nothing of the organisation's profile and none of its people.
"""

from datetime import datetime

from allauth.account.models import EmailAddress
from django.db.models.fields.json import KT

from applicants.addresses import is_address
from applicants.models import Organisation, ProfileSection, User
from foundation import clock
from proposals.models import Participant


def visible_record(participant: Participant, organisation: Organisation) -> Organisation:
    """The organisation's record as its consortium may see it. The reduced one is not for saving."""
    if participant.has_agreed:
        return organisation
    reduced = Organisation(
        pk=organisation.pk, legal_name=organisation.name, country=organisation.country
    )
    reduced._state.adding = False
    return reduced


def can_agree(organisation: Organisation, user: User) -> bool:
    """Whether a person acts for the organisation, or keeps the record of one that has no people yet."""
    return Organisation.objects.editable_by(user).filter(pk=organisation.pk).exists()


def is_address_of(organisation: Organisation, email: str) -> bool:
    """Whether an address is of the organisation's people, or the contact that its profile names.

    A coordinator can send a link to any address, its own ones too: a link alone shows no right to agree. Nor
    does a contact that was named by who acts for the organisation no longer, such as a former colleague.
    """
    people = EmailAddress.objects.filter(
        is_address("email", email),
        user__organisations=organisation,
        user__is_active=True,
        verified=True,
    )
    if people.exists():
        return True
    named = ProfileSection.objects.filter(
        is_address(KT("answers__contact_email"), email), organisation=organisation, step="contact"
    )
    contact = named.select_related("saved_by").first()
    by = contact.saved_by if contact is not None else None
    return by is not None and by.is_active and can_agree(organisation, by)


def agree(participant: Participant, *, at: datetime | None = None) -> None:
    """Record that the organisation has agreed; the first time stays."""
    if participant.has_agreed:
        return
    participant.agreed_at = at or clock.now()
    Participant.objects.filter(pk=participant.pk, agreed_at=None).update(
        agreed_at=participant.agreed_at
    )


def agree_if_own(participant: Participant, *, by: User) -> None:
    """Take an act of the organisation's own people as its agreement; nobody else can give it."""
    if not participant.has_agreed and can_agree(participant.organisation, by):
        agree(participant)


def end_if_own(participant: Participant, *, by: User | None, email: str) -> bool:
    """End the agreement of an organisation that says no, by who could give it; whether there was one.

    Versions that were submitted meanwhile keep what they hold. A coordinator leads, and does not say no.
    """
    organisation = participant.organisation
    if not participant.has_agreed or participant.is_coordinator:
        return False
    if not (by is not None and can_agree(organisation, by)) and not is_address_of(
        organisation, email
    ):
        return False
    participant.agreed_at = None
    participant.save(update_fields=["agreed_at"])
    return True
