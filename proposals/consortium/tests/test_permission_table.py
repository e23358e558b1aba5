"""The table of permissions without a database: who has which role, and what each role may do where."""

import pytest

from proposals.consortium.permissions import (
    ROUTE_PERMISSIONS,
    AssignedPart,
    ConsortiumAccess,
    ConsortiumRole,
    derive_access,
    is_allowed,
    requires_own_part,
    writes,
)

LEAD = ConsortiumAccess(ConsortiumRole.LEAD, frozenset({"p1"}))
EDITOR = ConsortiumAccess(ConsortiumRole.EDITOR, frozenset({"p2"}), frozenset({"vision"}))
READER = ConsortiumAccess(ConsortiumRole.READER)
ROLES = {"lead": LEAD, "editor": EDITOR, "reader": READER}
EVERYONE, NOBODY = {"lead", "editor", "reader"}, set()


def allowed_roles(route, method, **place):
    return {name for name, access in ROLES.items() if is_allowed(access, route, method, place)}


@pytest.mark.parametrize(
    ("route", "place", "may_look", "may_change"),
    [
        # Everybody reads, nobody changes
        ("proposal", {}, EVERYONE, NOBODY),
        ("preview", {}, EVERYONE, NOBODY),
        # Everybody reads, the lead changes
        ("check", {}, EVERYONE, {"lead"}),
        ("reply", {}, EVERYONE, {"lead"}),
        # Everybody sends
        ("add-comment", {}, NOBODY, EVERYONE),
        ("draft-pdf", {}, EVERYONE, EVERYONE),
        # The lead alone
        ("withdraw", {}, {"lead"}, {"lead"}),
        ("delete", {}, {"lead"}, {"lead"}),
        ("invite", {}, NOBODY, {"lead"}),
        ("remove-participant", {"key": "p2"}, {"lead"}, {"lead"}),
        # Steps: the lead and those to whom they are assigned
        ("step", {"slug": "vision"}, EVERYONE, {"lead", "editor"}),
        ("step", {"slug": "summary"}, EVERYONE, {"lead"}),
        ("step", {"slug": "budget"}, EVERYONE, {"lead", "editor"}),  # each partner has a line of it
        ("step", {}, EVERYONE, {"lead"}),
        # Parts of partners: the lead and the partner's own people
        ("description", {"key": "p2"}, EVERYONE, {"lead", "editor"}),
        ("description", {"key": "p3"}, EVERYONE, {"lead"}),
        ("description", {"key": "p2", "slug": "vision"}, EVERYONE, {"lead", "editor"}),
        ("description", {"key": "p3", "slug": "vision"}, EVERYONE, {"lead"}),
        # Files belong to the step of the deliverables, which nobody was assigned
        ("upload", {"slot": "roadmap"}, EVERYONE, {"lead"}),
        ("remove-file", {"slot": "roadmap", "slug": "vision"}, NOBODY, {"lead"}),
        # A confirmation is a partner's own
        ("confirm", {"key": "p1"}, EVERYONE, {"lead"}),
        ("confirm", {"key": "p2"}, EVERYONE, {"editor"}),
        ("confirm", {"key": "p3"}, EVERYONE, NOBODY),
        ("confirm", {}, EVERYONE, NOBODY),
        # What is not in the table is closed
        ("no-such-route", {}, NOBODY, NOBODY),
        ("no-such-route", {"slug": "vision", "key": "p2"}, NOBODY, NOBODY),
    ],
)
def test_a_route_lets_these_roles_look_and_change(route, place, may_look, may_change):
    assert allowed_roles(route, "GET", **place) == may_look
    assert allowed_roles(route, "HEAD", **place) == may_look
    for method in ("POST", "PUT", "PATCH", "DELETE", ""):
        assert allowed_roles(route, method, **place) == may_change, method


@pytest.mark.parametrize("route", ["upload", "remove-file"])
def test_files_are_written_by_the_partner_to_whom_the_deliverables_are_assigned(route):
    partner = ConsortiumAccess(
        ConsortiumRole.EDITOR, frozenset({"p2"}), frozenset({"deliverables"})
    )
    assert is_allowed(partner, route, "POST", {"slot": "roadmap"})


def test_nobody_has_a_line_of_the_budget_who_acts_for_no_partner():
    assert not writes(READER, "step", {"slug": "budget"})
    assert writes(EDITOR, "step", {"slug": "budget"})


def test_an_address_without_a_key_or_a_step_is_nobodys():
    """A word for a missing value must not match, whatever parts and steps are called."""
    words = frozenset({"None", "XXXX"})
    odd = ConsortiumAccess(ConsortiumRole.EDITOR, words, words)
    assert not is_allowed(odd, "confirm", "POST", {})
    assert not is_allowed(odd, "step", "POST", {})


def test_only_the_confirmation_requires_the_own_part():
    assert [route for route in ROUTE_PERMISSIONS if requires_own_part(route)] == ["confirm"]
    assert not requires_own_part("no-such-route")


@pytest.mark.parametrize("route", sorted(ROUTE_PERMISSIONS))
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("place", [{}, {"slug": "vision", "key": "p2"}, {"slug": "x", "key": "p3"}])
def test_a_reader_never_may_more_than_an_editor(route, method, place):
    if is_allowed(READER, route, method, place):
        assert is_allowed(EDITOR, route, method, place)
    if is_allowed(EDITOR, route, method, place) and not requires_own_part(route):
        assert is_allowed(LEAD, route, method, place)


def part(key=None, role="partner", step=None):
    return AssignedPart(key, role, step)


COORDINATOR = part("p1", "coordinator")
READING = part(None, None)  # invited to read, for no partner


@pytest.mark.parametrize(
    ("own", "invited", "role", "keys", "steps"),
    [
        ([COORDINATOR], [], ConsortiumRole.LEAD, {"p1"}, set()),
        ([part("p2")], [], ConsortiumRole.EDITOR, {"p2"}, set()),
        ([part("p4", "associated")], [], ConsortiumRole.EDITOR, {"p4"}, set()),
        ([], [READING], ConsortiumRole.READER, set(), set()),
        ([], [part("p3")], ConsortiumRole.EDITOR, {"p3"}, set()),
        # One row for each step that is assigned
        (
            [part("p2", step="vision"), part("p2", step="goals")],
            [],
            ConsortiumRole.EDITOR,
            {"p2"},
            {"vision", "goals"},
        ),
        # Invited besides: what both give
        ([part("p2")], [part("p3", step="goals")], ConsortiumRole.EDITOR, {"p2", "p3"}, {"goals"}),
        ([part("p2")], [READING], ConsortiumRole.EDITOR, {"p2"}, set()),
        # People of the coordinator and of a partner
        ([COORDINATOR, part("p2")], [], ConsortiumRole.LEAD, {"p1", "p2"}, set()),
        ([part("p2"), COORDINATOR], [], ConsortiumRole.LEAD, {"p1", "p2"}, set()),
        # Who leads gets no part by an invitation, which they could write themselves
        ([COORDINATOR], [part("p3", step="goals")], ConsortiumRole.LEAD, {"p1"}, set()),
        # Who is invited to write for the coordinator does not lead
        ([], [COORDINATOR], ConsortiumRole.EDITOR, {"p1"}, set()),
    ],
)
def test_a_role_follows_from_the_own_parts_and_the_invitations(own, invited, role, keys, steps):
    assert derive_access(own, invited) == ConsortiumAccess(role, frozenset(keys), frozenset(steps))


def test_a_stranger_has_no_access():
    assert derive_access([], []) is None
