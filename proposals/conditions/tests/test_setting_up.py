"""Setting up a call without code: begin, clone, write, look, publish with a second yes, extend, incidents."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from calls import call_setup
from calls.extensions import extend_deadline
from calls.models import Call, Extension, Incident
from conftest import AFTERNOON, BRUSSELS, DEADLINE, NEXT_DAY
from foundation import clock
from proposals.conditions.call_administration import (
    CannotExtend,
    CannotPublishCall,
    confirm_extension,
    confirm_publication,
    extend_for_one,
    extend_unpublished,
    mark_of,
    propose_extension,
    request_publication,
)
from proposals.models import IndividualExtension, ProposedExtension, PublicationRequest, QueuedEmail
from proposals.officers.rights import AUDITORS, CALL_MANAGERS, HELPDESK, SCREENING_OFFICERS
from proposals.screening.decisions import record_decision
from proposals.tests.factories import make_draft, make_officer, make_ready, reload, submit

TWICE = "C1 | required | x\nC1 | evidence | y"
pytestmark = pytest.mark.django_db

LATER = datetime(2016, 5, 23, 17, 0, tzinfo=BRUSSELS)


def officer_client(role=CALL_MANAGERS):
    client = Client()
    client.officer = make_officer(role)
    client.force_login(client.officer)
    return client


def page(name, call):
    return reverse(f"admin:calls_call_{name}", args=[call.pk])


def text_of(answer):
    return " ".join(answer.content.decode().split())


@pytest.fixture
def clone(call):
    return call_setup.clone_call(
        call, reference="COS-NEW-1", title="The next one", first_deadline=LATER
    )


def test_a_clone_has_everything_but_the_dates(call, clone):
    for name in ("sections", "contacts", "strands"):
        assert getattr(clone, name).count() == getattr(call, name).count() > 0
    assert clone.rules == call.rules and clone.remedies == call.remedies
    first = clone.strands.get(code="3.1")
    assert first.deliverables.count() == call.strands.get(code="3.1").deliverables.count() > 0
    assert (clone.opens_at, clone.published_at, clone.deadline) == (None, None, LATER)
    assert not clone.extensions.exists() and call.extensions.exists()
    assert Call.objects.published_at_moment(clock.now()).filter(pk=clone.pk).count() == 0


def test_what_must_change_in_a_clone_is_listed(call, clone):
    assert list(call_setup.obstacles_to_publishing(clone)) == ["Enter the opening time."]
    remarks = " ".join(call_setup.remarks_before_publishing(clone))
    for part in (
        "The budget",
        "The rules, amounts",
        "The summary",
        "The section “",
        "The topic of strand 1",
    ):
        assert part in remarks
    Call.objects.filter(pk=clone.pk).update(budget=Decimal(1))
    assert "The budget" not in " ".join(
        call_setup.remarks_before_publishing(Call.objects.get(pk=clone.pk))
    )


def test_a_call_is_cloned_written_looked_at_and_published_by_two(call):
    manager, colleague = officer_client(), officer_client(SCREENING_OFFICERS)
    sent = {"reference": "COS-NEW-2", "title": "The next one", "first_deadline": "2016-05-23T17:00"}
    assert manager.post(page("clone", call), sent | {"reference": "no spaces"}).status_code == 422
    assert (
        manager.post(page("clone", call), sent | {"reference": call.reference}).status_code == 422
    )
    answer = manager.post(page("clone", call), sent, follow=True)
    made = Call.objects.get(reference="COS-NEW-2")
    assert "Enter the opening time." in text_of(answer) and made.first_deadline == LATER
    assert Client().get(made.get_absolute_url()).status_code == 404
    preview = text_of(manager.get(page("preview", made)))
    assert "The next one" in preview and "Start a proposal in strand 1" in preview
    manager.post(page("request_publication", made))
    assert not PublicationRequest.objects.exists()
    Call.objects.filter(pk=made.pk).update(opens_at=AFTERNOON)
    manager.post(page("request_publication", made))
    assert "Publish now" not in text_of(manager.get(page("publish", made)))
    refused = text_of(approve(manager, made))
    assert "A second officer must approve it" in refused
    assert "Publish now" in text_of(colleague.get(page("publish", made)))
    approve(colleague, made)
    made.refresh_from_db()
    assert made.published_at == AFTERNOON
    assert Client().get(made.get_absolute_url()).status_code == 200
    assert "This call was already published" in text_of(approve(colleague, made))


def approve(client, call):
    """What a browser sends of the page that shows what is to be published, and the page after it."""
    asked = PublicationRequest.objects.filter(call=call).first()
    seen = mark_of(Call.objects.get(pk=call.pk), asked)
    return client.post(page("confirm_publication", call), {"seen": seen}, follow=True)


def test_the_second_yes_is_anothers_and_publication_is_final(call, clone):
    Call.objects.filter(pk=clone.pk).update(opens_at=AFTERNOON)
    manager = make_officer(CALL_MANAGERS)
    with pytest.raises(CannotPublishCall, match="Nobody has requested publication"):
        confirm_publication(clone, seen="", by=manager)
    asked = request_publication(clone, by=manager)
    with pytest.raises(IntegrityError, match="publishing_needs_two_people"), transaction.atomic():
        PublicationRequest.objects.filter(pk=asked.pk).update(
            confirmed_by=manager, confirmed_at=AFTERNOON
        )
    clone.refresh_from_db()
    confirm_publication(clone, seen=mark_of(clone, asked), by=make_officer())
    with pytest.raises(IntegrityError, match="day of publication"), transaction.atomic():
        Call.objects.filter(pk=clone.pk).update(published_at=NEXT_DAY)


def test_an_empty_call_says_all_that_is_missing(call):
    manager = officer_client()
    sent = {
        "reference": "COS-EMPTY-1",
        "title": "Empty",
        "first_deadline": "2016-05-23T17:00",
        "programme": call.programme_id,
        "summary": "To be written.",
        "budget": "1000000",
    }
    assert manager.post(reverse("admin:calls_call_add"), sent).status_code == 302
    made = Call.objects.get(reference="COS-EMPTY-1")
    text = text_of(manager.get(page("publish", made)))
    for part in (
        "Enter the opening time",
        "Add at least one strand",
        "Choose the eligibility rules",
        "at least one section",
        "No contact",
    ):
        assert part in text


def form_of(client, call, **changed):
    """What the change form of a call would send, with some of it changed."""
    answer = client.get(page("change", call))
    sent = {}
    for formset in answer.context["inline_admin_formsets"]:
        for form in [formset.formset.management_form, *formset.formset.forms]:
            sent |= values_of(form)
    return sent | values_of(answer.context["adminform"].form) | changed


def values_of(form):
    values = {form.add_prefix(name): form[name].value() for name in form.fields}
    shown = {
        name: f"{value:%Y-%m-%dT%H:%M}" if isinstance(value, datetime) else value
        for name, value in values.items()
    }
    return {
        name: value for name, value in shown.items() if value is not None and value is not False
    }


def test_texts_are_written_in_plain_lines(call, clone):
    manager = officer_client()
    sent = form_of(
        manager,
        clone,
        title="Changed",
        opens_at="2016-01-15T09:00",
        first_deadline="2016-06-01T17:00",
        remedies="Review | 30 days | Write to us.\nCourt | 2 months | Luxembourg.",
        open_points="One\n\nTwo",
        checklist="C1 | required | Is a group.\nX1 | evidence | Has a seat here.",
    )
    answer = manager.post(page("change", clone), sent)
    assert answer.status_code == 302, answer.context["errors"]
    clone.refresh_from_db()
    assert clone.title == "Changed" and clone.open_points == ["One", "Two"]
    assert clone.remedies[1] == {"title": "Court", "within": "2 months", "text": "Luxembourg."}
    assert [element.is_required for element in clone.elements] == [True, False]
    assert clone.checklist[1] == {"code": "X1", "text": "Has a seat here.", "required": False}
    assert clone.deadline == clone.first_deadline == datetime(2016, 6, 1, 17, tzinfo=BRUSSELS)
    for wrong in ("C1", "C-1 | required | x", "C1 | perhaps | x", "C1 | required |", TWICE):
        assert manager.post(page("change", clone), sent | {"checklist": wrong}).status_code == 200
    for wrong in ("Review", "Review | soon | x", "| 30 days | x"):
        assert manager.post(page("change", clone), sent | {"remedies": wrong}).status_code == 200
    assert "The opening time must be before the deadline." in text_of(
        manager.post(page("change", clone), sent | {"opens_at": "2017-01-01T09:00"})
    )


def test_dates_and_strands_of_a_published_call_stay_while_texts_can_be_corrected(call):
    manager = officer_client()
    sent = form_of(manager, call, summary="Corrected.", first_deadline="2030-01-01T17:00")
    sent["strands-0-title"] = "Another strand"
    answer = manager.post(page("change", call), sent)
    assert answer.status_code == 302, answer.context["errors"]
    call.refresh_from_db()
    assert call.summary == "Corrected." and call.deadline == DEADLINE
    assert not call.strands.filter(title="Another strand").exists()
    assert "Corrected." in Client().get(call.get_absolute_url()).content.decode()


def test_every_instant_at_the_desk_has_its_zone(call):
    client = officer_client()
    for path in (page("change", call), reverse("admin:calls_call_changelist")):
        assert "21 Apr 2015, 17:00:00 CEST (+0200)" in client.get(path).content.decode()


@pytest.mark.parametrize("role", [SCREENING_OFFICERS, HELPDESK])
def test_who_does_not_manage_calls_changes_nothing(call, role):
    client = officer_client(role)
    for name in ("change", "clone", "extend", "extend_proposal", "incident"):
        assert client.post(page(name, call), {"title": "x"}).status_code == 403, name


# --- Moving deadlines --------------------------------------------------------------------------


def test_the_deadline_is_moved_for_all_with_reason_and_mail(call):
    proposal = make_draft(call)
    manager = officer_client()
    incident = {"began_at": "2015-04-21T15:00", "ended_at": "2015-04-21T16:00", "text": "No login."}
    assert (
        manager.post(
            page("incident", call), incident | {"ended_at": "2015-04-21T14:00"}
        ).status_code
        == 422
    )
    assert manager.post(page("incident", call), incident).status_code == 302
    recorded = Incident.objects.get()
    sent = {
        "until": "2015-04-22T17:00",
        "reason": "An outage of one hour.",
        "incident": recorded.pk,
    }
    assert manager.post(page("extend", call), sent | {"reason": "  "}).status_code == 422
    early = manager.post(page("extend", call), sent | {"until": "2015-04-21T17:00"})
    assert early.status_code == 422 and "later than the current one" in text_of(early)
    assert manager.post(page("extend", call), sent).status_code == 302
    call.refresh_from_db()
    assert call.deadline == DEADLINE
    assert confirm(officer_client(SCREENING_OFFICERS), call).status_code == 302
    call.refresh_from_db()
    assert call.deadline == DEADLINE + timedelta(days=1)
    public = Client().get(call.get_absolute_url()).content.decode()
    assert "An outage of one hour." in public and "No login." in public
    mail = QueuedEmail.objects.get(to=proposal.started_by.email, key__startswith="extension:")
    assert "22 April 2015, 17:00:00 Brussels" in mail.text and "An outage of one hour." in mail.text
    for statement in ("UPDATE calls_incident SET text = 'x'", "DELETE FROM calls_incident"):
        with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(statement)


def confirm(client, call, **changes):
    """What a browser sends of the page that shows the proposal."""
    waiting = ProposedExtension.objects.filter(call=call, extension=None).first()
    shown = waiting.proposed_at.isoformat() if waiting else ""
    return client.post(page("confirm_extension", call), {"proposed_at": shown} | changes)


def propose_until(call, until, *, by):
    waiting = ProposedExtension.objects.filter(call=call, extension=None).first()
    seen = waiting.proposed_at.isoformat() if waiting else ""
    return propose_extension(call, until=until, reason="Outage", incident=None, seen=seen, by=by)


def test_nobody_extends_a_published_call_alone(call):
    manager = officer_client()
    proposed = propose_until(call, NEXT_DAY, by=manager.officer)
    confirm(manager, call)
    with pytest.raises(CannotExtend, match="A second officer"):
        confirm_extension(proposed, by=manager.officer)
    with pytest.raises(CannotExtend, match="two officers"):
        extend_unpublished(call, until=NEXT_DAY, reason="x", incident=None, by=manager.officer)
    assert Call.objects.get(pk=call.pk).deadline == DEADLINE


@pytest.mark.parametrize("second", ["", "  ", "An officer"])
def test_the_database_wants_two_people_for_a_published_deadline(call, second):
    with pytest.raises(DatabaseError, match="two people"), transaction.atomic():
        extend_deadline(
            call, new_deadline=NEXT_DAY, reason="x", decided_by="An officer", confirmed_by=second
        )
    officer = make_officer()
    proposed = propose_until(call, NEXT_DAY, by=officer)
    extension = call.extensions.first()
    with pytest.raises(IntegrityError, match="needs_two_people"), transaction.atomic():
        ProposedExtension.objects.filter(pk=proposed.pk).update(
            confirmed_by=officer, confirmed_at=AFTERNOON, extension=extension
        )


def test_colleagues_who_may_confirm_are_asked_by_email(call):
    manager, second, auditor = make_officer(CALL_MANAGERS), make_officer(), make_officer(AUDITORS)
    propose_until(call, NEXT_DAY, by=manager)
    asked = set(
        QueuedEmail.objects.filter(key__startswith="proposed-extension:").values_list(
            "to", flat=True
        )
    )
    assert second.email in asked and not {manager.email, auditor.email} & asked


def test_what_is_confirmed_is_what_was_shown(call):
    """A proposal that was replaced while a colleague read it is another one."""
    manager = make_officer(CALL_MANAGERS)
    second = officer_client(SCREENING_OFFICERS)
    shown = propose_until(call, NEXT_DAY, by=manager)
    with clock.frozen_at(AFTERNOON + timedelta(minutes=1)):
        propose_until(call, NEXT_DAY + timedelta(days=30), by=manager)
        confirm(second, call, proposed_at=shown.proposed_at.isoformat())
        with pytest.raises(CannotExtend, match="since you opened this page"):
            confirm_extension(shown, by=second.officer)
        assert Call.objects.get(pk=call.pk).deadline == DEADLINE
        confirm(second, call)
    assert Call.objects.get(pk=call.pk).deadline == NEXT_DAY + timedelta(days=30)


def test_an_extension_is_confirmed_once_and_before_the_deadline(call):
    proposed = propose_until(call, NEXT_DAY, by=make_officer(CALL_MANAGERS))
    with clock.frozen_at(DEADLINE), pytest.raises(CannotExtend, match="deadline has passed"):
        confirm_extension(proposed, by=make_officer())
    confirm_extension(proposed, by=make_officer())
    with pytest.raises(CannotExtend):
        confirm_extension(proposed, by=make_officer())
    assert call.extensions.filter(new_deadline=NEXT_DAY).count() == 1


def test_a_proposed_extension_is_withdrawn(call):
    manager, second = officer_client(), officer_client(SCREENING_OFFICERS)
    proposed = propose_until(call, NEXT_DAY, by=manager.officer)
    sent = {"proposed_at": proposed.proposed_at.isoformat()}
    assert second.post(page("withdraw_extension", call), sent).status_code == 403
    assert manager.post(page("withdraw_extension", call), sent).status_code == 302
    assert not ProposedExtension.objects.exists()
    assert confirm(second, call).status_code == 302
    assert Call.objects.get(pk=call.pk).deadline == DEADLINE


def test_a_deadline_that_has_passed_is_not_moved_for_all(call):
    with clock.frozen_at(DEADLINE):
        with pytest.raises(CannotExtend, match="officers can open the proposals"):
            propose_extension(
                call, until=NEXT_DAY, reason="x", incident=None, seen="", by=make_officer()
            )
    assert Extension.objects.filter(new_deadline=NEXT_DAY).count() == 0


def test_one_proposal_gets_more_time_and_stays_sealed_alone(call):
    proposal = make_ready(call)
    manager = officer_client()
    sent = {
        "number": proposal.number.lower(),
        "until": "2015-04-23T12:00",
        "reason": "Fire brigade.",
    }
    wrong = manager.post(page("extend_proposal", call), sent | {"number": "AAAA-AAAA"})
    assert wrong.status_code == 422 and "no proposal with this number" in text_of(wrong)
    with clock.frozen_at(NEXT_DAY):
        assert manager.post(page("extend_proposal", call), sent).status_code == 302
        assert submit(reload(proposal)).number == 1
        again = manager.post(page("extend_proposal", call), sent)
        assert (
            again.status_code == 422
            and "in the future and later than the current one" in text_of(again)
        )
    assert IndividualExtension.objects.get().granted_by == manager.officer
    assert QueuedEmail.objects.filter(
        key__startswith="individual-extension:", text__contains="Fire brigade."
    ).exists()


def test_what_is_decided_on_cannot_be_sealed_again(call):
    version = submit(make_ready(call))
    with clock.frozen_at(NEXT_DAY):
        record_decision(version, outcome="eligible", reason="x", by=make_officer())
        with pytest.raises(CannotExtend, match="A decision has been recorded"):
            extend_for_one(
                call,
                version.proposal.number,
                until=NEXT_DAY + timedelta(days=3),
                reason="x",
                incident=None,
                by=make_officer(),
            )


def test_a_proposal_of_another_call_is_not_found(call, clone):
    proposal = make_draft(call)
    with pytest.raises(CannotExtend, match="no proposal"):
        extend_for_one(
            clone,
            proposal.number,
            until=LATER + timedelta(days=1),
            reason="x",
            incident=None,
            by=make_officer(),
        )
