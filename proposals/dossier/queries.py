"""What the document of a draft and its circumstances are read from, in one statement each."""

from collections.abc import Callable
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q, QuerySet
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform

from applicants.models import LinkKey, Organisation, ProfileSection
from calls.eligibility.facts import Role
from calls.models import RequiredDeliverable
from foundation.query_batches import Columns, Param, Queries, equals_any, query_batch
from proposals.models import Participant, Proposal, ProposalFile, Section


def draft_queries() -> Queries:
    """All parts of the draft of the `proposal` that is given, by its key."""
    proposal = Param("proposal", models.BigIntegerField())
    return _part_queries(lambda name: Q(**{name: proposal}))


def _drafts_queries() -> Queries:
    proposals = Param("proposals", ArrayField(models.BigIntegerField()))
    return _part_queries(lambda name: equals_any(name, proposals))


# Two statements: PostgreSQL cannot plan once and for all for a list of unknown length.
fetch_draft_rows = query_batch(draft_queries)
fetch_drafts_rows = query_batch(_drafts_queries)


def _part_queries(is_chosen: Callable[[str], Q | Func]) -> Queries:
    of_chosen = is_chosen("proposal")
    participants = Participant.objects.filter(of_chosen)
    of_consortium = participants.order_by().values("organisation")
    return {
        "participants": participants,
        "organisations": Organisation.objects.filter(pk__in=of_consortium).order_by(),
        "profiles": Columns(
            ProfileSection.objects.filter(organisation__in=of_consortium),
            "organisation_id",
            "step",
            "answers",
            "version",
        ),
        "sections": Section.objects.filter(of_chosen),
        "files": ProposalFile.objects.filter(of_chosen, replaced_at=None),
        "deliverables": RequiredDeliverable.objects.filter(
            strand__in=Proposal.objects.filter(is_chosen("pk")).order_by().values("strand")
        ),
    }


def circumstances_queries() -> Queries:
    """What is to be known elsewhere of the `proposal`, for a `reader`; its `call` is given, too."""
    proposal, reader = (Param(name, models.BigIntegerField()) for name in ("proposal", "reader"))
    consortium = Participant.objects.filter(proposal=proposal).order_by()
    organisations = consortium.exclude(role=Role.ASSOCIATED.value).values("organisation")
    own = _registrations().filter(organisation__in=organisations, words__gt="")
    return _circumstances_queries(
        Proposal.objects.of_consortium_member(reader),
        organisations=ArraySubquery(organisations),
        link_keys=ArraySubquery(own.values("link_key")),
    )


fetch_applicant_circumstances = query_batch(circumstances_queries)


@query_batch
def fetch_officer_circumstances() -> Queries:
    links = Param("links", ArrayField(models.TextField()))
    key_of_each = LinkKey.template % {"expressions": "one"}
    link_keys = Func(
        links,
        template=f"ARRAY(SELECT {key_of_each} FROM unnest(%(expressions)s) AS one)",  # noqa: S608 -- our own constant
        output_field=ArrayField(models.TextField()),
    )
    organisations = Param("organisations", ArrayField(models.BigIntegerField()))
    return _circumstances_queries(
        Proposal.objects.all(), organisations=organisations, link_keys=link_keys
    )


def _circumstances_queries(
    proposals: QuerySet[Proposal],
    *,
    organisations: Param | ArraySubquery,
    link_keys: Combinable,
) -> Queries:
    call, proposal = (Param(name, models.BigIntegerField()) for name in ("call", "proposal"))
    others = proposals.filter(
        strand__call=call, current_version__organisations__overlap=organisations
    ).exclude(pk=proposal)
    # An array is worked out once, before the search; of a subquery PostgreSQL may ask each profile.
    is_among_them = Func(
        F("link_key"),
        link_keys,
        template="(%(expressions)s))",
        arg_joiner=" = ANY(",
        output_field=models.BooleanField(),
    )
    return {
        "applications": Columns(others.order_by(), "current_version__organisations"),
        "links": Columns(
            _registrations().filter(is_among_them, words__gt=""), "words", "organisation_id"
        ),
    }


def _registrations() -> Any:
    """What organisations say of their platform profiles: the link as text, and the key to find it by."""
    text = KeyTextTransform("profile_link", "answers")
    return ProfileSection.objects.filter(step="registration").annotate(words=text)
