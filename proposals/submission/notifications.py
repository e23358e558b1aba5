"""Emails about a submission, one to each contact of the consortium, none seeing another's address."""

from dataclasses import replace

from applicants.models import User
from calls.eligibility.facts import Role
from calls.templatetags.instants import in_words, utc
from foundation.downloads import PDF
from foundation.sentences import gettext as _
from proposals.consortium.members import coordinator_emails
from proposals.delivery.emails import Attachment, EmailContent, queue_email
from proposals.dossier.document import Draft
from proposals.models import Proposal, QueuedEmail, Receipt, Version, Withdrawal
from proposals.submission.receipt_links import LINK_LIFETIME, contacts_by_key, receipt_link


def contacts_of(draft: Draft) -> list[str]:
    """Addresses of contact persons and of everyone who takes part, for an organisation or by invitation."""
    return sorted({*addresses_that_sign_in(draft), *contacts_by_key(draft).values()})


def addresses_that_sign_in(draft: Draft) -> list[str]:
    """Addresses of everyone who takes part: these can open the pages of the proposal."""
    people = User.objects.filter(
        organisations__participations__proposal=draft.proposal, is_active=True
    ).values_list("email", flat=True)
    invited = User.objects.filter(
        collaborations__proposal=draft.proposal, is_active=True
    ).values_list("email", flat=True)
    return sorted({address.lower() for address in [*people, *invited]})


def contacts_of_coordinator(draft: Draft) -> list[str]:
    """Address of the contact person whom the coordinator's profile names, if any."""
    coordinators = [participant for participant in draft.participants if participant.is_coordinator]
    named = [
        draft.profile(coordinator).answers["contact"].get("contact_email")
        for coordinator in coordinators
    ]
    return [address for address in named if address]


def addresses_of_coordinator(proposal: Proposal) -> set[str]:
    """Where officers reach a consortium: who acts for its coordinator, and the contact that it names."""
    return {*coordinator_emails(proposal), *contacts_of_coordinator(Draft(proposal))}


def contact_persons(draft: Draft) -> list[tuple[str, dict[str, str]]]:
    """Each organisation's name with the contact person that its profile names at present."""
    return [
        (participant.organisation.name, draft.profile(participant).answers["contact"])
        for participant in draft.participants
    ]


def submission_details(version: Version) -> list[tuple[str, str]]:
    """Taken from the sealed version, so that the email says what was received."""
    dossier = version.document
    summary = dossier["summary"]
    title = ", ".join(text for text in (summary["acronym"], summary["title"]) if text)
    values = {
        "proposal": version.proposal.number,
        "number": version.number,
        "call": dossier["call"],
        "strand": version.proposal.strand.label,
    }
    return [
        (_("Proposal"), _("%(proposal)s, version %(number)s") % values),
        (_("Title"), title),
        (_("Coordinator"), _coordinator(version)),
        (_("Submitted by"), str(version.submitted_by)),
        (_("Call"), _("%(call)s, strand %(strand)s") % values),
        (
            _("Received"),
            f"{in_words(version.received_at, seconds=True, zone=version.proposal.call.zone)} = "
            f"{utc(version.received_at)}",
        ),
        ("SHA-256", version.sha256),
    ]


def _coordinator(version: Version) -> str:
    for participant in version.document["consortium"]:
        if participant["role"] == Role.COORDINATOR.value:
            organisation = participant["organisation"]
            return str(organisation["cluster_name"] or organisation["legal_name"])
    return ""


def notify_submission(version: Version) -> None:
    """Queue every contact an email that a version was received, under which number and hash."""
    proposal, number = version.proposal, version.number
    values = {"proposal": proposal.number, "number": number, "earlier": number - 1}
    if number == 1:
        subject = _("Proposal %(proposal)s: version %(number)s received")
        happened = _("We have received your consortium's proposal.")
    else:
        subject = _(
            "Proposal %(proposal)s: version %(number)s received, replaces version %(earlier)s"
        )
        happened = _("We have received a new version of your consortium's proposal.")
    content = EmailContent(
        subject=subject % values,
        what_happened=happened,
        facts=submission_details(version),
        status=_status_text(version),
        next_step=_(
            "Keep the proof of submission, which is attached or can be downloaded from the page "
            "of this version. If you need to change something, edit the draft and submit it again "
            "before the deadline."
        ),
        link=version.get_absolute_url(),
        link_label=_("View this version and its proof of submission (sign-in required)"),
    )
    draft, key = Draft(proposal), f"submitted:{version.pk}"
    signing_in = addresses_that_sign_in(draft)
    queue_email(content, to=signing_in, proposal=proposal, key=key)
    contacts = {address: partner for partner, address in contacts_by_key(draft).items()}
    for address in sorted(set(contacts) - set(signing_in)):
        link = receipt_link(version, key=contacts[address], address=address)
        queue_email(_for_contact(content, link), to=[address], proposal=proposal, key=key)


def _for_contact(content: EmailContent, link: str) -> EmailContent:
    """The same email for somebody who cannot sign in to the pages of the proposal."""
    return replace(
        content,
        next_step=_(
            "Keep the proof of submission, which is attached or can be downloaded with the link below "
            "for %(days)s days. Do not forward this email: anyone with the link can download the proof, "
            "which contains the submitted proposal. If something must be changed, contact the coordinator."
        )
        % {"days": LINK_LIFETIME.days},
        link=link,
        link_label=_("Download the proof of submission (no sign-in required)"),
        reason=_(
            "You receive this email because a partner of this proposal names this address as that of its "
            "contact person."
        ),
    )


def proof_of(mail: QueuedEmail) -> list[Attachment]:
    """The proof of submission that goes with an email of `notify_submission`, once it is made.

    An email does not wait for it: the page that it links to has it later.
    """
    version = Version(pk=int(mail.key.split(":")[1]))
    receipt = Receipt.objects.select_related("version__proposal").newest_of(version)
    return [(receipt.file_name, bytes(receipt.pdf), PDF)] if receipt is not None else []


def _status_text(version: Version) -> str:
    """As it is now: the email is made by a worker, and much may have happened since."""
    proposal = Proposal.objects.select_related("current_version").get(pk=version.proposal_id)
    if proposal.current_version_id == version.pk:
        text = _(
            "Version %(number)s is your current submission. It remains valid unless you submit "
            "a later version or withdraw the proposal before the deadline."
        )
    elif proposal.current_version is not None:
        text = _(
            "Version %(number)s has been replaced by version %(later)s and is no longer your "
            "current submission."
        )
    else:
        text = _("Version %(number)s has been withdrawn. You have no submitted proposal.")
    later = proposal.current_version.number if proposal.current_version is not None else 0
    return text % {"number": version.number, "later": later}


def notify_withdrawal(withdrawal: Withdrawal) -> None:
    """Queue every contact an email that nothing counts any more, and how to undo it."""
    version = withdrawal.version
    proposal: Proposal = version.proposal
    values = {"proposal": proposal.number, "number": version.number}
    queue_email(
        EmailContent(
            subject=_("Proposal %(proposal)s withdrawn") % values,
            what_happened=_("Your consortium's proposal (version %(number)s) has been withdrawn.")
            % values,
            quote=withdrawal.reason,
            facts=[
                (_("Withdrawn by"), str(withdrawal.withdrawn_by)),
                (
                    _("Withdrawn on"),
                    in_words(withdrawal.withdrawn_at, seconds=True, zone=proposal.call.zone),
                ),
            ],
            status=_("You have no submitted proposal. Your draft has been kept."),
            next_step=_(
                "To take part in the call, the coordinator must submit the proposal again "
                "before the deadline."
            ),
            link=proposal.get_absolute_url(),
            link_label=_("View the proposal"),
        ),
        to=contacts_of(Draft(proposal)),
        proposal=proposal,
        key=f"withdrawn:{withdrawal.pk}",
    )
