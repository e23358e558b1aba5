"""Foreign keys are looked at when a transaction ends; no trigger is passed by a row that comes too early."""

import pytest
from django.db import IntegrityError, connection, transaction

from applicants.tests.factories import make_user

pytestmark = pytest.mark.django_db

NOBODY = 987_654_321
TOO_EARLY = {
    "a member": "INSERT INTO applicants_membership (user_id, organisation_id, joined_at)"
    " VALUES (%(missing)s, %(missing)s, now())",
    "an officer's role": "INSERT INTO applicants_user_groups (user_id, group_id)"
    " SELECT %(missing)s, min(id) FROM auth_group",
    "a collaborator": "INSERT INTO proposals_collaborator (proposal_id, user_id, joined_at)"
    " VALUES (%(missing)s, %(missing)s, now())",
    "a decision": "INSERT INTO proposals_decision (version_id, outcome, reason, decided_by_id, decided_at)"
    " VALUES (%(missing)s, 'eligible', 'x', %(person)s, now())",
    "a review": "INSERT INTO proposals_decisionreview"
    " (decision_id, answer, reason, reviewed_by_id, reviewed_at)"
    " VALUES (%(missing)s, 'confirmed', '', %(person)s, now())",
    "a reply": "INSERT INTO proposals_clarificationreply (clarification_request_id, text, sha256, replied_by_id, replied_at)"
    " VALUES (%(missing)s, 'x', repeat('0', 64), %(person)s, now())",
    "an answer of the sheet": "INSERT INTO proposals_screeninganswer"
    " (version_id, item, answer, reason, answered_by_id, answered_at, revision)"
    " VALUES (%(missing)s, 'x', 'agree', '', %(person)s, now(), 1)",
    "an extension": "INSERT INTO calls_extension"
    " (call_id, old_deadline, new_deadline, reason, decided_by, confirmed_by, recorded_at)"
    " VALUES (%(missing)s, now(), now() + interval '1 day', 'x', 'One', '', now())",
}


@pytest.mark.parametrize("row", TOO_EARLY)
def test_a_row_that_names_what_is_not_there_yet_is_refused_at_once(row):
    values = {"missing": NOBODY, "person": make_user().pk}
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(TOO_EARLY[row], values)
