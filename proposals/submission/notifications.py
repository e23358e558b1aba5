"""Mails about a submission, one to each contact of the consortium, none seeing another's address."""

from applicants.models import User
from calls.eligibility.facts import Role
from calls.templatetags.instants import in_words, utc
from foundation.sentences import gettext as _
from proposals.consortium.invitations import leads_of
from proposals.delivery.emails import Words, post
from proposals.dossier.document import Draft
from proposals.models import Proposal, Version, Withdrawal


def contacts_of(draft: Draft) -> list[str]:
    """Addresses of contact persons and of everyone who takes part, for an organisation or by invitation."""
    people = User.objects.filter(
        organisations__participations__proposal=draft.proposal, is_active=True
    ).values_list("email", flat=True)
    invited = User.objects.filter(
        collaborations__proposal=draft.proposal, is_active=True
    ).values_list("email", flat=True)
    named = [
        draft.profile(one).answers["contact"].get("contact_email") for one in draft.participants
    ]
    return sorted({address.lower() for address in [*people, *invited, *named] if address})


def contacts_of_coordinator(draft: Draft) -> list[str]:
    """Address of the contact person whom the coordinator's profile names, if any."""
    coordinators = [one for one in draft.participants if one.is_coordinator]
    named = [draft.profile(one).answers["contact"].get("contact_email") for one in coordinators]
    return [address for address in named if address]


def addresses_of_coordinator(proposal: Proposal) -> set[str]:
    """Where officers reach a consortium: who acts for its coordinator, and the contact that it names."""
    return {*leads_of(proposal), *contacts_of_coordinator(Draft(proposal))}


def people_of(draft: Draft) -> list[tuple[str, dict[str, str]]]:
    """Each organisation's name with the contact person that its profile names at present."""
    return [
        (one.organisation.name, draft.profile(one).answers["contact"]) for one in draft.participants
    ]


def facts_of(version: Version) -> list[tuple[str, str]]:
    """Taken from the sealed version, so that the mail says what was received."""
    dossier = version.document
    summary = dossier["summary"]
    title = ", ".join(text for text in (summary["acronym"], summary["title"]) if text)
    return [
        (_("Proposal"), f"{version.proposal.number}, {_('version')} {version.number}"),
        (_("Title"), title),
        (_("Coordinator"), _coordinator(version)),
        (_("Submitted by"), str(version.submitted_by)),
        (_("Call"), f"{dossier['call']}, {_('strand')} {version.proposal.strand.label}"),
        (
            _("Received"),
            f"{in_words(version.received_at, seconds=True, zone=version.proposal.call.zone)} = "
            f"{utc(version.received_at)}",
        ),
        ("SHA-256", version.sha256),
    ]


def _coordinator(version: Version) -> str:
    for one in version.document["consortium"]:
        if one["role"] == Role.COORDINATOR.value:
            organisation = one["organisation"]
            return str(organisation["cluster_name"] or organisation["legal_name"])
    return ""


def mail_submission(version: Version) -> None:
    """Promise every contact a mail that a version was received, under which number and hash."""
    proposal, number = version.proposal, version.number
    values = {"proposal": proposal.number, "number": number, "earlier": number - 1}
    if number == 1:
        subject = _("Proposal %(proposal)s: version %(number)s received")
        happened = _("A proposal of your consortium was submitted and received.")
    else:
        subject = _("Proposal %(proposal)s: version %(number)s received, replaces %(earlier)s")
        happened = _("A proposal of your consortium was submitted again and received.")
    post(
        Words(
            subject=subject % values,
            happened=happened,
            facts=facts_of(version),
            counts=_what_counts(version),
            to_do=_(
                "Nothing. Keep the receipt: it is on the page of the version. If something is wrong, change "
                "the draft and submit again before the deadline."
            ),
            link=version.get_absolute_url(),
            link_words=_("Page of this version, with the receipt, for people of the proposal"),
        ),
        to=contacts_of(Draft(proposal)),
        proposal=proposal,
        key=f"submitted:{version.pk}",
    )


def _what_counts(version: Version) -> str:
    """As it is now: the mail is made by a worker, and much may have happened since."""
    proposal = Proposal.objects.select_related("counting").get(pk=version.proposal_id)
    if proposal.counting_id == version.pk:
        text = _(
            "Version %(number)s counts, unless a later one is submitted, or it is withdrawn, before the "
            "deadline."
        )
    elif proposal.counting is not None:
        text = _("Version %(number)s does not count any more: version %(later)s has replaced it.")
    else:
        text = _("Version %(number)s does not count any more: it was withdrawn.")
    later = proposal.counting.number if proposal.counting is not None else 0
    return text % {"number": version.number, "later": later}


def tell_of_withdrawal(withdrawal: Withdrawal) -> None:
    """Promise every contact a mail that nothing counts any more, and how to undo it."""
    version = withdrawal.version
    proposal: Proposal = version.proposal
    values = {"proposal": proposal.number, "number": version.number}
    post(
        Words(
            subject=_("Proposal %(proposal)s was withdrawn") % values,
            happened=_("Version %(number)s of a proposal of your consortium was withdrawn.")
            % values,
            quote=withdrawal.reason,
            facts=[
                (_("Withdrawn by"), str(withdrawal.withdrawn_by)),
                (
                    _("Withdrawn"),
                    in_words(withdrawal.withdrawn_at, seconds=True, zone=proposal.call.zone),
                ),
            ],
            counts=_("No version counts. The draft is kept."),
            to_do=_("To undo this, the coordinator's people submit again before the deadline."),
            link=proposal.get_absolute_url(),
            link_words=_("Overview of the proposal"),
        ),
        to=contacts_of(Draft(proposal)),
        proposal=proposal,
        key=f"withdrawn:{withdrawal.pk}",
    )
