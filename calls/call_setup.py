"""Setting up a call without a file: begin one, clone one, see what is left to do, record incidents."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from calls.models import Call, Incident, Programme
from calls.templatetags.instants import in_words
from foundation import clock

COPIED = (
    "summary",
    "zone",
    "budget",
    "rules",
    "remedies",
    "checklist",
    "declaration",
    "moderates_requests",
    "bulk_with_remarks",
)
PARTS = ("sections", "contacts")


class ReferenceTaken(Exception):
    """There is a call with this reference already."""


@transaction.atomic
def begin_call(
    programme: Programme,
    *,
    reference: str,
    title: str,
    summary: str,
    first_deadline: datetime,
    budget: Decimal,
) -> Call:
    """An empty call that only officers see.

    Raises:
        ReferenceTaken: another call has this reference.
    """
    with _free(reference):
        return Call.objects.create(
            programme=programme,
            reference=reference,
            title=title,
            summary=summary,
            first_deadline=first_deadline,
            deadline=first_deadline,
            budget=budget,
        )


@contextmanager
def _free(reference: str) -> Iterator[None]:
    """Make a call with this reference within; of two at once the database lets one have it."""
    _check_free(reference)
    try:
        with transaction.atomic():
            yield
    except IntegrityError:
        _check_free(reference)
        raise


def _check_free(reference: str) -> None:
    if Call.objects.filter(reference=reference).exists():
        raise ReferenceTaken


@transaction.atomic
def clone_call(source: Call, *, reference: str, title: str, first_deadline: datetime) -> Call:
    """A call with the texts, strands, rules and contacts of another, without its dates.

    The day of opening is empty, extensions and incidents stay with the source, and it is not published.

    Raises:
        ReferenceTaken: another call has this reference.
    """
    with _free(reference):
        return copy_of(
            source,
            reference=reference,
            title=title,
            first_deadline=first_deadline,
            cloned_from=source,
        )


def copy_of(source: Call, *, first_deadline: datetime, **own: Any) -> Call:
    """A new call with the texts, strands, rules and contacts of another, in the caller's transaction."""
    call = Call.objects.create(
        programme=source.programme,
        first_deadline=first_deadline,
        deadline=first_deadline,
        **{name: getattr(source, name) for name in COPIED},
        **own,
    )
    for name in PARTS:
        for part in getattr(source, name).all():
            part.pk, part.call = None, call
            part.save(force_insert=True)
    for strand in source.strands.prefetch_related("deliverables"):
        deliverables = list(strand.deliverables.all())
        strand.pk, strand.call = None, call
        strand._state.adding = True
        strand.save(force_insert=True)
        for deliverable in deliverables:
            deliverable.pk, deliverable.strand = None, strand
            deliverable.save(force_insert=True)
    return call


def obstacles_to_publishing(call: Call) -> Iterator[str]:
    """What must be done before the public may see it."""
    if call.deadline <= clock.now():
        yield _("The deadline (%(deadline)s) has passed. Set a later deadline.") % {
            "deadline": in_words(call.deadline, zone=call.zone)
        }
    yield from missing_texts(call)


def missing_texts(call: Call) -> Iterator[str]:
    """What it needs before anybody can answer it, in earnest or in a rehearsal."""
    if call.opens_at is None:
        yield _("Enter the opening time.")
    if not call.strands.exists():
        yield _("Add at least one strand.")
    if not call.rules:
        yield _("Choose the eligibility rules for the call.")
    if not call.sections.exists():
        yield _("Add at least one section to the call page.")


def remarks_before_publishing(call: Call) -> Iterator[str]:
    """What a colleague would ask about; above all what a clone still has of its source."""
    if not call.contacts.exists():
        yield _("No contact has been added.")
    if not call.remedies:
        yield _(
            "Letters will not explain how to contest a decision because no procedure has been entered."
        )
    if call.cloned_from is not None:
        yield from _missing_texts_of(call.cloned_from, call)


def _missing_texts_of(source: Call, call: Call) -> Iterator[str]:
    values = {"source": source.reference}
    named = {
        "budget": _("The budget"),
        "rules": _("The rules, amounts and citations"),
        "summary": _("The summary"),
    }
    for name, text in named.items():
        if getattr(call, name) == getattr(source, name):
            yield _("%(what)s: unchanged from %(source)s. Check that this is correct.") % (
                values | {"what": text}
            )
    same = {section.text for section in source.sections.all()}
    for section in call.sections.all():
        text = _("The section “%(title)s”") % {"title": section.title}
        if section.text in same:
            yield _("%(what)s: unchanged from %(source)s. Check that this is correct.") % (
                values | {"what": text}
            )
        if source.reference in f"{section.text} {section.points}":
            yield _("%(what)s still refers to %(source)s. Check that this is correct.") % (
                values | {"what": text}
            )
    topics = {strand.topic for strand in source.strands.all() if strand.topic}
    for strand in call.strands.all():
        if strand.topic in topics:
            text = _("The topic of strand %(number)s") % {"number": strand.label}
            yield _("%(what)s: unchanged from %(source)s. Check that this is correct.") % (
                values | {"what": text}
            )


@transaction.atomic
def record_incident(
    call: Call, *, began_at: datetime, ended_at: datetime, text: str, recorded_by: str
) -> Incident:
    """Keep that the portal could not be used in a time; applicants read it where an extension cites it."""
    return Incident.objects.create(
        call=call,
        began_at=began_at,
        ended_at=ended_at,
        text=text,
        recorded_by=recorded_by,
        recorded_at=clock.now(),
    )
