"""What differs between two dossiers, field by field and in words: version to version, or version to draft.

Two dossiers that differ in a byte differ here too: what no field explains is one line of its own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString

from applicants.models import Organisation
from applicants.profile import PROFILE_STEPS
from applicants.steps import in_words
from applicants.three_way_merge import ROW_ID, diff_html
from calls.eligibility import canonical
from calls.eligibility.countries import UnknownCountry, name_on, normalise
from calls.models import Strand
from foundation import clock
from foundation.sentences import gettext as _
from proposals.dossier.declarations import as_drafted
from proposals.dossier.document import Draft, controller_in_words, dossier_of
from proposals.dossier.evidence_words import KIND_WORDS
from proposals.models import Participant
from proposals.steps.forms import (
    COST_LABELS,
    ActivitiesForm,
    ActivityRow,
    BudgetForm,
    DeliverablesForm,
    DescriptionForm,
    EstablishedSummaryForm,
    IndicatorRow,
    RowForm,
    VisionForm,
)

Path = tuple[str, ...]


@dataclass(frozen=True)
class Field:
    """One value of a dossier: on which step it is written, what it is called, and what it says."""

    step: str
    title: str
    label: str
    text: str


@dataclass(frozen=True)
class Change:
    """A field of which two dossiers say different things; an empty text says nothing."""

    step: str
    title: str
    label: str
    before: str
    after: str

    @property
    def diff_html(self) -> tuple[SafeString, SafeString]:
        return diff_html(self.before, self.after)


def changes_between(
    before: Mapping[str, Any], after: Mapping[str, Any], strand: Strand
) -> list[Change]:
    """Each field that was changed, in the order of the steps."""
    if (
        before.get("declaration") is None or after.get("declaration") is None
    ):  # a draft, or a call without
        before, after = as_drafted(before), as_drafted(after)
    left, right = dict(_fields(before, strand)), dict(_fields(after, strand))
    changes = []
    for path in [*left, *(path for path in right if path not in left)]:
        field, other = left.get(path), right.get(path)
        known = field or other
        assert known is not None  # noqa: S101 -- the path came from one of them
        texts = (field.text if field else "", other.text if other else "")
        if texts[0] != texts[1]:
            changes.append(Change(known.step, known.title, known.label, *texts))
    if not changes and as_drafted(before) != as_drafted(after):
        text = _("a calculated figure or the order of entries")
        changes.append(Change("", _("Proposal"), _("Other"), "", text))
    return changes


def changes_since_current(draft: Draft) -> list[Change]:
    """What the draft says other than the version that counts; nothing where none counts."""
    counting = draft.proposal.current_version
    if counting is None:
        return []
    dossier = dossier_of(draft)
    if canonical(dossier) == canonical(as_drafted(counting.document)):
        return []
    return changes_between(counting.document, dossier, draft.proposal.strand)


def _fields(dossier: Mapping[str, Any], strand: Strand) -> Iterator[tuple[Path, Field]]:
    yield from _summary(dossier)
    yield from _consortium(dossier)
    yield from _vision(dossier)
    yield from _activities(dossier, strand)
    yield from _deliverables(dossier)
    yield from _files(dossier)
    yield from _declaration(dossier)


def _summary(dossier: Mapping[str, Any]) -> Iterator[tuple[Path, Field]]:
    form, summary = EstablishedSummaryForm, dossier["summary"]
    partnership = summary["partnership"] or {}
    values = {
        "acronym": summary["acronym"],
        "title_text": summary["title"],
        "abstract": summary["abstract"],
        "duration_months": summary["duration_months"],
        "partnership_name": partnership.get("name"),
        "partnership_since": partnership.get("since"),
        "partnership_text": partnership.get("text"),
    }
    for name, value in values.items():
        label = str(form.base_fields[name].label)
        yield ("summary", name), Field("summary", str(form.title), label, _as_text(value))


def _consortium(dossier: Mapping[str, Any]) -> Iterator[tuple[Path, Field]]:
    title = _("Consortium")
    for place, item in enumerate(dossier["consortium"], start=1):
        key, organisation = item["key"], item["organisation"]
        name = organisation["cluster_name"] or organisation["legal_name"]

        def of(label: Any, name: str = name) -> str:
            return _("%(label)s of %(name)s") % {"label": label, "name": name}

        values: dict[str, tuple[Any, Any]] = {
            "role": (of(_("Role")), Participant.RoleChoices(item["role"]).label),
            "place": (of(_("Position in the list")), place),
            "controlled_by": (of(_("Controlled by")), controller_in_words(item, dossier)),
        }
        for field in organisation:
            if field != "id":
                label = getattr(Organisation._meta.get_field(field), "verbose_name", field)
                text = _organisation_text(field, organisation[field])
                values[f"organisation.{field}"] = (of(label), text)
        values["organisation.id"] = (of(_("Registered organisation")), organisation["id"])
        for path, (label, value) in values.items():
            yield ("consortium", key, path), Field("consortium", title, str(label), _as_text(value))
        yield from _part(item, of)


def _part(row: Mapping[str, Any], of: Any) -> Iterator[tuple[Path, Field]]:
    key, title = row["key"], str(DescriptionForm.title)
    for name in ("description", "task"):
        label = of(DescriptionForm.base_fields[name].label)
        yield ("part", key, name), Field("descriptions", title, label, _as_text(row[name]))
    for form in PROFILE_STEPS:
        for name, field in form.base_fields.items():
            value = row["profile"].get(form.slug, {}).get(name)
            text = "" if value in (None, "", []) else in_words(field, value)
            path = ("profile", key, form.slug, name)
            yield path, Field("descriptions", _("Cluster profile"), of(field.label or name), text)
    for kind, amount in row["budget"].items():
        label = of(COST_LABELS[kind])
        yield ("budget", key, kind), Field("budget", str(BudgetForm.title), label, amount)


def _vision(dossier: Mapping[str, Any]) -> Iterator[tuple[Path, Field]]:
    title = str(VisionForm.title)
    for name in ("vision", "goals", "emerging_industries"):
        field = VisionForm.base_fields[name]
        text = in_words(field, dossier["vision"][name])
        yield ("vision", name), Field("vision", title, str(field.label), text)
    for number, market in enumerate(dossier["markets"], start=1):
        values = {
            _("Market %(number)s, country"): _country(market["country"] or ""),
            _("Market %(number)s, region"): _as_text(market["region"]),
            _("Market %(number)s, reason"): _as_text(market["reason"]),
        }
        for label, text in values.items():
            name = label % {"number": number}
            yield ("market", str(number), label), Field("vision", title, name, text)


def _activities(dossier: Mapping[str, Any], strand: Strand) -> Iterator[tuple[Path, Field]]:
    words = {item["code"]: item["title"] for item in dossier["deliverables"]}
    words |= {item["code"]: item["text"] for item in strand.objectives}
    for item in dossier["consortium"]:
        organisation = item["organisation"]
        words[item["key"]] = organisation["cluster_name"] or organisation["legal_name"]
    for number, activity in enumerate(dossier["activities"], start=1):
        for name, field in _shown_fields(ActivityRow):
            value = activity.get(name, "")
            text = _in_words(value, words) if name in CODED else _as_text(value)
            label = _("Activity %(number)s: %(label)s") % {"number": number, "label": field.label}
            path = ("activity", str(number), name)
            yield path, Field("activities", str(ActivitiesForm.title), label, text)


CODED = ("objective", "lead", "partners", "deliverables")  # fields of an activity that hold codes


def _in_words(value: Any, words: Mapping[str, str]) -> str:
    """A code or several as people call what they name; unknown ones as they are."""
    codes = value if isinstance(value, list) else [value]
    return ", ".join(words.get(code, code) for code in codes if code)


def _shown_fields(row: type[RowForm]) -> Iterator[tuple[str, Any]]:
    return ((name, field) for name, field in row.base_fields.items() if name != ROW_ID)


def _deliverables(dossier: Mapping[str, Any]) -> Iterator[tuple[Path, Field]]:
    title = str(DeliverablesForm.title)
    for deliverable in dossier["deliverables"]:
        code = deliverable["code"]
        text = _("Description of “%(title)s”") % {"title": deliverable["title"]}
        month = _("Month of “%(title)s”") % {"title": deliverable["title"]}
        yield (
            ("deliverable", code, "text"),
            Field("deliverables", title, text, _as_text(deliverable["text"])),
        )
        when = Field("deliverables", title, month, _as_text(deliverable["month"]))
        yield ("deliverable", code, "month"), when
    for number, indicator in enumerate(dossier["scoreboard"], start=1):
        for name, field in _shown_fields(IndicatorRow):
            label = _("Indicator %(number)s: %(label)s") % {"number": number, "label": field.label}
            path = ("indicator", str(number), name)
            yield path, Field("deliverables", title, label, _as_text(indicator.get(name, "")))


def _files(dossier: Mapping[str, Any]) -> Iterator[tuple[Path, Field]]:
    titles = {deliverable["code"]: deliverable["title"] for deliverable in dossier["deliverables"]}
    for file in dossier["files"]:
        label = _("PDF of “%(title)s”") % {"title": titles.get(file["slot"], file["slot"])}
        text = f"{file['name']} (SHA-256 {file['sha256']})"
        yield ("file", file["slot"]), Field("deliverables", _("Files"), label, text)


def _declaration(dossier: Mapping[str, Any]) -> Iterator[tuple[Path, Field]]:
    """Its text; that each version is declared at a time of its own is no change."""
    declaration = dossier.get("declaration")
    if declaration:
        text = "\n".join([declaration["title"], declaration["text"], *declaration["points"]])
        title = _("Declaration on honour")
        yield ("declaration",), Field("check", title, title, text)


def _as_text(value: Any) -> str:
    return "" if value is None else str(value)


def _organisation_text(field: str, value: Any) -> str:
    if field == "country":
        return _country(value or "")
    return str(KIND_WORDS.get(value, value)) if field == "kind" else _as_text(value)


def _country(code: str) -> str:
    if not code:
        return ""
    try:
        return name_on(normalise(code), clock.now().date())
    except UnknownCountry:
        return code
