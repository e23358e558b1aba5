"""What happens to organisations: founding a record, inviting a colleague, joining."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core import signing
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from applicants.mails import send
from applicants.models import Membership, Organisation, User
from applicants.triggers import OFFICERS_TAKE_NO_PART
from calls import clock
from foundation.violations import violates

INVITATION_SALT = "applicants.colleague"
INVITATION_SECONDS = 7 * 24 * 3600


class OfficerTakesNoPart(Exception):
    """Officers see no proposal before its deadline, so none is of an organisation or a consortium."""


@contextmanager
def refusing_officers() -> Iterator[None]:
    """Run statements that the database refuses to officers; nothing of them stays if it does.

    Raises:
        OfficerTakesNoPart: the person is an officer, perhaps since a moment ago.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if violates(error, OFFICERS_TAKE_NO_PART):
            raise OfficerTakesNoPart from error
        raise


def may_become_officer(user: User) -> bool:
    """Whether a person takes part nowhere. The triggers are asked, for they know all that counts as part."""
    with transaction.atomic():
        savepoint = transaction.savepoint()
        try:
            with refusing_officers():
                User.objects.filter(pk=user.pk, is_superuser=False).update(is_superuser=True)
        except OfficerTakesNoPart:
            return False
        finally:
            transaction.savepoint_rollback(savepoint)
    return True


class BadInvitation(Exception):
    """The link is not ours, too old, or meant for another address."""


@transaction.atomic
def register_organisation(organisation: Organisation, *, by: User) -> Organisation:
    """Store a new record; its founder acts for it at once. No human has to approve anything.

    Raises:
        OfficerTakesNoPart: the founder is an officer; nothing was stored.
    """
    organisation.created_at = clock.now()
    with refusing_officers():
        organisation.save()
        Membership.objects.create(user=by, organisation=organisation)
    return organisation


class RecordChanged(Exception):
    """Someone saved the record since it was opened; `current` is what is stored now."""

    def __init__(self, current: Organisation) -> None:
        super().__init__(f"record {current.pk} moved on to version {current.record_version}")
        self.current = current


@transaction.atomic
def save_record(organisation: Organisation, *, seen_version: int) -> Organisation:
    """Store a changed record unless it moved on since `seen_version`.

    Raises:
        RecordChanged: the record has a newer version; nothing was stored.
    """
    current = Organisation.objects.select_for_update().get(pk=organisation.pk)
    if current.record_version != seen_version:
        raise RecordChanged(current)
    organisation.record_version = seen_version + 1
    organisation.save()
    return organisation


@transaction.atomic
def enter_partner(organisation: Organisation, *, steward: Organisation) -> Organisation:
    """Store a partner's record for it: the steward's people keep it until it has people of its own."""
    organisation.created_at = clock.now()
    organisation.is_findable = False  # its own people decide that
    organisation.steward = steward
    organisation.save()
    return organisation


def invite_colleague(organisation: Organisation, *, email: str, by: User) -> None:
    """Send a signed link to an address.

    Nothing tells whether the address has an account: the same mail goes out either way.
    """
    address = email.strip().lower()
    token = signing.dumps([organisation.pk, address], salt=INVITATION_SALT)
    link = settings.BASE_URL + reverse("applicants:join", args=[token])
    body = render_to_string(
        "applicants/mails/colleague.txt",
        {"organisation": organisation, "by": by, "link": link, "address": address},
    )
    subject = _("Join %(organisation)s on the COSME portal") % {"organisation": organisation.name}
    send(subject, body, to=address)


def invitation_from(token: str, *, user: User) -> Organisation:
    """The organisation that a link invites this person to.

    Raises:
        BadInvitation: the link was changed, is older than seven days, or is for someone else.
    """
    try:
        pk, address = signing.loads(token, salt=INVITATION_SALT, max_age=INVITATION_SECONDS)
    except signing.BadSignature:
        raise BadInvitation from None
    organisation = Organisation.objects.filter(pk=pk).first()
    if organisation is None or address != user.email.lower():
        raise BadInvitation
    return organisation


def join(organisation: Organisation, *, user: User) -> Membership:
    """Let a person act for an organisation; joining twice changes nothing.

    Raises:
        OfficerTakesNoPart: the person is an officer.
    """
    with refusing_officers():
        membership, _created = Membership.objects.get_or_create(
            user=user, organisation=organisation, defaults={"joined_at": clock.now()}
        )
    return membership


class LastPerson(Exception):
    """Nobody else acts for the organisation: its proposals would be left without anybody."""


@transaction.atomic
def end_membership(organisation: Organisation, *, user: User) -> None:
    """Let a person act for an organisation no longer. What it wrote stays; its open pages save nothing more.

    Raises:
        LastPerson: nobody else would be left.
    """
    Organisation.objects.select_for_update().get(pk=organisation.pk)
    memberships = Membership.objects.filter(organisation=organisation)
    if not memberships.exclude(user=user).exists():
        raise LastPerson
    memberships.filter(user=user).delete()
