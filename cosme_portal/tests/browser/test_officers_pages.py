"""Pages of operators and second officers, looked at on a desk and on a phone."""

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from applicants.tests.factories import PASSWORD, make_user
from calls import shared_clock
from conftest import NEXT_DAY
from cosme_portal.tests.browser.conftest import set_clock
from proposals.models import OutboxMessage
from proposals.proof.reissue import reissue_documents
from proposals.screening.decisions import notify_applicant, record_decision, review_decision
from proposals.tests.factories import make_officer, make_ready, submit

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.real_clock,
    pytest.mark.xdist_group("browser-officers-pages"),
]


def sign_in_officer(visit, person, width):
    visitor = visit(width=width)
    visitor.goto("/admin/")
    visitor.fill(login=person.email, password=PASSWORD)
    visitor.follow(visitor.page.locator("main").get_by_role("button", name="Sign in"))
    return visitor


@pytest.mark.parametrize("width", [1280, 360])
def test_the_queue_and_what_is_made_again(call, visit, width):
    operator = make_user(is_staff=True)
    operator.groups.add(Group.objects.get(name="Operators"))
    first = submit(make_ready(call))
    submit(make_ready(call))
    run = reissue_documents(call, "receipt", reason="The logo was wrong.", by=operator)
    OutboxMessage.objects.filter(version=first, kind="receipt", reissue=None).update(
        state="failed", attempts=12, last_error="TemplateSyntaxError at receipts.py:1"
    )
    visitor = sign_in_officer(visit, operator, width)
    visitor.goto(reverse("admin:proposals_outboxmessage_changelist"))
    visitor.assert_shows(
        "Failed items are retried automatically", "TemplateSyntaxError at receipts.py:1"
    )
    visitor.goto(reverse("admin:proposals_documentreissue_add"))
    visitor.goto(reverse("admin:proposals_documentreissue_change", args=[run.pk]))
    visitor.assert_shows("0 of 2 documents issued")
    run.outbox_messages.update(state="done")
    visitor.page.get_by_text(
        "All documents have been reissued."
    ).wait_for()  # without loading it again


@pytest.mark.parametrize("width", [1280, 360])
def test_what_a_second_officer_sees_and_forgets(call, visit, width):
    version = submit(make_ready(call))
    set_clock(NEXT_DAY)
    with shared_clock.use_shared_offset():
        decision = record_decision(
            version, outcome="ineligible", reason="One member only.", by=make_officer()
        )
    visitor = sign_in_officer(visit, make_officer(), width)
    visitor.goto(reverse("admin:proposals_decision_change", args=[decision.pk]))
    visitor.fill(answer="sent-back")
    visitor.press("Save review", within="#content")
    visitor.assert_shows("Enter what needs to be reviewed.")


@pytest.mark.parametrize("width", [1280, 360])
def test_what_is_reversed_after_a_letter(call, visit, width):
    version = submit(make_ready(call, countries=("LT", "FR", "AL")))
    set_clock(NEXT_DAY)
    with shared_clock.use_shared_offset():
        first = record_decision(
            version,
            outcome="ineligible",
            reason="One partner has its seat in a country that does not count.",
            by=make_officer(),
        )
        review_decision(first, answer="confirmed", reason="", by=make_officer())
        notify_applicant(first, by=make_officer())
    visitor = sign_in_officer(visit, make_officer(), width)
    visitor.goto(reverse("admin:proposals_version_decide", args=[version.pk]))
    visitor.assert_shows(
        "Your decision will replace an earlier one", "until 22 May 2015 still open"
    )
    with shared_clock.use_shared_offset():
        second = record_decision(
            version, outcome="eligible", reason="The agreement was in force.", by=make_officer()
        )
    visitor.goto(reverse("admin:proposals_decision_change", args=[second.pk]))
    visitor.assert_shows("This decision replaces an earlier one", "New decision: Eligible")
    visitor.fill(answer="confirmed")
    visitor.press("Save review", within="#content")
    visitor.assert_shows("Before you confirm:", "Last days to contest it")
    with shared_clock.use_shared_offset():
        review_decision(second, answer="confirmed", reason="", by=make_officer())
        notify_applicant(second, by=make_officer())
    visitor.goto(reverse("admin:proposals_version_change", args=[version.pk]))
    reader = visit(width=width)
    reader.log_in(version.submitted_by)
    reader.goto(reverse("proposals:decisions", args=[version.proposal.number]))
    reader.assert_shows(
        "This decision is no longer in force.", "This letter replaces an earlier one:"
    )
