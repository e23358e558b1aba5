"""Who loses a race is answered by what is true then, not by what was read before waiting."""

from datetime import timedelta
from unittest.mock import patch
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from calls.models import Call, ConditionChange
from calls.tests.connections import at_once
from conftest import AFTERNOON, NEXT_DAY
from foundation import clock
from proposals.conditions import rule_changes
from proposals.models import Proposal, ProposedChange, Version
from proposals.submission.submit import withdraw
from proposals.tests.factories import make_officer, make_ready, reload, save, submit, submit_fields
from proposals.workspace.tests.test_pages import client_of, text_of, url

pytestmark = pytest.mark.django_db(transaction=True)


def row_of(proposal):
    return Proposal.objects.filter(pk=proposal.pk)


def test_both_of_two_identical_clicks_get_the_proof_of_the_version_they_made(call):
    proposal = make_ready(call)
    people = [client_of(proposal.started_by) for _tab in range(2)]
    values = submit_fields(proposal)
    answers = at_once(
        row_of(proposal),
        *(lambda item=person: item.post(url("check", proposal), values) for person in people),
    )
    version = Version.objects.get()
    assert [answer.status_code for answer in answers] == [200, 200]
    for answer in answers:
        assert f"{proposal.number} · version 1" in text_of(answer)
        assert version.sha256 in text_of(answer)
        assert answer.context["counts"]


def test_a_click_that_came_before_its_version_was_stored_meant_it_whatever_was_written_since(call):
    proposal, key = make_ready(call), uuid4()
    with clock.frozen_at(AFTERNOON + timedelta(seconds=10)):
        version = submit(proposal, idempotency_key=key, received_at=AFTERNOON)
    save(proposal, "summary", acronym="LATER")
    before = submit(
        reload(proposal), idempotency_key=key, received_at=AFTERNOON + timedelta(seconds=1)
    )
    with clock.frozen_at(NEXT_DAY):
        after = submit(reload(proposal), idempotency_key=key)
    assert before == after == version
    assert (before.is_of_this_click, after.is_of_this_click) == (True, False)


def test_a_repeated_click_after_a_withdrawal_hears_that_its_version_does_not_count(call):
    proposal, key = make_ready(call), uuid4()
    version = submit(proposal, idempotency_key=key)
    stale = reload(proposal)
    withdraw(reload(proposal), reason="A slip", by=proposal.started_by, received_at=AFTERNOON)
    again = submit(stale, idempotency_key=key)
    assert (again, again.is_of_this_click, stale.current_version_id) == (version, False, None)


def a_change_of_rules(call):
    rules = [entry for entry in call.rules if entry["rule"] != "duration"]
    change = rule_changes.propose(call, rules, reason="Corrigendum", by=make_officer())
    assert change.state == ProposedChange.State.READY
    return change


def causes_of(version):
    causes = version.verdicts.exclude(cause="").values_list("cause", flat=True)
    return [cause.partition(":")[0] for cause in causes]


def test_two_workers_who_judge_again_at_once_make_one_verdict_for_each_cause(call):
    version = submit(make_ready(call))
    change = a_change_of_rules(call)
    with patch(
        "proposals.conditions.rule_changes.judge_again"
    ):  # the process that applied it was killed
        rule_changes.apply(change, by=make_officer())
    change.refresh_from_db()
    again = ProposedChange.objects.get(pk=change.pk)
    made = at_once(
        Call.objects.filter(pk=call.pk),
        lambda: rule_changes.judge_again(change),
        lambda: rule_changes.judge_again(again),
    )
    change.refresh_from_db()
    assert (sorted(made), change.verdicts_made) == ([0, 1], 1)
    assert causes_of(version) == [f"change {change.change_id}"]


def test_a_worker_that_comes_by_while_a_change_is_applied_leaves_it_alone(call):
    version = submit(make_ready(call))
    change = a_change_of_rules(call)

    def a_worker_comes_by(applied):
        with patch("proposals.conditions.rule_changes.judge_again", judge_again):
            assert rule_changes.work_on_changes() == 0
        return judge_again(applied)

    judge_again = rule_changes.judge_again
    with patch("proposals.conditions.rule_changes.judge_again", a_worker_comes_by):
        rule_changes.apply(change, by=make_officer())
    assert causes_of(version) == [f"change {ConditionChange.objects.latest('pk').pk}"]


def test_the_database_keeps_one_verdict_for_each_cause(call):
    verdict = submit(make_ready(call)).verdicts.get()
    verdict.pk = None
    with pytest.raises(IntegrityError, match="one_verdict_for_each_cause"), transaction.atomic():
        verdict.save(force_insert=True)
