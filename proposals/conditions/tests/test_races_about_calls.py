"""Officers act on one call at once: publishing, extending, changing what proposals are judged by."""

from datetime import timedelta

import pytest
from django.contrib.messages import ERROR, SUCCESS, WARNING
from django.urls import reverse

from calls.call_setup import ReferenceTaken, begin_call, clone_call
from calls.models import Call, ConditionChange, Extension
from calls.tests.connections import at_once, overtaken
from conftest import AFTERNOON, NEXT_DAY
from foundation import clock
from proposals.conditions import call_administration, rule_changes
from proposals.conditions.call_administration import CannotExtend, CannotPublishCall
from proposals.conditions.change_requests import propose_change
from proposals.conditions.tests.test_setting_up import form_of
from proposals.consortium.tests.test_races_of_people import attempt, message_levels
from proposals.models import ProposedChange, ProposedExtension, PublicationRequest, QueuedEmail
from proposals.officers.rights import CALL_MANAGERS
from proposals.tests.factories import make_officer
from proposals.workspace.tests.test_pages import client_of, text_of

pytestmark = pytest.mark.django_db(transaction=True)

LATER = NEXT_DAY + timedelta(days=30)


def row(call):
    return Call.objects.filter(pk=call.pk)


def posting(officer, name, call, **sent):
    client = client_of(officer)
    path = reverse(f"admin:calls_call_{name}", args=[call.pk])
    return lambda: client.post(path, sent)


def sentences(answer):
    page = answer.client.get(answer.url)
    return " ".join(str(message) for message in page.context["messages"])


# --- Publishing ----------------------------------------------------------------------------------


@pytest.fixture
def unpublished(call):
    made = clone_call(call, reference="COS-NEW", title="New", first_deadline=LATER)
    row(made).update(opens_at=AFTERNOON)
    call_administration.request_publication(made, by=make_officer(CALL_MANAGERS))
    return made


def saying_yes(call, officer):
    call.refresh_from_db()
    seen = call_administration.mark_of(call, PublicationRequest.objects.get(call=call))
    return posting(officer, "confirm_publication", call, seen=seen)


def test_a_call_that_two_publish_at_once_is_published_once_and_the_later_hears_since_when(
    unpublished,
):
    answers = at_once(row(unpublished), *[saying_yes(unpublished, make_officer()) for _one in "12"])
    assert message_levels(answers) == [[SUCCESS], [ERROR]]
    unpublished.refresh_from_db()
    assert unpublished.published_at is not None


def test_a_yes_to_a_call_that_is_being_changed_publishes_nothing(unpublished):
    def rules_are_changed():
        rules = unpublished.rules[1:]
        change = propose_change(unpublished, rules, reason="x", by=make_officer())
        rule_changes.apply(change, by=make_officer())

    answer = overtaken(rules_are_changed, saying_yes(unpublished, make_officer()))
    assert "The call was not published because it has changed" in sentences(answer)
    unpublished.refresh_from_db()
    assert unpublished.published_at is None


def test_a_yes_to_an_asking_that_is_being_made_anew_publishes_nothing(unpublished):
    officer = make_officer()
    seen = call_administration.mark_of(
        Call.objects.get(pk=unpublished.pk), PublicationRequest.objects.get(call=unpublished)
    )

    def asked_again():
        with clock.frozen_at(clock.now() + timedelta(seconds=1)):
            call_administration.request_publication(unpublished, by=make_officer(CALL_MANAGERS))

    outcome = overtaken(
        asked_again,
        attempt(
            lambda: call_administration.confirm_publication(unpublished, seen=seen, by=officer),
            CannotPublishCall,
        ),
    )
    assert outcome == "CannotPublishCall"


def test_two_who_begin_calls_with_one_reference_at_once_begin_one_and_the_later_hears_so(call):
    def beginning(title):
        return attempt(
            lambda: begin_call(
                call.programme,
                reference="COS-TWICE",
                title=title,
                summary="",
                first_deadline=LATER,
                budget=1,
            ),
            ReferenceTaken,
        )

    assert overtaken(beginning("One"), beginning("Two")) == "ReferenceTaken"
    assert Call.objects.get(reference="COS-TWICE").title == "One"


# --- Writing a call -----------------------------------------------------------------------------


def test_who_corrects_a_call_that_is_being_extended_leaves_its_new_deadline(call, proposed):
    manager = client_of(make_officer(CALL_MANAGERS))
    sent = form_of(manager, call, summary="Corrected.")
    answer = overtaken(
        lambda: call_administration.confirm_extension(proposed, by=make_officer()),
        lambda: manager.post(reverse("admin:calls_call_change", args=[call.pk]), sent),
    )
    assert answer.status_code == 302
    call.refresh_from_db()
    assert (call.summary, call.deadline) == ("Corrected.", LATER)


def test_of_two_who_write_a_call_at_once_the_later_keeps_the_text_and_overwrites_nothing(call):
    def writing(text):
        manager = client_of(make_officer(CALL_MANAGERS))
        path = reverse("admin:calls_call_change", args=[call.pk])
        shown = manager.get(path).context["original"].mark
        sent = form_of(manager, call, summary=text) | {"seen": shown}
        return lambda: manager.post(path, sent)

    sends = [writing("One text."), writing("Another text.")]
    answers = at_once(row(call), *sends)
    assert sorted(answer.status_code for answer in answers) == [200, 302]
    (refused,) = (answer for answer in answers if answer.status_code == 200)
    call.refresh_from_db()
    won = answers[0].status_code == 302
    assert call.summary == ("One text." if won else "Another text.")
    assert "Another officer changed this call" in text_of(refused)
    assert ("Another text." if won else "One text.") in text_of(refused)
    assert refused.context["original"].mark in refused.content.decode()


# --- Extending -----------------------------------------------------------------------------------


def proposing(call, officer, until="29.4.2015 17:00"):
    return posting(officer, "extend", call, until=until, reason="An outage")


def test_of_two_who_propose_extensions_at_once_the_later_hears_of_the_first_and_replaces_nothing(
    call,
):
    answers = at_once(
        row(call),
        proposing(call, make_officer(CALL_MANAGERS), "29.4.2015 17:00"),
        proposing(call, make_officer(CALL_MANAGERS), "30.4.2015 17:00"),
    )
    assert sorted(answer.status_code for answer in answers) == [302, 422]
    (refused,) = (answer for answer in answers if answer.status_code != 302)
    waiting = ProposedExtension.objects.get()
    assert str(waiting.proposed_by) in text_of(refused)
    assert waiting.proposed_at.isoformat() in refused.content.decode()


def test_an_extension_that_was_sent_twice_is_proposed_once_and_both_hear_so(call):
    make_officer()
    sent = proposing(call, make_officer(CALL_MANAGERS))
    assert [answer.status_code for answer in at_once(row(call), sent, sent)] == [302, 302]
    proposed = ProposedExtension.objects.get()
    mails = QueuedEmail.objects.filter(key__startswith=f"proposed-extension:{proposed.pk}:")
    assert mails.count() == mails.values("to").distinct().count()


@pytest.fixture
def proposed(call):
    return call_administration.propose_extension(
        call,
        until=LATER,
        reason="An outage",
        incident=None,
        seen="",
        by=make_officer(CALL_MANAGERS),
    )


def test_an_extension_that_two_confirm_at_once_is_made_once_and_the_later_hears_by_whom(proposed):
    shown = {"proposed_at": proposed.proposed_at.isoformat()}
    answers = at_once(
        row(proposed.call),
        *[posting(make_officer(), "confirm_extension", proposed.call, **shown) for _one in "12"],
    )
    assert message_levels(answers) == [[SUCCESS], [ERROR]]
    made = Extension.objects.filter(new_deadline=LATER)
    assert made.count() == 1


def test_who_confirms_late_hears_who_confirmed(proposed):
    first = make_officer()
    outcome = overtaken(
        lambda: call_administration.confirm_extension(proposed, by=first),
        lambda: refusal_of(call_administration.confirm_extension, proposed, by=make_officer()),
    )
    assert str(first) in outcome


def refusal_of(act, *args, **named):
    with pytest.raises(CannotExtend) as refusal:
        act(*args, **named)
    return str(refusal.value)


def test_an_extension_that_is_being_confirmed_is_not_withdrawn(proposed):
    shown = {"proposed_at": proposed.proposed_at.isoformat()}
    first = make_officer()
    answer = overtaken(
        lambda: call_administration.confirm_extension(proposed, by=first),
        posting(make_officer(CALL_MANAGERS), "withdraw_extension", proposed.call, **shown),
    )
    assert f"{first} has already confirmed" in sentences(answer)
    assert ProposedExtension.objects.get().extension is not None


def test_an_extension_that_is_being_withdrawn_is_not_confirmed(proposed):
    shown = {"proposed_at": proposed.proposed_at.isoformat()}
    answer = overtaken(
        lambda: call_administration.withdraw_extension(proposed),
        posting(make_officer(), "confirm_extension", proposed.call, **shown),
    )
    assert "withdrawn" in sentences(answer)
    assert not Extension.objects.filter(new_deadline=LATER).exists()


# --- Changing rules ------------------------------------------------------------------------------


@pytest.fixture
def change(call):
    rules = [entry for entry in call.rules if entry["rule"] != "duration"]
    return propose_change(call, rules, reason="Corrigendum", by=make_officer())


def acting_on(change, officer, **sent):
    client, path = client_of(officer), change.get_absolute_url()
    return lambda: client.post(path, sent)


def test_a_change_that_two_put_in_force_at_once_is_made_once_and_the_later_hears_by_whom(change):
    answers = at_once(
        ProposedChange.objects.filter(pk=change.pk),
        *[acting_on(change, make_officer()) for _one in "12"],
    )
    assert message_levels(answers) == [[SUCCESS], [WARNING]]
    assert ConditionChange.objects.filter(reason="Corrigendum").count() == 1


def test_the_impact_of_a_change_that_is_being_put_in_force_is_not_counted_anew(change):
    first = make_officer()
    answer = overtaken(
        lambda: rule_changes.apply(change, by=first), acting_on(change, make_officer(), again="yes")
    )
    assert f"{first} has already applied this change" in sentences(answer)
    change.refresh_from_db()
    assert change.state == ProposedChange.State.DONE


def test_a_change_that_was_sent_twice_is_proposed_once(call):
    officer = make_officer()
    rules = call.rules[1:]
    made = at_once(
        row(call),
        *[lambda: propose_change(call, rules, reason="Corrigendum", by=officer).pk] * 2,
    )
    assert len(set(made)) == 1
