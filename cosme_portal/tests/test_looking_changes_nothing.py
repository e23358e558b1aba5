"""Who looks at a page changes nothing: every address, before and after the deadline, with what is
written to every table.

Three things may be written: sessions, that an officer read a case or tried to, and up to which message a
conversation was read.
"""

import pytest
from django.db import connection
from django.test import Client

from applicants.models import ProfileSection
from applicants.tests.factories import make_organisation, make_user
from conftest import AFTERNOON, NEXT_DAY
from cosme_portal.tests.test_every_parameter import addresses
from foundation import clock
from proposals.models import Section, Version
from proposals.officers.tests.test_rights import world
from proposals.tests.factories import make_draft, make_officer

pytestmark = [pytest.mark.django_db, pytest.mark.ignore_template_errors]

__all__ = ["world"]
MAY_GROW = {
    "django_session",
    "proposals_caseevent",
    "proposals_sealedaccessattempt",
    "proposals_conversation",
}


def what_was_written():
    """How many rows of each table this transaction has made, changed and deleted so far."""
    counts = "n_tup_ins + n_tup_upd + n_tup_del"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT relname, {counts} FROM pg_stat_xact_user_tables")
        return {name: count for name, count in cursor.fetchall() if name not in MAY_GROW}


@pytest.mark.parametrize("moment", [AFTERNOON, NEXT_DAY], ids=["before", "after"])
def test_no_look_changes_anything(world, call, moment):
    version = Version.objects.get(pk=world["version"].pk)
    lead, organisation = make_user(), make_organisation()
    draft = make_draft(call, lead=lead)
    profile = [
        f"/organisations/{organisation.pk}/profile/{slug}/" for slug in ("identity", "members")
    ]
    back_office, public = [], []
    for path in addresses(version):
        (back_office if path.startswith("/admin/") else public).append(path)
    number = version.proposal.number
    of_draft = [path.replace(number, draft.number) for path in public if number in path]
    readers = {
        version.submitted_by: public,
        lead: [*of_draft, *_steps_of(draft)],
        organisation.members.get(): profile,
        make_officer(): back_office,
    }
    with clock.frozen_at(moment):
        for person, paths in readers.items():
            client = Client()
            client.force_login(person)
            for path in dict.fromkeys(paths):
                before = what_was_written()
                client.get(path)
                after = what_was_written()
                changed = [name for name in after if after[name] != before.get(name, 0)]
                assert changed == [], path
    assert not Section.objects.filter(proposal=draft, version=0).exists()
    assert not ProfileSection.objects.filter(organisation=organisation).exists()


def _steps_of(draft):
    slugs = ("summary", "vision", "activities", "deliverables", "budget", "descriptions/p2")
    return [f"/proposals/{draft.number}/steps/{slug}/" for slug in slugs]
