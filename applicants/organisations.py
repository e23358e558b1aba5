"""What happens to organisations: founding a record, joining, leaving."""

from collections.abc import Iterator
from contextlib import contextmanager

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.dispatch import Signal

from applicants.models import ColleagueInvitation, Membership, Organisation, User
from applicants.triggers import OFFICERS_TAKE_NO_PART
from foundation import clock
from foundation.violations import violates

# Sent in the transaction in which a person leaves or is removed: `organisation`, `user`, `by`.
membership_ended = Signal()


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
def register_partner(organisation: Organisation, *, steward: Organisation) -> Organisation:
    """Store a partner's record; `steward` manages it until the partner has people of its own."""
    organisation.created_at = clock.now()
    organisation.is_findable = False  # its own people decide that
    organisation.managed_by = steward
    organisation.save()
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


class LastMember(Exception):
    """Nobody else acts for the organisation: its proposals would be left without anybody."""


class NotMember(Exception):
    """This person acts for the organisation no longer; nothing was changed."""

    def __init__(self, user: User) -> None:
        super().__init__(user.pk)
        self.user = user


@transaction.atomic
def end_membership(organisation: Organisation, *, user: User, by: User | None = None) -> None:
    """Let a person act for an organisation no longer. What it wrote stays; its open pages save nothing more.

    Raises:
        NotMember: the person, or who removes them, was removed meanwhile.
        LastMember: nobody else would be left.
    """
    Organisation.objects.select_for_update().get(pk=organisation.pk)
    memberships = Membership.objects.filter(organisation=organisation)
    for item in [user] if by is None else [by, user]:
        if not memberships.filter(user=item).exists():
            raise NotMember(item)
    if not memberships.exclude(user=user).exists():
        raise LastMember
    memberships.filter(user=user).delete()
    _cancel_invitations(organisation, removed=user, by=by)
    membership_ended.send(Organisation, organisation=organisation, user=user, by=by)


def _cancel_invitations(organisation: Organisation, *, removed: User, by: User | None) -> None:
    """End the links that a removed person was sent, or has sent, for this organisation."""
    addresses = EmailAddress.objects.filter(user=removed).values(low=Lower("email"))
    theirs = Q(email=removed.email.lower()) | Q(email__in=addresses) | Q(invited_by=removed)
    states = ColleagueInvitation.State
    organisation.colleague_invitations.filter(theirs, state=states.PENDING).update(
        state=states.CANCELLED, answered_at=clock.now(), answered_by=by
    )
