"""An officers' year in one walk: from a cloned call to letters, figures and a bundle that checks itself."""

import io
import json
import subprocess
import sys
import zipfile
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from applicants.tests.factories import PASSWORD, make_user
from calls import shared_clock
from calls.models import Call
from conftest import AFTERNOON, NEXT_DAY
from cosme_portal.tests.browser.conftest import set_clock
from cosme_portal.tests.processes import wait_until
from foundation import clock
from proposals.models import ClarificationRequest, Decision, Export, Letter, ScreeningAnswer
from proposals.officers import cases
from proposals.officers.rights import AUDITORS, CALL_MANAGERS, SCREENING_OFFICERS
from proposals.proof.signing_key import load_signing_key
from proposals.reporting import exports
from proposals.screening import clarifications
from proposals.screening.automatic_check import screen_closed
from proposals.screening.decisions import notify_applicant, record_decision, review_decision
from proposals.screening.queue import CaseQueue
from proposals.screening.search import index_opened_cases
from proposals.tests.factories import make_officer, make_ready, submit

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.real_clock,
    pytest.mark.xdist_group("browser-officers-journey"),
]

BRUSSELS = ZoneInfo("Europe/Brussels")
SPRING = datetime(2016, 2, 1, 10, 0, tzinfo=BRUSSELS)
NEW_DEADLINE = datetime(2016, 5, 23, 17, 0, tzinfo=BRUSSELS)
LIST = reverse("admin:proposals_version_changelist")


def sign_in_officer(visit, role, **window):
    officer = make_officer(role)
    visitor = visit(**window)
    visitor.goto("/admin/")
    visitor.fill(login=officer.email, password=PASSWORD)
    visitor.follow(visitor.page.locator("main").get_by_role("button", name="Sign in"))
    visitor.officer = officer
    return visitor


def download(visitor, text):
    with visitor.page.expect_download() as started:
        visitor.page.get_by_role("link", name=text).click()
    with open(started.value.path(), "rb") as stored:
        return stored.read()


def clone(call, manager):
    manager.goto(reverse("admin:calls_call_clone", args=[call.pk]))
    manager.fill(
        reference="COS-NEXT-2016", title="Go International again", first_deadline="2016-05-23T17:00"
    )
    manager.press("Copy call", within="#content")
    manager.assert_shows(
        "Enter the opening time.", "The summary: unchanged from COS-CLUSTER-2014-3-03."
    )
    made = Call.objects.get(reference="COS-NEXT-2016")
    manager.goto(reverse("admin:calls_call_change", args=[made.pk]))
    manager.fill(opens_at="2016-01-15T09:00", summary="Once more beyond Europe.")
    with manager.page.expect_navigation():
        manager.page.get_by_role("button", name="Save and continue editing").click()
    manager.goto(reverse("admin:calls_call_preview", args=[made.pk]))
    manager.assert_shows("Once more beyond Europe.", "Start a proposal in strand 1")
    return made


def rehearse(made, manager, officer):
    manager.goto(reverse("admin:calls_call_change", args=[made.pk]))
    manager.press("Rehearse", within="#content")
    manager.fill(starts_at="2016-05-23T16:30")
    manager.press("Start rehearsal", within="#content")
    manager.assert_shows("Rehearsal: nothing here has any effect.", "23 May 2016, 16:30")
    rehearsal = made.rehearsals.get()
    with shared_clock.use_shared_offset():
        version = submit(make_ready(rehearsal))
    manager.press("Set the rehearsal clock", within="#content")
    manager.fill(to="2016-05-23T17:00")
    manager.press("Set the rehearsal clock", within="main form")
    manager.press("Open the call page to start proposals", within="#content")
    manager.assert_shows("Closed:", "Rehearsal: nothing here has any effect.")
    officer.goto(reverse("admin:calls_call_change", args=[rehearsal.pk]))
    officer.press("Cases in this rehearsal", within="#content")
    officer.assert_shows(version.proposal.number, "Unassigned 1")
    officer.goto(LIST)
    officer.assert_shows("Unassigned 0")
    assert version.proposal.number not in officer.page.content()


def publish(made, manager, colleague):
    manager.goto(reverse("admin:calls_call_publish", args=[made.pk]))
    manager.press("Request publication", within="#content")
    colleague.goto(reverse("admin:calls_call_publish", args=[made.pk]))
    colleague.press("Publish now", within="#content")
    colleague.assert_shows("approved by")
    return Call.objects.get(pk=made.pk)


def assign_and_screen(officer, version):
    officer.goto(LIST + "?queue=unassigned")
    officer.assert_shows("Unassigned 2")
    officer.page.locator("#action-toggle").check()
    officer.page.select_option("select[name=action]", "assign")
    officer.press("Go", within="#changelist-form")
    officer.page.get_by_label(str(officer.officer)).check()
    officer.page.fill("[name=due_on]", "2016-06-30")
    officer.press("Assign", within="#content")
    officer.assert_shows("2 cases assigned to", "To do 2")
    officer.goto(LIST + "?queue=mine&q=" + version.proposal.number)
    officer.press(version.proposal.number, within="#result_list")
    # By keyboard: a key confirms what is met, others select a line, confirm it, and disagree.
    page = officer.page
    page.keyboard.press("a")
    wait_until(lambda: ScreeningAnswer.objects.count() > 10)
    page.keyboard.press("j")
    line = page.locator("[data-line='rule:established']")
    assert "is-selected" in line.get_attribute("class")
    assert page.locator("#part-p1.is-marked").count() == 1
    page.keyboard.press("c")
    wait_until(
        lambda: ScreeningAnswer.objects.filter(item="rule:established", answer="agree").exists()
    )
    page.locator("[data-line].is-selected:not([data-line='rule:established'])").wait_for()
    page.keyboard.press("k")
    page.keyboard.press("d")
    wait_until(lambda: page.evaluate("document.activeElement.name") == "reason")
    page.keyboard.type("It was ratified in time.")
    page.keyboard.press("Tab")
    answer_values = {"item": "rule:established", "reason": "It was ratified in time."}
    wait_until(lambda: ScreeningAnswer.objects.filter(answer="differ", **answer_values).exists())
    officer.check()


def ask_and_answer(officer, lead, version):
    officer.goto(reverse("admin:proposals_version_request_clarification", args=[version.pk]))
    officer.fill(text="When was the agreement ratified?")
    officer.press("Send request", within="#content")
    officer.assert_shows("Clarification request sent by email", "When was the agreement ratified?")
    lead.goto("/proposals/")
    lead.press("Clarification request")
    lead.fill(text="On 4 May 2016.")
    lead.press("Send reply")
    lead.assert_shows("Reply sent", "On 4 May 2016.")
    assert ClarificationRequest.objects.get().answered.text == "On 4 May 2016."


def decide_and_notify(officer, colleague, version):
    officer.goto(reverse("admin:proposals_version_change", args=[version.pk]))
    officer.assert_shows("On 4 May 2016.")
    officer.fill(outcome="eligible")
    officer.page.locator("#case-form [name=reason]").fill("Ratified, as the answer shows.")
    officer.press("Record decision", within="#content")
    officer.assert_shows("points on the screening sheet are checked.")
    officer.page.check("[name=sure]")
    officer.press("Record decision", within="#content")
    colleague.goto(LIST + "?queue=for-me")
    colleague.assert_shows(f"{CaseQueue.FOR_ME.label} 1")
    colleague.press(version.proposal.number, within="#result_list")
    colleague.press("Confirm or return the decision", within="#content")
    colleague.fill(answer="confirmed")
    colleague.press("Save review", within="#content")
    colleague.page.check("[name=sure]")
    colleague.press("Save review", within="#content")
    colleague.press("View the letter", within="#content")
    assert download(colleague, "Sample letter")[:5] == b"%PDF-"
    colleague.press("Send letter", within="#content")
    wait_until(Letter.objects.exists)
    colleague.page.reload()
    colleague.check()
    assert b"/ByteRange" in download(colleague, "Letter with electronic seal")


def take_out(officer, auditor, tmp_path):
    officer.goto(LIST)
    officer.page.locator("#action-toggle").check()
    officer.page.select_option("select[name=action]", "as_json")
    officer.press("Go", within="#changelist-form")
    officer.page.get_by_role("link", name="Download").wait_for()  # without loading it again
    assert len(json.loads(download(officer, "Download"))) == 2
    auditor.goto(LIST)
    auditor.page.locator("#action-toggle").check()
    auditor.page.select_option("select[name=action]", "as_bundle")
    auditor.press("Go", within="#changelist-form")
    auditor.page.get_by_role("link", name="Download").wait_for()
    auditor.check()
    with zipfile.ZipFile(io.BytesIO(download(auditor, "Download"))) as archive:
        archive.extractall(tmp_path)
    certificate = tmp_path.parent / "published.pem"
    certificate.write_text(load_signing_key().pem)
    checked = subprocess.run(
        [sys.executable, "check_bundle.py", "--trust", str(certificate)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_from_a_cloned_call_to_letters_and_a_bundle(call, visit, with_worker, tmp_path):
    manager, officer = (
        sign_in_officer(visit, CALL_MANAGERS),
        sign_in_officer(visit, SCREENING_OFFICERS),
    )
    colleague, auditor = (
        sign_in_officer(visit, SCREENING_OFFICERS),
        sign_in_officer(visit, AUDITORS),
    )
    set_clock(SPRING)
    made = clone(call, manager)
    rehearse(made, manager, officer)
    new = publish(made, manager, colleague)
    person = make_user()
    with shared_clock.use_shared_offset():
        version = submit(make_ready(new, lead=person, countries=("LT", "FR", "IS")))
        submit(make_ready(new))
    officer.goto(LIST)
    officer.assert_shows("2 submitted proposals are sealed")
    assert version.proposal.number not in officer.page.content()
    set_clock(NEW_DEADLINE + timedelta(hours=16))
    wait_until(lambda: version.verdicts.filter(audience="officer").exists())
    lead = visit()
    lead.log_in(person)
    with shared_clock.use_shared_offset():
        make_answer_needed(version)
    assign_and_screen(officer, version)
    ask_and_answer(officer, lead, version)
    decide_and_notify(officer, colleague, version)
    lead.goto(reverse("proposals:decisions", args=[version.proposal.number]))
    lead.assert_shows("Your proposal is admissible and eligible.")
    assert b"/ByteRange" in download(lead, "Download the letter")
    officer.goto(reverse("admin:proposals_version_statistics") + f"?call={new.pk}")
    officer.assert_shows(
        "2 current proposals, 1 decided.", "Officers' findings compared with the automatic check"
    )
    take_out(officer, auditor, tmp_path)
    auditor.goto(reverse("admin:proposals_version_history", args=[version.pk]))
    auditor.assert_shows("opened the case", "recorded a finding", "exported the version")
    assert Decision.objects.confirmed().count() == 1


def make_answer_needed(version):
    """Let one rule be open, so that the next unanswered line is that one."""
    newest = version.verdicts.order_by("-pk").first()
    content = newest.content
    for finding in content["findings"]:
        if finding["rule"] == "established":
            finding["outcome"] = "officer"
    newest.pk, newest.content, newest.facts = None, content, None
    newest.rule_set = newest.country_set = None
    newest.facts_digest = ""
    newest.cause = "one rule was opened"
    newest._state.adding = True
    newest.save()


@pytest.mark.parametrize("width", [1280, 360])
def test_every_page_of_the_desk_is_accessible_and_fits(call, visit, width):
    version = submit(make_ready(call, countries=("LT", "FR", "AL")))
    other = submit(make_ready(call))
    set_clock(NEXT_DAY)
    with shared_clock.use_shared_offset():
        moment = clock.now()
        screen_closed(moment)
        index_opened_cases(moment)
        first, second = make_officer(), make_officer()
        cases.assign([version.proposal], first, by=first)
        cases.add_note(version.proposal, "Look at p2. " * 40, by=first)
        question = clarifications.request_clarification(
            version, "Why?", due_at=moment + timedelta(days=7), by=first
        )
        clarifications.store_reply(question, "So.", by=version.submitted_by, received_at=moment)
        decision = record_decision(version, outcome="ineligible", reason="Not met.", by=first)
        review_decision(decision, answer="confirmed", reason="", by=second)
        notify_applicant(decision, by=second)
        record_decision(other, outcome="eligible", reason="Met.", by=first)
        export = exports.request_export("csv", [version.pk], by=first)
        exports.make_exports()
    visitor = sign_in_officer(visit, SCREENING_OFFICERS, width=width)
    Export.objects.filter(pk=export.pk).update(requested_by=visitor.officer)
    for name in ("change", "decide", "request_clarification", "conflict", "history"):
        visitor.goto(reverse(f"admin:proposals_version_{name}", args=[version.pk]))
    for path in (
        "/admin/",
        LIST,
        LIST + "?queue=overdue",
        LIST + "?q=nothing+of+that",
        LIST + "?queue=to-inform&outcome=officer",
        reverse("admin:proposals_version_statistics"),
        reverse("admin:proposals_decision_change", args=[decision.pk]),
        reverse("admin:proposals_decision_changelist"),
        reverse("admin:proposals_clarificationrequest_changelist"),
        reverse("admin:proposals_caseevent_changelist"),
        reverse("admin:proposals_export_changelist"),
        reverse("admin:proposals_export_change", args=[export.pk]),
        reverse("admin:proposals_sealedaccessattempt_changelist"),
        reverse("admin:calls_call_changelist"),
        reverse("admin:calls_call_change", args=[call.pk]),
        reverse("admin:calls_call_publish", args=[call.pk]),
    ):
        visitor.goto(path)
    visitor.goto(reverse("admin:proposals_version_decide", args=[other.pk]))
    visitor.press("Record decision", within="#content")
    visitor.goto(LIST)
    for action, text in (("decide_alike", "Preview decisions"), ("assign", "Assign")):
        visitor.goto(LIST)
        visitor.page.locator("#action-toggle").check()
        visitor.page.select_option("select[name=action]", action)
        visitor.press("Go", within="#changelist-form")
        visitor.press(text, within="#content")
    manager = sign_in_officer(visit, CALL_MANAGERS, width=width)
    for name in ("change", "clone", "rehearse", "extend", "extend_proposal", "incident", "publish"):
        manager.goto(reverse(f"admin:calls_call_{name}", args=[call.pk]))
    manager.goto(reverse("admin:calls_call_add"))
    manager.press("Create call", within="#content")
    strand = call.strands.first()
    manager.goto(reverse("admin:calls_strand_change", args=[strand.pk]))
    lead = visit(width=width)
    lead.log_in(version.submitted_by)
    for name in ("clarifications", "decisions"):
        lead.goto(reverse(f"proposals:{name}", args=[version.proposal.number]))
    lead.goto(reverse("proposals:reply", args=[version.proposal.number, question.pk]))


def test_before_the_deadline_the_figures_tell_two_numbers(call, visit):
    submit(make_ready(call))
    set_clock(AFTERNOON)
    visitor = sign_in_officer(visit, SCREENING_OFFICERS)
    visitor.goto(reverse("admin:proposals_version_statistics"))
    visitor.assert_shows(
        "1 version received",
        "Before the deadline, only the number of versions received is shown",
    )
