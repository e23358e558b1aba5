"""An earlier proposal as the beginning of a new one: partners, texts, figures and files that fit."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from applicants.models import Organisation, User
from applicants.three_way_merge import is_empty
from calls.eligibility.facts import Role
from calls.models import Strand
from foundation import clock
from foundation.sentences import gettext as _
from proposals.audit.activity import log_activity
from proposals.consortium import drafts, participants
from proposals.dossier.document import COST_KINDS, Draft
from proposals.models import Participant, Proposal, ProposalActivity, ProposalFile
from proposals.steps.forms import EstablishedSummaryForm, month_of, text_of

SUMMARY_OF_ESTABLISHED = ("partnership_name", "partnership_since", "partnership_text")


@transaction.atomic
def copy_proposal(
    source: Proposal, strand: Strand, *, organisation: Organisation, by: User
) -> Proposal:
    """Start a draft in a strand from an earlier proposal, which stays as it is.

    Partners are taken over, and can read the new draft. Objectives and deliverables that the strand does not
    have are left out, and noted by name. Confirmations, comments and invitations are not copied: they were
    for the other one.

    Raises:
        NotOpen: the call is not open now.
    """
    proposal = drafts.start_draft(strand, organisation=organisation, by=by)
    copy = _Copy(Draft(source), proposal, by)
    keys = copy.partners(organisation)
    copy.texts(keys)
    copy.files()
    text = _("Copied from %(number)s") % {"number": source.number}
    left_out = copy.left_out()
    log_activity(
        proposal,
        ProposalActivity.Kind.COPIED,
        text,
        by=by,
        source=source.number,
        left_out=left_out,
    )
    return proposal


def left_out_of(proposal: Proposal) -> list[str]:
    """What a copied draft did not take over, as it was noted when it was copied."""
    copied = proposal.activity_log.filter(kind=ProposalActivity.Kind.COPIED).first()
    return list(copied.details.get("left_out", [])) if copied is not None else []


@dataclass
class _Copy:
    source: Draft
    target: Proposal
    by: User

    def partners(self, coordinator: Organisation) -> dict[str, Participant]:
        """Old key → new participant."""
        own = self.target.participants.get()
        taken = {}
        for number, participant in enumerate(self._others(coordinator), start=1):
            role = Role.PARTNER if participant.is_coordinator else Role(participant.role)
            invited = participants.NewParticipant(participant.organisation, role)
            taken[participant.key] = participants.add_participant(
                self.target, invited, seen_version=number, by=self.by
            )
        for participant in self.source.participants:
            if participant.organisation_id == coordinator.pk:
                taken[participant.key] = own
        for participant in self.source.participants:
            controller = participants.Controller(participant.controller, participant.controlled_by)
            participants.set_controller(taken[participant.key], controller)
        return taken

    def _others(self, coordinator: Organisation) -> list[Participant]:
        return [
            participant
            for participant in self.source.participants
            if participant.organisation_id != coordinator.pk
        ]

    def texts(self, keys: dict[str, Participant]) -> None:
        self._save("summary", self._summary())
        for participant in self.source.participants:
            self._save(
                "descriptions",
                self.source.as_typed("descriptions", participant),
                of=keys[participant.key],
            )
        self._save("vision", self.source.as_typed("vision"))
        self._save("activities", self._planned_by(keys))
        self._save("deliverables", self._deliverables())
        kinds = (*COST_KINDS, "grant")
        budget = self.source.as_typed("budget")
        lines = {
            f"{kind}_{new.key}": budget[f"{kind}_{old}"]
            for old, new in keys.items()
            for kind in kinds
            if budget.get(f"{kind}_{old}")
        }
        self._save("budget", lines)

    def _summary(self) -> dict[str, Any]:
        answers = dict(self.source.as_typed("summary"))
        if not self.target.strand.needs_established_partnership:
            for name in SUMMARY_OF_ESTABLISHED:
                answers.pop(name, None)
        return answers

    def _activities(self) -> dict[str, Any]:
        known = {objective["code"] for objective in self.target.strand.objectives}
        rows = self.source.as_typed("activities").get("activities", [])
        copied = [row if row.get("objective") in known else row | {"objective": ""} for row in rows]
        return {"activities": copied} if copied else {}

    def _planned_by(self, keys: dict[str, Participant]) -> dict[str, Any]:
        """The activities with the partners and deliverables of the target in place of the source's."""
        slots, copied = self._slots(), self._activities()
        for row in copied.get("activities", []):
            row["lead"] = keys[row["lead"]].key if row.get("lead") in keys else ""
            row["partners"] = [keys[key].key for key in row.get("partners") or [] if key in keys]
            row["deliverables"] = [code for code in row.get("deliverables") or [] if code in slots]
        return copied

    def _deliverables(self) -> dict[str, Any]:
        answers, wanted = self.source.as_typed("deliverables"), self._slots()
        copied = {
            name: value for name, value in answers.items() if name.partition("_")[2] in wanted
        }
        if any(deliverable.is_scoreboard for deliverable in self.target.strand.deliverables.all()):
            copied |= {name: answers[name] for name in ("indicators",) if name in answers}
        return copied

    def _slots(self) -> set[str]:
        return {deliverable.code for deliverable in self.target.strand.deliverables.all()}

    def left_out(self) -> list[str]:
        """What the other strand does not ask for, or asks for otherwise: it stays in the source only."""
        return [
            *self._left_out_of_summary(),
            *self._left_out_of_activities(),
            *self._left_out_of_deliverables(),
            *self._left_out_of_files(),
        ]

    def _left_out_of_summary(self) -> Iterator[str]:
        copied = self._summary()
        for name, value in self.source.as_typed("summary").items():
            if name not in copied and not is_empty(value):
                yield str(EstablishedSummaryForm.base_fields[name].label)

    def _left_out_of_activities(self) -> Iterator[str]:
        rows = self.source.as_typed("activities").get("activities", [])
        copied = self._activities().get("activities", [])
        for number, (row, new) in enumerate(zip(rows, copied, strict=True), start=1):
            if row["objective"] != new["objective"]:
                text = _("Activity %(number)s, objective: %(objective)s")
                objective = self.source.proposal.strand.objective_text(row["objective"])
                yield text % {"number": number, "objective": objective or row["objective"]}

    def _left_out_of_deliverables(self) -> Iterator[str]:
        answers, copied = self.source.as_typed("deliverables"), self._deliverables()
        for deliverable in self.source.deliverables:
            if any(
                name not in copied and not is_empty(answers.get(name))
                for name in (text_of(deliverable.code), month_of(deliverable.code))
            ):
                yield _("Deliverable “%(title)s”: description and month") % {
                    "title": deliverable.title
                }
        rows = answers.get("indicators", [])
        if rows and "indicators" not in copied:
            names = ", ".join(row["name"] for row in rows if row["name"])
            yield _("Scoreboard indicators with their targets: %(names)s") % {"names": names}

    def _left_out_of_files(self) -> Iterator[str]:
        for slot, file in self.source.files.items():
            if slot not in self._slots():
                yield _("PDF “%(name)s”") % {"name": file.name}

    def files(self) -> None:
        moment = clock.now()
        for slot, file in self.source.files.items():
            if slot in self._slots():
                ProposalFile.objects.create(
                    proposal=self.target,
                    slot=slot,
                    name=file.name,
                    sha256=file.sha256,
                    size=file.size,
                    pages=file.pages,
                    uploaded_at=moment,
                    uploaded_by=self.by,
                    scan=file.scan,
                )

    def _save(self, step: str, answers: dict[str, Any], *, of: Participant | None = None) -> None:
        if answers:
            section = drafts.section_of(self.target, step, of)
            drafts.save_section(
                self.target, section, answers=answers, seen_version=section.version, by=self.by
            )
