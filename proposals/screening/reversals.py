"""What a decision takes the place of: the earlier outcome, and the letter that went out about one."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.formats import date_format

from calls.templatetags.instants import in_words
from foundation.sentences import gettext as _
from proposals.models import Decision, Version
from proposals.screening.remedies import Remedy, remedies_of


@dataclass(frozen=True)
class SentLetter:
    """The letter about a decision, with the periods that it names."""

    decision: Decision
    sent_at: datetime
    remedies: list[Remedy]


@dataclass(frozen=True)
class Reversal:
    """What was decided until now.

    `earlier` is the decision that is in force until the new one is confirmed. `letter` is the last one that
    the applicant got, also where it was about a decision before that, or about a version before.
    """

    earlier: Decision | None
    letter: SentLetter | None

    @property
    def remarks(self) -> list[str]:
        """The same in sentences, for whoever is about to decide or to confirm."""
        remarks = []
        if self.earlier is not None:
            text = _("This replaces the decision “%(outcome)s” of %(when)s.")
            when = in_words(self.earlier.decided_at)
            remarks.append(text % {"outcome": self.earlier.get_outcome_display(), "when": when})
        if self.letter is not None:
            remarks.append(self._remark_on_letter(self.letter))
        return remarks

    def _remark_on_letter(self, letter: SentLetter) -> str:
        periods = ", ".join(
            f"{remedy.title}: {date_format(remedy.until, 'j F Y')}" for remedy in letter.remedies
        )
        values = {
            "when": in_words(letter.sent_at),
            "outcome": letter.decision.get_outcome_display(),
            "periods": periods,
        }
        if not periods:
            return (
                _("A letter of %(when)s informed the applicant of the decision “%(outcome)s”.")
                % values
            )
        text = _(
            "A letter of %(when)s informed the applicant of the decision “%(outcome)s”. Last "
            "days to contest it: %(periods)s."
        )
        return text % values


def next_reversal(version: Version) -> Reversal | None:
    """What a decision that is recorded now would take the place of."""
    earlier = version.decisions.confirmed().order_by("-pk").first()
    return _reversal(earlier, last_letter(version))


def reversal_of(decision: Decision) -> Reversal | None:
    """What a recorded decision takes the place of; None where nothing was decided before it."""
    return _reversal(decision.reverses, last_letter(decision.version, before=decision))


def _reversal(earlier: Decision | None, letter: SentLetter | None) -> Reversal | None:
    return None if earlier is None and letter is None else Reversal(earlier, letter)


def last_letter(version: Version, *, before: Decision | None = None) -> SentLetter | None:
    """The newest letter about the proposal; that about a decision before another one, where it is given."""
    notified = Decision.objects.filter(
        version__proposal=version.proposal_id, notice__isnull=False
    ).select_related("notice", "version__proposal__strand__call")
    if before is not None:
        notified = notified.filter(pk__lt=before.pk)
    decision = notified.order_by("-pk").first()
    return sent_letter(decision) if decision else None


def sent_letter(decision: Decision) -> SentLetter:
    """The notice about a decision that the applicant was notified of."""
    sent_at = decision.notice.notified_at
    return SentLetter(decision, sent_at, remedies_of(decision, sent_at))
