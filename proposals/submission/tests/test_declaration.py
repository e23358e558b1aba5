"""The declaration on honour: asked at submission, stored word by word, and required by the database."""

import hashlib
import json
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.db import IntegrityError, transaction
from django.urls import reverse

from calls.call_export import call_text
from calls.call_file import read_call_text
from calls.call_import import load_call
from calls.declaration import Declaration
from calls.eligibility import canonical
from conftest import AFTERNOON, NEXT_DAY
from foundation import clock
from proposals.dossier.declarations import as_drafted, with_declaration
from proposals.dossier.document import Draft, dossier_of
from proposals.dossier.file_reader import UnusableDossier, read_dossier
from proposals.models import Version
from proposals.proof.receipts import proof_of_version, render_receipt_html
from proposals.submission.submit import NotDeclared, differs_from_current
from proposals.tests.factories import (
    make_officer,
    make_ready,
    partner_of,
    reload,
    save,
    submit,
    submit_fields,
)
from proposals.workspace.dossier_diff import changes_since_current
from proposals.workspace.tests.test_pages import client_of, url

pytestmark = pytest.mark.django_db


def page_of(answer):
    return BeautifulSoup(answer.content, "html.parser")


def set_declaration(call, declaration):
    call.declaration = declaration
    call.save(update_fields=["declaration"])


def raw_version(proposal, declaration, *, at=AFTERNOON, change=None):
    """A version that no function of the portal made."""
    dossier = with_declaration(dossier_of(Draft(proposal)), declaration, at=at)
    if change:
        dossier["declaration"] |= change
    text = canonical(dossier)
    with transaction.atomic():
        return Version.objects.create(
            proposal=proposal,
            number=1,
            dossier=text,
            sha256=hashlib.sha256(text.encode()).hexdigest(),
            circumstances={},
            received_at=AFTERNOON,
            committed_at=AFTERNOON,
            submitted_by=proposal.started_by,
            idempotency_key=submit_fields(proposal)["idempotency_key"],
        )


def test_a_version_holds_the_exact_text_its_hash_who_declared_and_when(call):
    version = submit(make_ready(call))
    asked = call.declaration_asked
    assert json.loads(version.dossier)["declaration"] == {
        **call.declaration,
        "digest": asked.digest,
        "declared_by": "p1",
        "declared_at": "2015-04-21T14:20:00+00:00",
    }
    assert asked.title and asked.points


@pytest.mark.parametrize("declared", ["", "sha256:of-an-earlier-text"])
def test_without_the_present_declaration_nothing_is_submitted(call, declared):
    with pytest.raises(NotDeclared):
        submit(make_ready(call), declared=declared)
    assert not Version.objects.exists()


def test_the_check_page_asks_for_one_tick_and_refuses_without_it_in_a_sentence(call):
    proposal = make_ready(call)
    lead = client_of(proposal.started_by)
    asked = page_of(lead.get(url("check", proposal))).find(id="declaration")
    (box,) = asked.find_all("input", type="checkbox")
    assert (box["name"], box["value"], box["form"]) == (
        "declared",
        call.declaration_digest,
        "submit-form",
    )
    assert all(point in asked.text for point in call.declaration["points"])
    refused = lead.post(url("check", proposal), submit_fields(proposal, declared=""))
    assert refused.status_code == 422
    summary = page_of(refused).find(class_="error-summary")
    assert summary.find("a", href="#declaration").text.strip()
    assert lead.post(url("check", proposal), submit_fields(proposal)).status_code == 200


def test_what_was_ticked_comes_back_when_the_other_tick_is_missing(call):
    proposal = make_ready(call)
    save(proposal, "summary", duration_months=30)
    lead = client_of(proposal.started_by)
    names = ["duration/proposal"]
    without_declaration = submit_fields(proposal, declared="", acknowledged=names)
    page = page_of(lead.post(url("check", proposal), without_declaration))
    assert page.find(id="acknowledged").has_attr("checked")
    assert not page.find("input", attrs={"name": "declared"}).has_attr("checked")
    page = page_of(lead.post(url("check", proposal), submit_fields(proposal)))
    assert not page.find(id="acknowledged").has_attr("checked")
    assert page.find("input", attrs={"name": "declared"}).has_attr("checked")


def test_a_text_that_changed_since_the_page_was_opened_is_declared_again(call):
    proposal = make_ready(call)
    lead = client_of(proposal.started_by)
    old = submit_fields(proposal)
    set_declaration(call, call.declaration | {"points": ["Another statement."]})
    refused = lead.post(url("check", proposal), old)
    assert refused.status_code == 422
    shown = page_of(refused).find(id="declaration")
    assert "Another statement." in shown.text
    assert not shown.find("input").has_attr("checked")
    again = submit_fields(reload(proposal))
    assert lead.post(url("check", proposal), again).status_code == 200


def test_a_partner_reads_the_declaration_and_has_nothing_to_tick(call):
    proposal = make_ready(call)
    shown = page_of(client_of(partner_of(proposal)).get(url("check", proposal)))
    declaration = shown.find(id="declaration")
    assert call.declaration["points"][0] in declaration.text
    assert declaration.find("input") is None


def test_version_receipt_and_sheet_show_text_hash_person_and_time(call):
    proposal = make_ready(call)
    version = submit(proposal)
    pages = [client_of(proposal.started_by).get(url("version", proposal, 1)).content.decode()]
    pages.append(render_receipt_html(version, AFTERNOON, proof_of_version(version)))
    with clock.frozen_at(NEXT_DAY):
        officer = client_of(make_officer())
        pages.append(
            officer.get(
                reverse("admin:proposals_version_change", args=[version.pk])
            ).content.decode()
        )
    for html in pages:
        text = BeautifulSoup(html, "html.parser").text
        assert all(point in text for point in call.declaration["points"])
        assert call.declaration_digest in "".join(text.split())
        assert version.submitted_by.full_name in text
    assert call.declaration["title"] in BeautifulSoup(pages[1], "html.parser").text


def test_a_later_text_of_the_call_leaves_what_was_declared(call):
    version = submit(make_ready(call))
    before = version.document["declaration"]
    set_declaration(call, {})
    stored = Version.objects.get(pk=version.pk)
    assert stored.document["declaration"] == before
    html = client_of(version.submitted_by).get(stored.get_absolute_url()).content.decode()
    assert before["points"][0] in html


def test_the_draft_of_a_declared_version_is_unchanged_until_somebody_writes(call):
    proposal = make_ready(call)
    submit(proposal)
    draft = Draft(reload(proposal))
    assert not differs_from_current(draft)
    assert changes_since_current(draft) == []
    save(proposal, "summary", acronym="CHANGED")
    assert [change.label for change in changes_since_current(Draft(reload(proposal)))] == [
        "Acronym"
    ]


def test_a_call_without_a_declaration_asks_for_none(call):
    set_declaration(call, {})
    proposal = make_ready(call)
    lead = client_of(proposal.started_by)
    assert page_of(lead.get(url("check", proposal))).find(id="declaration") is None
    assert lead.post(url("check", proposal), submit_fields(proposal)).status_code == 200
    assert Version.objects.get().document["declaration"] is None


def test_a_version_of_the_earlier_format_stays_readable_and_comparable(call):
    """Made before there were declarations, when its call asked for none."""
    set_declaration(call, {})
    proposal = make_ready(call)
    document = dossier_of(Draft(proposal))
    del document["declaration"]
    planned = ("first_month", "last_month", "lead", "partners", "deliverables")
    document["activities"] = [
        {name: value for name, value in activity.items() if name not in planned}
        for activity in document["activities"]
    ]
    text = canonical(document | {"format": "cosme-dossier/1"})
    version = submit(proposal)
    version.dossier = text
    proposal.current_version = version
    assert changes_since_current(Draft(proposal)) == []
    assert as_drafted(json.loads(text)) == as_drafted(dossier_of(Draft(proposal)))
    assert read_dossier(text)["format"] == "cosme-dossier/1"


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Other"},
        {"points": []},
        {"declared_by": "p2"},
        {"declared_at": (AFTERNOON - timedelta(seconds=1)).isoformat()},
    ],
)
def test_the_database_refuses_another_declaration_than_the_one_asked_for(call, change):
    with pytest.raises(IntegrityError, match="declar"):
        raw_version(make_ready(call), call.declaration_asked, change=change)


def test_the_database_refuses_a_version_without_the_declaration_or_with_one_nobody_asked(call):
    proposal = make_ready(call)
    with pytest.raises(IntegrityError, match="carries the declaration"):
        raw_version(proposal, None)
    asked = call.declaration_asked
    set_declaration(call, {})
    with pytest.raises(IntegrityError, match="carries the declaration"):
        raw_version(proposal, asked)
    assert raw_version(proposal, None).number == 1


def test_a_dossier_in_a_file_has_the_hash_of_its_declaration(call):
    version = submit(make_ready(call))
    assert read_dossier(version.dossier)["declaration"]["declared_by"] == "p1"
    forged = version.document
    forged["declaration"]["points"] = ["Something else."]
    with pytest.raises(UnusableDossier, match="the digest of this text"):
        read_dossier(json.dumps(forged))


def test_the_hash_changes_with_every_part():
    texts = [
        Declaration("A", "B", ("C",)),
        Declaration("A ", "B", ("C",)),
        Declaration("A", "BC"),
        Declaration("A", "B", ("C", "")),
    ]
    assert len({text.digest for text in texts}) == len(texts)


def test_the_declaration_travels_with_the_call_file(call):
    text = call_text(call)
    assert read_call_text(text)["call"]["declaration"] == call.declaration
    assert load_call(read_call_text(text)).declaration == call.declaration
