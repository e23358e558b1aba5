"""A copy into another strand says what it does not take over, and loses nothing else."""

import pytest
from django.test import Client
from django.urls import reverse

from proposals.consortium.drafts import section_of
from proposals.dossier.document import Draft
from proposals.models import Proposal
from proposals.tests.factories import make_ready, reload, save
from proposals.workspace.copy_proposal import copy_proposal, left_out_of

pytestmark = pytest.mark.django_db


def copied(call, source, strand):
    coordinator = source.participants.get(key="p1").organisation
    result = call.strands.select_related("call").get(code=strand)
    return reload(
        copy_proposal(reload(source), result, organisation=coordinator, by=source.started_by)
    )


def test_what_the_other_strand_does_not_ask_for_is_named(call):
    source = make_ready(call, strand="3.2")
    proposal = copied(call, source, "3.1")
    left_out = " ".join(left_out_of(proposal))
    for text in ("partnership", "Activity 1, objective", "Matches", "Deliverable"):
        assert text in left_out
    objective = source.strand.objective_text(source.strand.objectives[0]["code"])
    assert objective in left_out


def test_a_copy_into_the_same_strand_leaves_nothing_out(call):
    source = make_ready(call, strand="3.2")
    assert left_out_of(copied(call, source, "3.2")) == []


def test_the_page_after_the_copy_and_the_timeline_say_it(call):
    source = make_ready(call)
    client = Client()
    client.force_login(source.started_by)
    page = reverse("proposals:start", args=[call.reference, "3.2"])
    coordinator = source.participants.get(key="p1").organisation_id
    sent = {"organisation": coordinator, "copy_of": source.number}
    html = client.post(page, sent, follow=True).content.decode()
    assert "Activity 1, objective" in html
    assert "Name of the established partnership" in html  # to be filled in
    copy = Proposal.objects.exclude(pk=source.pk).get()
    timeline = client.get(reverse("proposals:timeline", args=[copy.number])).content.decode()
    assert "Activity 1, objective" in timeline


def test_what_must_be_corrected_is_copied_as_it_was_typed(call):
    source = make_ready(call)
    save(source, "summary", duration_months="about a year", abstract="x" * 4000)
    save(source, "budget", staff_p1="1.234")
    proposal = copied(call, source, "3.1")
    summary = section_of(proposal, "summary").answers
    assert summary["duration_months"] == "about a year" and summary["abstract"] == "x" * 4000
    assert section_of(proposal, "budget").answers["staff_p1"] == "1.234"
    assert Draft(proposal).needs_correction
