"""Writing together: history, merging, invitations, confirmations, comments, and who owes what."""

import re
from datetime import timedelta
from itertools import chain
from urllib.parse import urlencode, urlsplit

import pytest
from django.core import mail
from django.db import IntegrityError, InternalError, connection, transaction
from django.test import Client
from django.urls import reverse

from applicants.tests.factories import make_user
from conftest import AFTERNOON, DEADLINE, NEXT_DAY
from foundation import clock
from proposals.audit.activity import log_activity
from proposals.consortium import (
    assignments,
    confirmations,
    deadline_reminders,
    drafts,
    invitations,
    participants,
)
from proposals.consortium.progress import consortium_progress, reminder_for
from proposals.delivery import outbox
from proposals.delivery.emails import send_email
from proposals.dossier.document import Draft
from proposals.models import (
    Collaborator,
    Comment,
    Confirmation,
    Invitation,
    Proposal,
    ProposalActivity,
    QueuedEmail,
    Receipt,
    ReminderSubscription,
    SectionChange,
)
from proposals.submission.submit import withdraw
from proposals.tests.factories import (
    assign,
    make_draft,
    make_ready,
    partner_of,
    reload,
    save,
    submit,
)
from proposals.workspace import comments, timeline
from proposals.workspace.deletion import DELETED_DRAFT_RETENTION, purge_deleted

pytestmark = pytest.mark.django_db

Purpose = Invitation.Purpose


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


def url(name, proposal, *args):
    return reverse(f"proposals:{name}", args=[proposal.number, *args])


def text_of(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def sent():
    """Let the worker send what is promised."""
    outbox.process_due_emails(send_email)
    return mail.outbox


def link_in(message):
    return urlsplit(re.search(r"http\S+/invitations/\S+", message.body)[0]).path


def invited(proposal, *, purpose=Purpose.CONFIRM, key="p2", email="kim@partner.example"):
    participant = proposal.participants.get(key=key) if key else None
    return invitations.invite(
        proposal, email=email, purpose=purpose, participant=participant, by=proposal.started_by
    )


def summary(seen, **kwargs):
    return {
        "seen_version": str(seen),
        "title_text": "",
        "abstract": "",
        "duration_months": "",
    } | kwargs


# --- Every saved text is kept --------------------------------------------------------------------


def test_every_saved_text_is_kept_with_who_and_when(call):
    proposal = make_draft(call)
    save(proposal, "summary", acronym="ONE")
    save(proposal, "summary", acronym="TWO")
    saved = proposal.section_changes.filter(step="summary").values_list(
        "version", "answers__acronym", "saved_by", "saved_at"
    )
    by = proposal.started_by_id
    assert list(saved) == [(1, "ONE", by, AFTERNOON), (2, "TWO", by, AFTERNOON)]


def test_a_text_that_is_saved_past_every_function_is_kept_too(call):
    proposal = make_draft(call)
    save(proposal, "summary", acronym="ONE")
    with connection.cursor() as cursor:
        cursor.execute(
            'UPDATE proposals_section SET answers = \'{"acronym": "SQL"}\', version = 2 '
            "WHERE step = 'summary'"
        )
    assert SectionChange.objects.get(step="summary", version=2).answers == {"acronym": "SQL"}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE proposals_sectionchange SET answers = '{}'",
        "UPDATE proposals_proposalactivity SET summary = 'never'",
        "UPDATE proposals_comment SET text = 'never'",
        "UPDATE proposals_confirmation SET role = 'associated'",
    ],
)
def test_the_past_is_not_rewritten(call, statement):
    proposal = make_draft(call)
    save(proposal, "summary", acronym="ONE")
    comments.add_comment(proposal, step="summary", key="", text="Hm", by=proposal.started_by)
    confirmed(proposal)
    with pytest.raises(InternalError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_earlier_texts_are_shown_with_what_was_changed_and_can_be_put_back(call):
    proposal = make_draft(call)
    save(proposal, "summary", acronym="FIRST", abstract="We go f")
    save(proposal, "summary", acronym="FIRST", abstract="We go far")
    with clock.frozen_at(AFTERNOON + timedelta(minutes=15)):
        save(proposal, "summary", acronym="FIRST", abstract="We go near")
    lead = client_of(proposal.started_by)
    html = lead.get(url("step-history", proposal, "summary")).content.decode()
    assert "<del>far</del>" in html and "<ins>near</ins>" in html
    assert (
        "Version 2" in html and "Version 1" not in html
    )  # two saves within ten minutes are one change
    back = lead.get(url("step", proposal, "summary") + "?text=2")
    assert "We go far" in back.content.decode()
    assert 'name="seen_version" value="3"' in back.content.decode()
    assert proposal.sections.get(step="summary").answers["abstract"] == "We go near"
    assert lead.get(url("step", proposal, "summary") + "?text=99").status_code == 404


# --- Two people on one step ----------------------------------------------------------------------


def test_fields_that_only_one_touched_are_merged(call):
    proposal = make_draft(call)
    lead, partner = proposal.started_by, partner_of(proposal)
    assign(proposal, "summary")
    save(proposal, "summary", acronym="OLD", abstract="Old", title_text="", duration_months=None)
    client_of(lead).post(
        url("step", proposal, "summary"), summary(1, acronym="NEW", abstract="Old")
    )
    answer = client_of(partner).post(
        url("step", proposal, "summary"), summary(1, acronym="OLD", abstract="Written"), follow=True
    )
    assert "merged with changes by someone else: Acronym." in text_of(answer)
    answers = proposal.sections.get(step="summary").answers
    assert (answers["acronym"], answers["abstract"]) == ("NEW", "Written")


def test_a_conflict_shows_only_what_both_changed_and_lets_choose(call):
    proposal = make_draft(call)
    lead, partner = proposal.started_by, partner_of(proposal)
    assign(proposal, "summary")
    save(proposal, "summary", acronym="OLD", abstract="Old")
    client_of(lead).post(
        url("step", proposal, "summary"),
        summary(1, acronym="LEAD", abstract="Leads", title_text="T"),
    )
    answer = client_of(partner).post(
        url("step", proposal, "summary"), summary(1, acronym="MINE", abstract="Mine too")
    )
    html = answer.content.decode()
    assert answer.status_code == 409
    assert 'name="take:acronym"' in html and 'name="take:abstract"' in html
    assert 'name="take:title_text"' not in html  # merged: only the lead touched it
    assert 'name="title_text" value="T"' in html
    shown = summary(2, acronym="MINE", abstract="Mine too", title_text="T")
    shown |= {"conflict": ["acronym", "abstract"], "take:abstract": "mine"}
    left = client_of(partner).post(url("step", proposal, "summary"), shown)
    assert left.status_code == 409 and "select which text to keep for each field below" in text_of(
        left
    )
    assert proposal.sections.get(step="summary").version == 2
    client_of(partner).post(url("step", proposal, "summary"), shown | {"take:acronym": "theirs"})
    answers = proposal.sections.get(step="summary").answers
    assert (answers["acronym"], answers["abstract"], answers["title_text"]) == (
        "LEAD",
        "Mine too",
        "T",
    )


def test_an_autosave_that_merges_tells_the_page_what_came_in(call):
    proposal = make_draft(call)
    save(proposal, "summary", acronym="OLD", abstract="Old")
    save(proposal, "summary", acronym="NEW", abstract="Old")
    answer = client_of(proposal.started_by).post(
        url("step", proposal, "summary"),
        summary(1, acronym="OLD", abstract="Written"),
        headers={"X-Autosave": "1"},
    )
    reply = answer.json()
    assert (reply["state"], reply["version"]) == ("saved", 3)
    assert reply["words"].endswith("merged with changes by someone else: Acronym")
    assert ["acronym", "NEW"] in reply["fields"] and ["abstract", "Written"] in reply["fields"]


def test_rows_that_two_people_add_are_both_there(call):
    proposal = make_draft(call)
    lead, partner = proposal.started_by, partner_of(proposal)
    assign(proposal, "activities")

    def activities(title, seen):
        return {
            "seen_version": seen,
            "activities-TOTAL_FORMS": "1",
            "activities-INITIAL_FORMS": "0",
            "activities-0-title": title,
        }

    for person, title in ((lead, "Mission"), (partner, "Fair")):
        client_of(person).post(url("step", proposal, "activities"), activities(title, "0"))
    stored = proposal.sections.get(step="activities").answers["activities"]
    assert [row["title"] for row in stored] == ["Mission", "Fair"]


def test_thirty_activities_pasted_at_once_are_stored(call):
    proposal = make_draft(call)
    data = {
        "seen_version": "0",
        "activities-TOTAL_FORMS": "30",
        "activities-INITIAL_FORMS": "0",
    } | {f"activities-{n}-title": f"Activity {n} «é» 👍 עברית" for n in range(30)}
    client_of(proposal.started_by).post(url("step", proposal, "activities"), data)
    stored = proposal.sections.get(step="activities").answers["activities"]
    assert [row["title"] for row in stored] == [f"Activity {n} «é» 👍 עברית" for n in range(30)]


@pytest.mark.parametrize(
    "text", ["\u202eright to left\u202c", "👩‍👩‍👧‍👦 emoji", "Ⅷ ﬁ", "tab\tand\nline"]
)
def test_odd_signs_come_back_as_they_were_typed(call, text):
    proposal = make_draft(call)
    client_of(proposal.started_by).post(url("step", proposal, "summary"), summary(0, abstract=text))
    assert proposal.sections.get(step="summary").answers["abstract"] == text


def test_control_characters_are_left_out_and_everything_else_is_kept(call):
    proposal = make_draft(call)
    client_of(proposal.started_by).post(
        url("step", proposal, "summary"), summary(0, abstract="a\x00b\ufffe\x0bc", acronym="KEPT")
    )
    answers = proposal.sections.get(step="summary").answers
    assert (answers["abstract"], answers["acronym"]) == ("ab\nc", "KEPT")


def test_a_page_hears_who_else_is_on_the_step(call):
    proposal = make_draft(call)
    lead, partner = client_of(proposal.started_by), client_of(partner_of(proposal))
    place = {"place": "summary"}
    assert lead.post(url("presence", proposal), place).json()["words"] == ""
    heard = partner.post(url("presence", proposal), place).json()["words"]
    assert heard == f"{proposal.started_by} is also viewing this section."
    lead.post(url("presence", proposal), place | {"left": "1"})
    assert partner.post(url("presence", proposal), place).json()["words"] == ""


# --- Invitations ---------------------------------------------------------------------------------


def test_an_invited_person_writes_for_a_partner_whatever_the_address(call):
    proposal = make_draft(call)
    invited(proposal, purpose=Purpose.WRITE)
    path = link_in(sent()[-1])
    anyone = make_user(email="kim@home.example")
    assert "Sign in or create an account with any email address" in text_of(Client().get(path))
    assert "kim@partner.example" not in Client().get(path).content.decode()
    client = client_of(anyone)
    assert client.post(path).status_code == 302
    assert (
        client.post(
            url("description", proposal, "p2"), {"seen_version": "0", "description": "Kim's"}
        ).status_code
        == 302
    )
    again = Client().get(path)
    assert again.status_code == 410 and "This invitation has already been answered" in text_of(
        again
    )


def test_a_reader_reads_and_comments_and_nothing_else(call):
    proposal = make_ready(call)
    reader = make_user()
    invitations.accept(invited(proposal, purpose=Purpose.READ, key=None), user=reader)
    client = client_of(reader)
    page = client.get(url("step", proposal, "summary"))
    assert "fieldset disabled" in page.content.decode()
    answer = client.post(
        url("add-comment", proposal), {"place": "summary", "text": "Nice"}, follow=True
    )
    assert "Comment added." in text_of(answer)
    late = client.post(url("step", proposal, "summary"), summary(1, acronym="BY A READER"))
    assert late.status_code == 403 and "You were invited to read" in text_of(late)


@pytest.mark.parametrize(
    ("what", "status", "sentence"),
    [
        ("revoked", 410, "This invitation was cancelled"),
        ("expired", 410, "This invitation has expired"),
        ("foreign", 404, "This link does not work"),
        ("closed", 409, "The deadline has passed"),
        ("deleted", 404, "This link does not work"),
    ],
)
def test_a_link_that_opens_nothing_says_why(call, what, status, sentence):
    proposal = make_draft(call)
    with clock.frozen_at(AFTERNOON - timedelta(days=20)):
        invitation = invited(reload(proposal), key="p2")
        path = link_in(sent()[-1])
    moment = AFTERNOON - timedelta(days=19)
    if what == "revoked":
        invitations.revoke(invitation, by=proposal.started_by)
    elif what == "expired":
        moment = AFTERNOON
    elif what == "foreign":
        path = path[:-3] + "x/"
    elif what == "closed":
        moment = DEADLINE
    else:
        Proposal.objects.filter(pk=proposal.pk).update(deleted_at=moment)
    with clock.frozen_at(moment):
        answer = Client().get(path)
    assert (answer.status_code, sentence in text_of(answer)) == (status, True)


def test_sending_again_opens_an_expired_link_and_has_an_end(call):
    proposal = make_draft(call)
    with clock.frozen_at(AFTERNOON - timedelta(days=20)):
        invitation = invited(reload(proposal))
    lead = client_of(proposal.started_by)
    page = text_of(lead.get(url("people", proposal)))
    assert "expired" in page
    lead.post(url("resend-invitation", proposal, invitation.pk))
    path = link_in(sent()[-1])
    assert Client().get(path).status_code == 200
    Invitation.objects.filter(pk=invitation.pk).update(times_sent=10)
    answer = lead.post(url("resend-invitation", proposal, invitation.pk), follow=True)
    assert "This invitation has been sent ten times" in text_of(answer)


def test_an_address_is_asked_once_at_a_time(call):
    proposal = make_draft(call)
    lead = client_of(proposal.started_by)
    asked = {"email": "kim@partner.example", "purpose": "confirm", "partner": "p2"}
    assert lead.post(url("invite", proposal), asked).status_code == 302
    again = lead.post(url("invite", proposal), asked)
    assert again.status_code == 422 and "has already been invited" in text_of(again)
    assert len([item for item in sent() if item.to == ["kim@partner.example"]]) == 1


def test_ten_mails_to_one_address_are_enough(call):
    proposal = make_draft(call)
    for _turn in range(invitations.MAX_EMAILS):
        invitations.revoke(invited(proposal), by=proposal.started_by)
    with pytest.raises(invitations.SentTooOften):
        invited(proposal)


def test_a_declined_invitation_is_told_to_who_asked_with_the_reason(call):
    proposal = make_draft(call)
    invited(proposal)
    path = link_in(sent()[-1])
    answer = Client().post(path, {"decline": "yes", "reason": "No time this year"})
    assert "You have declined" in text_of(answer)
    notified = sent()[-1]
    assert notified.to == [proposal.started_by.email] and "No time this year" in notified.body
    assert Client().post(path).status_code == 410


def test_an_answered_invitation_stays_answered(call):
    invitation = invited(make_draft(call), purpose=Purpose.WRITE)
    invitations.accept(invitation, user=make_user())
    with pytest.raises(IntegrityError), transaction.atomic():
        Invitation.objects.filter(pk=invitation.pk).update(state="pending")
    with pytest.raises(invitations.InvitationNotOpen):
        invitations.accept(invitation, user=make_user())
    assert Collaborator.objects.count() == 1


def test_access_that_is_taken_back_ends_at_once_and_the_page_keeps_the_text(call):
    proposal = make_draft(call)
    kim = make_user()
    invitations.accept(invited(proposal, purpose=Purpose.WRITE), user=kim)
    client, path = client_of(kim), url("description", proposal, "p2")
    assert client.get(path).status_code == 200
    lead = client_of(proposal.started_by)
    lead.post(url("remove-collaborator", proposal, Collaborator.objects.get().pk))
    answer = client.post(path, {"seen_version": "0", "description": "An hour of typing"})
    assert answer.status_code == 404 and "An hour of typing" in answer.content.decode()
    assert client.get(path).status_code == 404


def test_only_the_lead_sees_addresses_of_who_was_asked(call):
    proposal = make_draft(call)
    invited(proposal)
    assert "kim@partner.example" in text_of(
        client_of(proposal.started_by).get(url("people", proposal))
    )
    partner = client_of(partner_of(proposal))
    assert "kim@partner.example" not in text_of(partner.get(url("people", proposal)))


def test_an_invitation_waits_on_the_page_of_work_of_a_confirmed_address(call):
    kim = make_user(email="kim@partner.example")
    proposal = make_draft(call)
    invited(proposal, purpose=Purpose.WRITE)
    page = client_of(kim).get(reverse("proposals:mine"))
    assert "invites you to write for" in text_of(page)
    other = client_of(make_user()).get(reverse("proposals:mine"))
    assert "invites you" not in text_of(other)


# --- Confirmation --------------------------------------------------------------------------------


def confirmed(proposal, key="p2"):
    participant = proposal.participants.select_related("organisation", "proposal").get(key=key)
    draft = Draft(reload(proposal))
    return confirmations.confirm(
        participant,
        name="Kim",
        function="Director",
        shown=confirmations.confirmation_content(draft, participant),
        by=None,
    )


def confirmation_data(page, **kwargs):
    shown = re.search(r'name="shown" value="(\w+)"', page.content.decode())[1]
    ticks = {f"declaration_{number}": "on" for number in (1, 2, 3)}
    return {"name": "Kim Partner", "function": "Director", "shown": shown} | ticks | kwargs


def test_a_partner_confirms_by_a_link_without_an_account(call):
    proposal = make_ready(call)
    invited(proposal)
    path = link_in(sent()[-1])
    stranger = Client()
    page = stranger.get(path)
    assert "Photonics for health" in text_of(page) and "Services to businesses." in text_of(page)
    answer = stranger.post(path, confirmation_data(page))
    assert "Your organisation has confirmed" in text_of(answer)
    stored = Confirmation.objects.get()
    assert (stored.name, stored.function, stored.role) == ("Kim Partner", "Director", "partner")
    assert len(stored.declarations) == 3 and len(stored.shown_sha256) == 64
    assert sent()[-1].to == [proposal.started_by.email]
    assert "Kim Partner (Director) has confirmed" in sent()[-1].body


def test_a_confirmation_without_all_declarations_keeps_what_was_typed(call):
    proposal = make_ready(call)
    invited(proposal)
    stranger, path = Client(), link_in(sent()[-1])
    data = confirmation_data(stranger.get(path))
    del data["declaration_3"]
    answer = stranger.post(path, data)
    assert answer.status_code == 422 and "Confirm this statement" in text_of(answer)
    assert 'value="Kim Partner"' in answer.content.decode()
    assert not Confirmation.objects.exists()


def test_a_text_that_changed_while_one_reads_must_be_read_again(call):
    proposal = make_ready(call)
    invited(proposal)
    stranger, path = Client(), link_in(sent()[-1])
    data = confirmation_data(stranger.get(path))
    save(proposal, "summary", abstract="Something else")
    answer = stranger.post(path, data)
    assert answer.status_code == 409
    assert "the text changed while you were reading" in text_of(answer)
    assert stranger.post(path, confirmation_data(answer)).status_code == 200
    assert Confirmation.objects.count() == 1


def test_a_missing_confirmation_is_a_warning_with_a_name_and_blocks_nothing(call):
    proposal = make_ready(call)
    lead = client_of(proposal.started_by)
    confirmed(proposal, "p2")
    third = proposal.participants.get(key="p3").organisation.name
    page = lead.get(url("check", proposal))
    assert [one.participant.organisation.name for one in page.context["unconfirmed"]] == [third]
    assert third in text_of(page)
    assert submit(proposal).number == 1


def test_another_role_must_be_confirmed_again(call):
    proposal = make_ready(call)
    confirmed(proposal, "p2")
    assert [
        confirmation.participant.key
        for confirmation in confirmations.missing_confirmations(Draft(reload(proposal)))
    ] == ["p3"]
    client_of(proposal.started_by).post(
        url("participant", proposal, "p2"), {"role": "associated", "seen_version": "3"}
    )
    assert [
        confirmation.participant.key
        for confirmation in confirmations.missing_confirmations(Draft(reload(proposal)))
    ] == ["p2", "p3"]


def test_the_partners_own_people_confirm_here_and_the_lead_cannot_for_them(call):
    proposal = make_ready(call)
    partner, lead = client_of(partner_of(proposal)), client_of(proposal.started_by)
    path = url("confirm", proposal, "p2")
    assert "Only people who act for this partner can confirm" in text_of(lead.get(path))
    assert lead.post(path, {}).status_code == 403
    page = partner.get(path)
    assert "Your organisation has confirmed" in text_of(partner.post(path, confirmation_data(page)))


# --- Who owes what -------------------------------------------------------------------------------


def test_the_matrix_says_what_each_partner_owes(call):
    proposal = make_draft(call)
    rows = {row.participant.key: row for row in consortium_progress(Draft(reload(proposal))).rows}
    assert [text.split(" (")[0] for text in rows["p2"].missing_parts] == [
        "Description",
        "Cluster profile",
        "Budget",
        "Confirmation",
    ]
    ready = make_ready(call)
    confirmed(ready, "p2")
    rows = {row.participant.key: row for row in consortium_progress(Draft(reload(ready))).rows}
    assert {key: row.missing_parts for key, row in rows.items()} == {
        "p1": [],
        "p2": [],
        "p3": ["Confirmation"],
    }


def test_a_reminder_names_what_is_missing_and_is_not_sent_twice_in_an_hour(call):
    proposal = make_draft(call)
    partner = partner_of(proposal)
    lead = client_of(proposal.started_by)
    lead.post(url("remind", proposal, "p2"))
    message = next(item for item in sent() if item.to == [partner.email])
    assert "Cluster profile" in message.body and "17:00 Brussels" in message.body
    again = lead.post(url("remind", proposal, "p2"), follow=True)
    assert "was reminded less than an hour ago" in text_of(again)
    reminder = reminder_for(Draft(reload(proposal)), "p2")
    with clock.frozen_at(AFTERNOON + timedelta(minutes=35)):
        with pytest.raises(assignments.RemindedRecently):
            assignments.remind(proposal, reminder, by=proposal.started_by)


def test_what_waits_for_a_person_is_on_its_page_of_work(call):
    proposal = make_draft(call)
    partner = partner_of(proposal)
    assign(proposal, "vision")
    page = text_of(client_of(partner).get(reverse("proposals:mine")))
    name = proposal.participants.get(key="p2").organisation.name
    assert f"Description: {name}" in page and "Vision and markets" in page
    assert "Summary" not in page
    leads = text_of(client_of(proposal.started_by).get(reverse("proposals:mine")))
    assert "Summary" in leads and "Vision and markets" not in leads


# --- Comments ------------------------------------------------------------------------------------


def test_a_mention_is_mailed_and_waits_until_it_is_done(call):
    proposal = make_draft(call)
    partner = partner_of(proposal)
    lead = client_of(proposal.started_by)
    text = f"Could you check this, @{partner.full_name.upper()}?"
    lead.post(url("add-comment", proposal), {"place": "vision", "text": text})
    notified = [item for item in sent() if "mentions you" in item.subject]
    assert [item.to for item in notified] == [[partner.email]] and text in notified[0].body
    mine = client_of(partner)
    assert "mentioned you in a comment" in text_of(mine.get(reverse("proposals:mine")))
    mine.post(url("resolve-comment", proposal, Comment.objects.get().pk), {"done": "yes"})
    assert "mentioned you" not in text_of(mine.get(reverse("proposals:mine")))


def test_a_longer_name_is_not_taken_for_a_shorter_one():
    class Named:
        def __init__(self, name):
            self.name = name

        def __str__(self):
            return self.name

    short, long = Named("Ana Lu"), Named("Ana Lu Parker")
    assert comments.mentioned("hello @ana lu parker", [short, long]) == [long]
    assert comments.mentioned("@Ana Lu and @Ana Lu Parker", [short, long]) == [long, short]
    assert comments.mentioned("Ana Lu", [short, long]) == []
    assert comments.mentioned("@Ana Luise", [short]) == []


def test_comments_without_end_come_page_by_page(call, monkeypatch):
    proposal = make_draft(call)
    monkeypatch.setattr(comments, "SHOWN", 2)
    made = [
        comments.add_comment(
            proposal, step="vision", key="", text=f"No. {turn}", by=proposal.started_by
        )
        for turn in range(5)
    ]
    client = client_of(proposal.started_by)
    path = url("step", proposal, "vision")
    newest = client.get(path).context["comment_page"]
    assert newest.comments == made[3:] and newest.has_earlier and not newest.has_later
    first = client.get(path, {"comment": made[0].pk}).context["comment_page"]
    assert first.comments == made[:1] and not first.has_earlier and first.has_later
    linked = client.get(made[2].get_absolute_url()).context["comment_page"]
    assert linked.comments == made[1:3] and linked.has_earlier and linked.has_later
    for nonsense in ("x", "-1", "9" * 40):
        assert client.get(path, {"comment": nonsense}).status_code == 200


@pytest.mark.parametrize("place", ["nowhere", "descriptions", "descriptions/p9", "summary/p2", ""])
def test_a_comment_needs_a_place_that_exists(call, place):
    proposal = make_draft(call)
    answer = client_of(proposal.started_by).post(
        url("add-comment", proposal), {"place": place, "text": "Hm"}
    )
    assert (answer.status_code, Comment.objects.count()) == (404, 0)


# --- Timeline and differences --------------------------------------------------------------------


def test_the_timeline_tells_everything_from_the_beginning_to_the_receipt(call):
    from proposals.proof.receipts import create_receipt  # noqa: PLC0415 -- slow to import

    proposal = make_ready(call)
    invited(proposal)
    version = submit(proposal)
    create_receipt(version)
    with clock.frozen_at(DEADLINE):
        client_of(proposal.started_by).post(url("check", proposal))
        page = text_of(client_of(proposal.started_by).get(url("timeline", proposal)))
    for text in (
        "Proposal created",
        "invited to the consortium",
        "“Summary” saved",
        "Invitation sent",
        "Version 1 received",
        version.sha256,
        "Proof of submission for version 1 created",
        version.receipt.sha256,
        "A submission was refused because it was late",
    ):
        assert text in page, text


def moments_by_pages(client, proposal):
    """What the timeline shows, page by page, as far as its links lead."""
    path, pages = url("timeline", proposal), []
    while path:
        context = client.get(path).context
        pages.append([(moment.at, moment.text) for moment in context["moments"]])
        earlier = context["earlier"]
        path = earlier and url("timeline", proposal) + "?" + urlencode(
            {"before": earlier.isoformat()}
        )
    return pages


@pytest.mark.parametrize("times", [1, 3])
def test_a_timeline_of_any_length_is_read_page_by_page(
    call, monkeypatch, django_assert_num_queries, times
):
    proposal = make_ready(call)
    for turn in range(times):
        with clock.frozen_at(AFTERNOON + timedelta(minutes=turn)):
            version = submit(reload(proposal))
            log_activity(proposal, ProposalActivity.Kind.ASKED, "It went on", by=None)
            withdraw(reload(proposal), reason="x", by=proposal.started_by, received_at=clock.now())
            Receipt.objects.create(version=version, pdf=b"", sha256="0", sealed_at=clock.now())
    client = client_of(proposal.started_by)
    (whole,) = moments_by_pages(client, proposal)
    with django_assert_num_queries(11):
        client.get(url("timeline", proposal))
    monkeypatch.setattr(timeline, "SHOWN", 3)
    pages = moments_by_pages(client, proposal)
    assert len(pages) == times, "what happened in one instant is not parted"
    assert sorted(chain(*pages)) == sorted(whole)


def test_a_timeline_before_nonsense_is_that_before_nothing(call):
    proposal = make_draft(call)
    client = client_of(proposal.started_by)
    for before in ("x", "2015-04-21", "9999-12-31T23:59:59-23:59"):
        answer = client.get(url("timeline", proposal), {"before": before})
        assert answer.status_code == 200 and answer.context["moments"]


def test_the_banner_counts_the_fields_and_the_page_shows_them(call):
    proposal = make_ready(call)
    submit(proposal)
    save(proposal, "summary", acronym="NEW", abstract="We go to markets near Europe.")
    save(proposal, "budget", staff_p2="31000.00")
    lead = client_of(proposal.started_by)
    answer = lead.get(url("proposal", proposal))
    page = text_of(answer)
    assert proposal.versions.get().get_absolute_url() in answer.content.decode()
    assert "Received: 21 April 2015, 16:20:00" in page
    assert "3 fields have changed since then." in page
    html = lead.get(url("compare", proposal)).content.decode()
    assert "<del>beyond</del>" in html and "<ins>near</ins>" in html
    assert lead.get(url("compare", proposal) + "?from=7&to=draft").status_code == 404
    assert "The two versions are identical." in text_of(
        lead.get(url("compare", proposal) + "?from=1&to=1")
    )


# --- Deleting, copying, reminders, calendar ------------------------------------------------------


def test_a_deleted_draft_is_gone_for_all_and_comes_back_within_thirty_days(call):
    proposal = make_ready(call)
    partner = partner_of(proposal)
    lead = client_of(proposal.started_by)
    lead.post(url("delete", proposal))
    assert client_of(partner).get(proposal.get_absolute_url()).status_code == 404
    assert lead.get(proposal.get_absolute_url()).status_code == 404
    assert partner.email in {address for item in sent() for address in item.to}
    assert "Restore" in text_of(lead.get(reverse("proposals:mine")))
    assert client_of(partner).post(url("restore", proposal)).status_code == 404
    with clock.frozen_at(AFTERNOON + DELETED_DRAFT_RETENTION - timedelta(seconds=1)):
        assert purge_deleted(clock.now()) == 0
        lead.post(url("restore", proposal))
    assert client_of(partner).get(proposal.get_absolute_url()).status_code == 200
    assert proposal.sections.get(step="summary").answers["acronym"] == "LASER-GO"


def test_after_thirty_days_a_deleted_draft_is_gone_for_ever(call):
    proposal = make_ready(call)
    lead = client_of(proposal.started_by)
    lead.post(url("delete", proposal))
    with clock.frozen_at(AFTERNOON + DELETED_DRAFT_RETENTION):
        assert "deleted more than 30 days ago" in text_of(
            lead.post(url("restore", proposal), follow=True)
        )
        assert purge_deleted(clock.now()) == 1
    assert not Proposal.objects.exists()


def test_what_was_submitted_is_never_deleted(call):
    proposal = make_ready(call)
    submit(proposal)
    answer = client_of(proposal.started_by).post(url("delete", proposal))
    assert answer.status_code == 409 and "you cannot delete it" in text_of(answer)
    with pytest.raises(IntegrityError), transaction.atomic():
        Proposal.objects.filter(pk=proposal.pk).update(deleted_at=AFTERNOON)


def test_an_earlier_proposal_is_copied_into_the_other_strand(call):
    source = make_ready(call)
    lead = source.started_by
    p2 = source.participants.get(key="p2")
    save(source, "budget", staff_p2="12345.00")
    organisation = source.participants.get(key="p1").organisation
    answer = client_of(lead).post(
        reverse("proposals:start", args=[call.reference, "3.2"]),
        {"organisation": organisation.pk, "copy_of": source.number},
    )
    copy = Proposal.objects.exclude(pk=source.pk).get()
    assert answer["Location"] == url("step", copy, "summary")
    draft = Draft(reload(copy))
    assert draft.answers("summary")["abstract"] == "We go to markets beyond Europe."
    assert [participant.organisation_id for participant in draft.participants] == [
        participant.organisation_id for participant in Draft(source).participants
    ]
    new = next(
        participant
        for participant in draft.participants
        if participant.organisation_id == p2.organisation_id
    )
    assert draft.answers("descriptions", new)["description"] == "Services to businesses."
    assert draft.answers("budget")[f"staff_{new.key}"] == "12345.00"
    assert draft.answers("activities")["activities"][0]["objective"] == ""
    assert copy.activity_log.filter(kind=ProposalActivity.Kind.COPIED).exists()


def test_nobody_copies_what_they_do_not_lead(call):
    source = make_ready(call)
    partner = partner_of(source)
    organisation = partner.organisations.get()
    answer = client_of(partner).post(
        reverse("proposals:start", args=[call.reference, "3.1"]),
        {"organisation": organisation.pk, "copy_of": source.number},
    )
    assert (answer.status_code, Proposal.objects.count()) == (404, 1)


@pytest.mark.parametrize(
    ("before", "due"),
    [
        (timedelta(days=8), 0),
        (timedelta(days=7), 1),
        (timedelta(days=2), 1),
        (timedelta(days=1), 2),
        (timedelta(hours=2), 3),
        (timedelta(seconds=1), 3),
        (timedelta(), 3),
    ],
)
def test_reminders_come_at_three_moments_once_each(call, before, due):
    with clock.frozen_at(DEADLINE - timedelta(days=20)):
        proposal = make_draft(call)
        deadline_reminders.set_reminders(proposal, wanted=True, by=proposal.started_by)
    moments = [
        DEADLINE - timedelta(days=7),
        DEADLINE - timedelta(days=1),
        DEADLINE - timedelta(hours=2),
    ]
    for moment in [moment for moment in moments if moment <= DEADLINE - before] + [
        DEADLINE - before
    ]:
        deadline_reminders.remind_of_deadlines(moment)
        deadline_reminders.remind_of_deadlines(moment)
    assert QueuedEmail.objects.filter(key__startswith="deadline:").count() == due


def test_who_did_not_choose_or_has_submitted_is_not_reminded(call):
    moment = DEADLINE - timedelta(days=1)
    with clock.frozen_at(DEADLINE - timedelta(days=20)):
        silent, done, late = make_draft(call), make_ready(call), make_draft(call)
        deadline_reminders.set_reminders(done, wanted=True, by=done.started_by)
        submit(done)
    with clock.frozen_at(moment + timedelta(hours=1)):
        deadline_reminders.set_reminders(late, wanted=True, by=late.started_by)
    assert deadline_reminders.remind_of_deadlines(moment + timedelta(hours=2)) == 0
    assert silent.pk != late.pk


def test_who_no_longer_takes_part_is_not_reminded(call):
    with clock.frozen_at(DEADLINE - timedelta(days=20)):
        proposal = make_draft(call)
        deadline_reminders.set_reminders(proposal, wanted=True, by=proposal.started_by)
    proposal.started_by.memberships.all().delete()
    deadline_reminders.remind_of_deadlines(DEADLINE - timedelta(days=1))
    assert not QueuedEmail.objects.filter(to=proposal.started_by.email).exists()


def test_reminders_are_chosen_and_dropped_with_one_button(call):
    proposal = make_draft(call)
    lead = client_of(proposal.started_by)
    lead.post(url("reminders", proposal), {"wanted": "yes"})
    assert ReminderSubscription.objects.get().user == proposal.started_by
    lead.post(url("reminders", proposal), {"wanted": "no"})
    assert not ReminderSubscription.objects.exists()


def test_the_deadline_is_a_calendar_file_that_other_programs_read(call):
    import icalendar  # noqa: PLC0415 -- only here

    proposal = make_draft(call)
    answer = client_of(proposal.started_by).get(url("calendar", proposal))
    event = icalendar.Calendar.from_ical(answer.content).walk("VEVENT")[0]
    assert event["dtend"].dt == DEADLINE
    assert proposal.number in event["summary"]
    alarms = [DEADLINE - component["trigger"].dt for component in event.walk("VALARM")]
    assert alarms == [timedelta(days=1), timedelta(hours=2)]


def test_withdrawing_is_mailed_to_all_with_the_reason_and_how_to_undo_it(call):
    proposal = make_ready(call)
    partner = partner_of(proposal)
    submit(proposal)
    client_of(proposal.started_by).post(url("withdraw", proposal), {"reason": "A mistake"})
    message = next(item for item in sent() if item.to == [partner.email])
    assert "withdrawn" in message.subject and "A mistake" in message.body
    assert "submit the proposal again before the deadline" in message.body
    assert "You have no submitted proposal" in message.alternatives[0].content


def test_a_second_submission_says_which_it_replaces(call):
    from proposals.submission.notifications import notify_submission  # noqa: PLC0415 -- only here

    proposal = make_ready(call)
    submit(proposal)
    save(proposal, "summary", acronym="AGAIN")
    notify_submission(submit(reload(proposal)))
    assert "version 2 received, replaces version 1" in sent()[-1].subject


def test_text_that_came_too_late_can_be_downloaded(call):
    proposal = make_draft(call)
    with clock.frozen_at(DEADLINE):
        answer = client_of(proposal.started_by).post(
            url("step", proposal, "summary"), summary(0, abstract="Too late é")
        )
    html = answer.content.decode()
    assert "Download your text (TXT)" in html
    assert "data:text/plain;charset=utf-8,abstract%3A%0AToo%20late%20%C3%A9" in html


def test_after_the_deadline_everything_is_read_and_nothing_changed(call):
    proposal = make_ready(call)
    lead = client_of(proposal.started_by)
    with clock.frozen_at(NEXT_DAY):
        for page in ("progress", "people", "timeline", "compare", "preview", "proposal"):
            html = lead.get(url(page, proposal)).content.decode()
            assert lead.get(url(page, proposal)).status_code == 200
            assert "Remind<" not in html and "Send invitation" not in html, page
        sent_late = {
            "invite": {"email": "a@b.example", "purpose": "read"},
            "assign-step": {"step": "vision", "partner": "p2"},
            "reminders": {"wanted": "yes"},
            "delete": {},
        }
        for route, data in sent_late.items():
            answer = lead.post(url(route, proposal), data)
            assert (answer.status_code, "The deadline has passed" in text_of(answer)) == (
                409,
                True,
            ), route


def test_the_draft_is_printed_by_a_worker_with_a_mark(call):
    import io  # noqa: PLC0415 -- only here

    import pikepdf  # noqa: PLC0415 -- only here

    from proposals.proof.full_proposal_pdf import make_draft_pdfs  # noqa: PLC0415 -- only here

    proposal = make_ready(call)
    lead = client_of(proposal.started_by)
    lead.post(url("draft-pdf", proposal))
    assert "The PDF is being created." in text_of(lead.get(url("draft-pdf", proposal)))
    assert make_draft_pdfs() == 1
    assert "The PDF is ready." in text_of(lead.get(url("draft-pdf", proposal)))
    pdf = lead.get(url("draft-pdf", proposal) + "?pdf")
    assert pdf["Content-Type"] == "application/pdf"
    with pikepdf.open(io.BytesIO(pdf.content)) as opened:
        assert "Draft" in str(opened.docinfo["/Title"])
    lead.post(url("draft-pdf", proposal))  # unchanged: the same print serves
    assert make_draft_pdfs() == 0


def test_a_print_that_fails_says_so_and_keeps_no_other_waiting(call, monkeypatch):
    from proposals.proof import full_proposal_pdf  # noqa: PLC0415 -- only here

    broken, fine = make_ready(call), make_ready(call)
    for item in (broken, fine):
        full_proposal_pdf.request_draft_pdf(Draft(reload(item)), by=item.started_by)
    real = full_proposal_pdf.render_proposal_pdf

    def failing(proposal, *args, **kwargs):
        if proposal.pk == broken.pk:
            raise ValueError
        return real(proposal, *args, **kwargs)

    monkeypatch.setattr(full_proposal_pdf, "render_proposal_pdf", failing)
    assert full_proposal_pdf.make_draft_pdfs() == 1
    page = client_of(broken.started_by).get(url("draft-pdf", broken))
    assert "The PDF could not be created." in text_of(page)


def test_drafting_tells_a_lost_base_from_a_known_one(call):
    proposal = make_draft(call)
    save(proposal, "summary", acronym="ONE")
    section = drafts.section_of(proposal, "summary")
    with pytest.raises(drafts.MergeConflict) as caught:
        drafts.save_or_merge(
            proposal, section, answers={"acronym": "TWO"}, seen_version=99, by=proposal.started_by
        )
    assert caught.value.merge.conflicts == ("acronym",)


@pytest.mark.parametrize(("partners", "count"), [(2, 1), (12, 60)])
def test_the_page_of_who_owes_what_asks_a_fixed_number_of_questions(
    call, partners, count, django_assert_num_queries
):
    proposal = make_draft(call, countries=["LT", *["FR"] * (partners - 1)])
    activity = {"title": "Mission", "objective": "", "description": "", "justification": ""}
    save(proposal, "activities", activities=[activity] * count)
    for participant in proposal.participants.all():
        save(proposal, "descriptions", of=participant, by=make_user(), description="Written")
    lead = client_of(proposal.started_by)
    lead.get(url("progress", proposal))
    with django_assert_num_queries(10):
        assert lead.get(url("progress", proposal)).status_code == 200


def test_a_partner_that_said_no_is_shown_as_such_everywhere(call):
    proposal = make_ready(call)
    invited(proposal)
    Client().post(link_in(sent()[-1]), {"decline": "yes", "reason": "Our board said no"})
    lead = client_of(proposal.started_by)
    for page in ("proposal", "check", "progress"):
        text = text_of(lead.get(url(page, proposal)))
        assert "declined" in text and "Our board said no" in text, page


def test_partners_and_readers_see_no_address_of_who_was_asked(call):
    proposal = make_draft(call)
    invitations.revoke(invited(proposal, email="secret@home.example"), by=proposal.started_by)
    partner = client_of(partner_of(proposal))
    for page in ("timeline", "people", "progress", "proposal"):
        assert "secret@home.example" not in text_of(partner.get(url(page, proposal))), page
    assert "secret@home.example" in text_of(
        client_of(proposal.started_by).get(url("timeline", proposal))
    )


def test_a_very_long_address_keeps_no_other_from_being_told(call):
    proposal = make_ready(call)
    long = f"{'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 60}.example"
    kim = make_user(email=long)
    invitations.accept(invited(proposal, purpose=Purpose.WRITE, email=long), user=kim)
    client_of(proposal.started_by).post(url("delete", proposal))
    assert {long} <= {address for item in sent() for address in item.to}


def test_who_leads_does_not_confirm_for_a_partner_by_inviting_themselves(call):
    proposal = make_ready(call)
    lead = proposal.started_by
    invitations.accept(invited(proposal, purpose=Purpose.WRITE, email=lead.email), user=lead)
    assert client_of(lead).post(url("confirm", proposal, "p2"), {}).status_code == 403


def test_an_officer_takes_no_part_in_a_proposal(call):
    from proposals.tests.factories import make_officer  # noqa: PLC0415 -- only here

    proposal = make_draft(call)
    officer = make_officer()
    invitation = invited(proposal, purpose=Purpose.READ, key=None)
    answer = client_of(officer).post(reverse("proposals:invitation", args=[invitation.token]))
    assert answer.status_code == 403 and "Officers cannot take part" in text_of(answer)
    assert not Collaborator.objects.exists()


def test_after_the_deadline_nobody_joins(call):
    proposal = make_draft(call)
    invitation = invited(proposal, purpose=Purpose.WRITE)
    with clock.frozen_at(DEADLINE), pytest.raises(drafts.NotOpen):
        invitations.accept(invitation, user=make_user())


def test_a_page_that_did_not_show_a_field_does_not_empty_it(call):
    """Its partner was an associated one when the page was opened."""
    proposal = make_ready(call)
    client_of(proposal.started_by).post(
        url("step", proposal, "budget"), {"seen_version": "1", "staff_p1": "1", "grant_p1": "1"}
    )
    answers = proposal.sections.get(step="budget").answers
    assert (answers["staff_p1"], answers["staff_p2"]) == ("1", "30000.00")


def test_costs_and_comments_come_back_with_a_partner_without_a_description(call):
    proposal = make_draft(call)
    save(proposal, "budget", staff_p2="777")
    comments.add_comment(proposal, step="descriptions", key="p2", text="Hm", by=proposal.started_by)
    p2 = proposal.participants.get(key="p2")
    organisation = p2.organisation
    participants.remove_participant(p2, seen_version=3, by=proposal.started_by)
    assert client_of(proposal.started_by).get(url("timeline", proposal)).status_code == 200
    participants.add_participant(
        proposal,
        participants.NewParticipant(organisation, participants.Role.PARTNER),
        seen_version=4,
        by=proposal.started_by,
    )
    assert proposal.sections.get(step="budget").answers["staff_p4"] == "777"
    assert Comment.objects.get().participant_key == "p4"


def test_a_text_as_long_as_the_browser_allows_is_stored(call):
    proposal = make_draft(call)
    text = "a\r\n" * 1500  # 3,000 characters as a browser counts
    client_of(proposal.started_by).post(url("step", proposal, "summary"), summary(0, abstract=text))
    assert len(proposal.sections.get(step="summary").answers["abstract"]) in {2999, 3000}


def test_a_comment_that_is_too_long_comes_back(call):
    proposal = make_draft(call)
    answer = client_of(proposal.started_by).post(
        url("add-comment", proposal), {"place": "summary", "text": "x" * 4001}
    )
    assert answer.status_code == 422 and "x" * 4001 in answer.content.decode()


@pytest.mark.parametrize(
    ("route", "data"),
    [("presence", {"place": "summary\0"}), ("assign-step", {"step": "vision", "partner": "p\0"})],
)
def test_damaged_places_are_404(call, route, data):
    proposal = make_draft(call)
    assert client_of(proposal.started_by).post(url(route, proposal), data).status_code in {400, 404}


def test_people_are_told_when_they_are_added_or_given_a_step(call):
    proposal = make_draft(call)
    partner = partner_of(proposal)
    assign(proposal, "vision")
    assert partner.email in {
        a for item in sent() if "Section assigned to you" in item.subject for a in item.to
    }
    added = [item for item in sent() if "is invited to take part in a proposal" in item.subject]
    assert len(added) == 2 and proposal.number in added[0].body


def test_people_are_told_that_their_organisation_was_taken_out(call):
    proposal = make_draft(call)
    partner = partner_of(proposal)
    taken_out = proposal.participants.get(organisation__members=partner)
    seen = drafts.section_of(proposal, "consortium").version
    participants.remove_participant(taken_out, seen_version=seen, by=proposal.started_by)
    notified = [item for item in sent() if "no longer takes part" in item.subject]
    assert [partner.email] in [item.to for item in notified] and proposal.number in notified[0].body
    assert client_of(partner).get(proposal.get_absolute_url()).status_code == 404
