"""One table says who may do what; every route is tried with every role."""

import re
from contextlib import contextmanager

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from applicants.tests.factories import make_user
from proposals.consortium.invitations import accept, invite
from proposals.consortium.permissions import (
    ROUTE_PERMISSIONS,
    ConsortiumAccess,
    ConsortiumRole,
    Requirement,
    is_allowed,
)
from proposals.models import Invitation
from proposals.proof.receipts import create_receipt
from proposals.tests.factories import (
    assign,
    make_ready,
    member_of,
    partner_of,
    reload,
    save,
    submit,
)
from proposals.urls import urlpatterns

pytestmark = pytest.mark.django_db

ROUTES = sorted(
    {urlpattern.name for urlpattern in urlpatterns if "number" in str(urlpattern.pattern)}
)
# What comes back where a person may: a page, or an answer to what was wrong with an empty form.
FINE = {200, 302, 409, 410, 412, 422}


@pytest.fixture
def world(call):
    """A ready proposal with a lead, an editor of p2 who was given "vision", a reader, and a stranger."""
    proposal = make_ready(call)
    lead = proposal.started_by
    editor, reader = partner_of(proposal), make_user()
    assign(proposal, "vision")
    asked = invite(
        proposal, email=reader.email, purpose=Invitation.Purpose.READ, participant=None, by=lead
    )
    accept(asked, user=reader)
    version = submit(proposal)
    create_receipt(version)
    return {
        "proposal": reload(proposal),
        "people": {"lead": lead, "editor": editor, "reader": reader, "stranger": make_user()},
    }


def arguments(proposal, *, own):
    """What stands in addresses: the editor's own place, or somebody else's."""
    return {
        "number": proposal.number,
        "key": "p2" if own else "p3",
        "slug": "vision" if own else "summary",
        "slot": "roadmap",
        "version": 1,
        "sha256": "0" * 64,
        "pk": 1,
    }


def address(route, proposal, *, own):
    data = arguments(proposal, own=own)
    patterns = [urlpattern for urlpattern in urlpatterns if urlpattern.name == route]
    names = re.findall(r"<\w+:(\w+)>", str(patterns[-1].pattern))
    if route == "step-history":
        return reverse("proposals:step-history", args=[proposal.number, "descriptions", "p2"])
    return reverse(f"proposals:{route}", kwargs={name: data[name] for name in names})


@contextmanager
def undone():
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def expected(role, access, method, *, own):
    """What the table says, said a second way."""
    need = access.view if method == "get" else access.change
    return {
        Requirement.NOBODY: False,
        Requirement.READ: role in {"lead", "editor", "reader"},
        Requirement.LEAD: role == "lead",
        Requirement.WRITE: role == "lead" or (role == "editor" and own),
        Requirement.OWN: role == "editor" and own,
    }[need]


def test_the_table_names_every_route_and_no_other():
    assert sorted(ROUTE_PERMISSIONS) == ROUTES


@pytest.mark.parametrize("role", ["lead", "editor", "reader", "stranger"])
def test_every_route_does_for_every_role_what_the_table_says(world, role, subtests):
    client = Client()
    client.force_login(world["people"][role])
    for route in ROUTES:
        for own in ownerships(route):
            path = address(route, world["proposal"], own=own)
            for method in ("get", "post"):
                with subtests.test(route=route, own=own, method=method):
                    with undone():
                        status = getattr(client, method)(path).status_code
                    check_status(status, role, route, method, own=own)


def ownerships(route):
    """Whether the address names the editor's own part: the deliverables were given to nobody."""
    return [False] if route in {"upload", "remove-file"} else [True, False]


def check_status(status, role, route, method, *, own):
    if role == "stranger":
        assert status in {404, 405}
    elif expected(role, ROUTE_PERMISSIONS[route], method, own=own):
        assert status in FINE | {404}  # 404: there is no object with the number 1
    else:
        assert status in {403, 404, 405} or (status == 200 and method == "post")


@pytest.mark.parametrize("role", ["lead", "editor", "reader"])
def test_what_is_not_allowed_is_403_for_members(world, role):
    """Not hidden behind a 404 or a 405 by chance."""
    client = Client()
    client.force_login(world["people"][role])
    proposal = world["proposal"]
    tried = {
        ("check", "post"),
        ("withdraw", "post"),
        ("add-participant", "post"),
        ("invite", "post"),
        ("assign-step", "post"),
        ("delete", "post"),
        ("upload", "post"),
        ("participant", "get"),
        ("step", "post"),
    }
    for route, method in tried:
        with undone():
            status = getattr(client, method)(address(route, proposal, own=False)).status_code
        assert (status == 403) == (role != "lead"), (role, route, status)


def test_a_page_that_only_looks_takes_no_writing(world):
    client = Client()
    client.force_login(world["people"]["editor"])
    for route in ("proposal", "consortium", "progress", "people", "timeline", "compare", "preview"):
        answer = client.post(address(route, world["proposal"], own=True))
        assert answer.status_code == 403, route


def test_an_editor_writes_its_own_line_of_the_budget_and_no_other(world):
    proposal, client = world["proposal"], Client()
    client.force_login(world["people"]["editor"])
    page = client.get(reverse("proposals:step", args=[proposal.number, "budget"]))
    html = page.content.decode()
    assert re.search(r'name="staff_p3"[^>]* disabled', html)
    assert not re.search(r'name="staff_p2"[^>]* disabled', html)
    version = re.search(r'name="seen_version" value="(\d+)"', html)[1]
    client.post(
        reverse("proposals:step", args=[proposal.number, "budget"]),
        {"seen_version": version, "staff_p2": "11111", "staff_p3": "99999", "staff_p1": "99999"},
    )
    answers = proposal.sections.get(step="budget").answers
    assert (answers["staff_p2"], answers["staff_p1"], answers["staff_p3"]) == (
        "11111",
        "30000.00",
        "30000.00",
    )


def vision(seen, text):
    return {
        "seen_version": seen,
        "vision": text,
        "markets-TOTAL_FORMS": "0",
        "markets-INITIAL_FORMS": "0",
    }


def test_a_step_that_is_taken_back_is_the_leads_again(world):
    proposal, client = world["proposal"], Client()
    client.force_login(world["people"]["editor"])
    path = reverse("proposals:step", args=[proposal.number, "vision"])
    assert client.post(path, vision("1", "Mine")).status_code == 302
    lead = Client()
    lead.force_login(world["people"]["lead"])
    lead.post(reverse("proposals:assign-step", args=[proposal.number]), {"step": "vision"})
    answer = client.post(path, vision("2", "A long text of mine, kept"))
    assert answer.status_code == 403
    assert "A long text of mine, kept" in answer.content.decode()
    assert proposal.sections.get(step="vision").answers["vision"] == "Mine"


def test_who_leaves_takes_nothing_with_them(world):
    proposal = world["proposal"]
    editor = world["people"]["editor"]
    p2 = proposal.participants.get(key="p2")
    save(proposal, "descriptions", by=editor, of=p2, description="Written by the editor")
    lead = Client()
    lead.force_login(world["people"]["lead"])
    section = proposal.sections.get(step="consortium")
    lead.post(
        reverse("proposals:remove-participant", args=[proposal.number, "p2"]),
        {"seen_version": section.version},
    )
    gone = Client()
    gone.force_login(editor)
    assert gone.get(proposal.get_absolute_url()).status_code == 404
    section.refresh_from_db()
    lead.post(
        reverse("proposals:add-participant", args=[proposal.number]),
        {"organisation": p2.organisation_id, "seen_version": section.version},
    )
    back = proposal.participants.get(organisation=p2.organisation_id)
    assert back.key == "p4"
    assert back.sections.get().answers["description"] == "Written by the editor"
    assert proposal.sections.get(step="budget").answers["staff_p4"] == "30000.00"


def test_a_person_whose_part_is_removed_while_writing_gets_the_text_back(world):
    proposal = world["proposal"]
    editor = member_of(proposal.participants.get(key="p3").organisation)
    client = Client()
    client.force_login(editor)
    path = reverse("proposals:description", args=[proposal.number, "p3"])
    lead = Client()
    lead.force_login(world["people"]["lead"])
    lead.post(
        reverse("proposals:remove-participant", args=[proposal.number, "p3"]),
        {"seen_version": proposal.sections.get(step="consortium").version},
    )
    answer = client.post(path, {"seen_version": "1", "description": "Three hours of work"})
    assert answer.status_code == 404
    html = answer.content.decode()
    assert "Three hours of work" in html and "data:text/plain" in html
    short = client.post(path, {"description": "x"}, headers={"X-Autosave": "1"})
    assert (short.status_code, short.json()["state"]) == (404, "refused")


def test_roles_grow_from_reader_to_lead():
    reader, editor = (
        ConsortiumAccess(ConsortiumRole.READER),
        ConsortiumAccess(ConsortiumRole.EDITOR, frozenset({"p2"})),
    )
    lead = ConsortiumAccess(ConsortiumRole.LEAD)
    place = {"slug": "summary", "key": "p3"}
    for route in ROUTE_PERMISSIONS:
        for method in ("GET", "POST"):
            if is_allowed(reader, route, method, place):
                assert is_allowed(editor, route, method, place), route
            if is_allowed(editor, route, method, place):
                assert is_allowed(lead, route, method, place), route
    assert not is_allowed(lead, "no-such-route", "GET", {})
