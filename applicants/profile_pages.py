"""The two pages on which an organisation enters what calls need of its profile, in one sitting.

A page shows fields of several steps. Each step stays a row with a version of its own, so that a page and the
form of a step never overwrite each other.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from crispy_forms.layout import Column, Layout, Row
from django import forms
from django.db import transaction
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from applicants.models import Organisation, ProfileSection, User
from applicants.profile import ProfileState, form_for
from applicants.step_storage import save_step
from applicants.steps import StepForm, Text
from foundation.form_layout import grid_row

Answers = dict[str, Any]


@dataclass(frozen=True)
class ProfilePage:
    """A page, with what it shows of which step."""

    slug: str
    title: Text
    intro: Text
    layouts: Mapping[str, tuple[Any, ...]]

    def has(self, step: str) -> bool:
        return step in self.layouts


PAGES = (
    ProfilePage(
        "organisation",
        _("Organisation and members"),
        _("Who the organisation is, whom it brings together, and whom to contact."),
        {
            "identity": (
                grid_row(legal_form=8, founded=4),
                grid_row(street=7, postcode=5),
                "description",
            ),
            "registration": ("status", grid_row(profile_link=7, planned_on=5)),
            "members": (grid_row(total=6, staff=6), grid_row(smes=4, large=4, research=4)),
            "contact": (grid_row(contact_name=6, contact_email=6),),
        },
    ),
    ProfilePage(
        "offer",
        _("Sectors, services and markets"),
        _("What the members do, how the cluster supports them, and where they want to go."),
        {
            "sectors": ("emerging_industries", "sectors"),
            "services": (
                Row(
                    Column("offered", css_class="col-lg-6"),
                    Column("channelled", css_class="col-lg-6"),
                ),
                "independent",
                "elements",
                "how",
            ),
            "markets": ("third_markets", "label"),
        },
    ),
)


@dataclass(frozen=True)
class PageState:
    """A page, with the labels of what calls need on it and is not there."""

    page: ProfilePage
    missing: tuple[str, ...]


def page_states(profile: ProfileState) -> list[PageState]:
    """What is still needed, page by page."""
    return [
        PageState(
            page,
            tuple(label for step in profile.steps if page.has(step.slug) for label in step.missing),
        )
        for page in PAGES
    ]


def first_page_needed(profile: ProfileState) -> ProfilePage:
    """The first page on which something is missing; the first of all where nothing is."""
    return next((state.page for state in page_states(profile) if state.missing), PAGES[0])


def page_named(slug: str) -> ProfilePage | None:
    return next((page for page in PAGES if page.slug == slug), None)


def page_after(page: ProfilePage) -> ProfilePage | None:
    place = PAGES.index(page) + 1
    return PAGES[place] if place < len(PAGES) else None


class ProfilePageForm:
    """The forms of a page's steps as one: it is sent, saved and corrected as a whole."""

    rows_name = ""

    def __init__(
        self, page: ProfilePage, organisation: Organisation, data: QueryDict | None = None
    ) -> None:
        self.page = page
        sections = {section.step: section for section in organisation.profile_sections.all()}
        seen = versions_in(data.get("seen_version", "")) if data is not None else {}
        self.forms = [
            _form_of(
                page,
                sections.get(slug) or ProfileSection(organisation=organisation, step=slug),
                _with_version(data, seen.get(slug, "")),
            )
            for slug in page.layouts
        ]

    @cached_property
    def fields(self) -> dict[str, forms.Field]:
        return {name: field for form in self.forms for name, field in form.fields.items()}

    @property
    def errors(self) -> dict[str, Any]:
        return {name: errors for form in self.forms for name, errors in form.errors.items()}

    @property
    def cleaned_data(self) -> Answers:
        cleaned: Answers = {}
        for form in self.forms:
            cleaned |= getattr(form, "cleaned_data", {})
        return cleaned

    @property
    def first_wrong(self) -> StepForm | None:
        """The form that marks the page's title, if any is wrong."""
        return next((form for form in self.forms if form.is_bound and form.errors), None)

    @property
    def seen_version(self) -> str:
        """The versions of the steps that this page has shown, as it sends them."""
        return "-".join(f"{form.slug}.{form['seen_version'].value()}" for form in self.forms)

    @property
    def version(self) -> str:
        """The versions of the steps that are stored now."""
        return "-".join(f"{form.slug}.{form.saved.version}" for form in self.forms)

    def __iter__(self) -> Iterator[forms.BoundField]:
        return (bound for form in self.forms for bound in form)

    def __getitem__(self, name: str) -> forms.BoundField:
        for form in self.forms:
            if name in form.fields:
                return form[name]
        raise KeyError(name)  # templates look attributes up here first

    def is_valid(self) -> bool:
        return all(form.is_valid() for form in self.forms)

    def is_storable(self) -> bool:
        return all(form.is_storable() for form in self.forms)

    def show_problems(self) -> None:
        for form in self.forms:
            form.show_problems()


def versions_in(text: str) -> dict[str, str]:
    """The version of each step, from what a page sends."""
    pairs = (part.partition(".") for part in text.split("-"))
    return {slug: version for slug, _dot, version in pairs}


def _with_version(data: QueryDict | None, version: str) -> QueryDict | None:
    if data is None:
        return None
    own = data.copy()
    own["seen_version"] = version
    return own


def _form_of(page: ProfilePage, section: ProfileSection, data: QueryDict | None) -> StepForm:
    """The form of a step with only those of its fields that the page shows: it stores no others."""
    form_class = form_for(section.step)
    assert form_class is not None  # noqa: S101 -- the pages name steps that exist
    form = form_class(data, saved=section)
    form.helper.layout = Layout(*page.layouts[section.step])
    shown = {pointer.name for pointer in form.helper.layout.get_field_names()}
    for name in set(form.fields) - shown - {"seen_version"}:
        del form.fields[name]
    return form


@transaction.atomic
def save_page(
    form: ProfilePageForm, *, answers_of: Callable[[StepForm], Answers], by: User
) -> None:
    """Store the steps of a page that were changed on it; all of them, or none.

    Raises:
        EditConflict: one of them has a newer version with other answers.
    """
    for step in form.forms:
        stored = step.saved.answers
        answers = stored | answers_of(step)
        if answers != stored or step.saved.version == 0:
            save_step(step.saved, answers=answers, seen_version=step.seen, by=by)
