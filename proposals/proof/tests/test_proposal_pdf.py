"""The whole proposal on paper: contents that lead to the right page, a budget that adds up, calm margins."""

import re
import subprocess
from decimal import Decimal
from itertools import cycle

import pytest
from django.template.loader import render_to_string

from calls.eligibility.facts import Role
from conftest import AFTERNOON
from foundation.tests.hostile_texts import HOSTILE
from foundation.text import clean_text
from proposals.dossier.document import COST_KINDS, Draft, dossier_of
from proposals.proof.budget_table import budget_table
from proposals.proof.full_proposal_pdf import proposal_context, render_proposal_pdf
from proposals.proof.proposal_sections import KINDS, sections_of
from proposals.tests.factories import make_ready, save, submit

pytestmark = pytest.mark.django_db

MARGIN = 18 / 25.4 * 72  # of the style sheet, in points
WIDTH = 210 / 25.4 * 72


@pytest.fixture
def dossier(call):
    return dossier_of(Draft(make_ready(call, strand="3.2")))


def printed(file, *options):
    command = ["pdftotext", *options, file, "-"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def pages_of(file):
    return [" ".join(page.split()) for page in printed(file, "-layout").split("\f")[:-1]]


def laid_out(proposal, dossier, folder, *, of=AFTERNOON):
    file = folder / "proposal.pdf"
    file.write_bytes(render_proposal_pdf(proposal, dossier, of=of))
    return file


def test_each_section_with_content_has_a_number_and_a_template(dossier):
    sections = sections_of(dossier)
    assert [section.number for section in sections] == list(range(1, len(sections) + 1))
    fewer = sections_of(dossier | {"markets": [], "activities": [], "scoreboard": []})
    assert [section.number for section in fewer] == list(range(1, len(fewer) + 1))
    assert {section.slug for section in sections} - {section.slug for section in fewer} == {
        "markets",
        "activities",
        "scoreboard",
    }


def test_contents_lead_to_the_page_of_each_section_and_part(call, tmp_path):
    proposal = make_ready(call, countries=("LT", "FR", "AT", "EL"))
    activity = dossier_of(Draft(proposal))["activities"][0]
    text = "We travel and write about it. " * 60
    activities = [activity | {"title": f"Mission {n}", "description": text} for n in range(9)]
    save(proposal, "activities", activities=activities)
    version = submit(proposal)
    pages = pages_of(laid_out(proposal, version.document, tmp_path, of=version))
    assert len(pages) > 4
    wanted = {}
    for section in sections_of(version.document):
        wanted[f"{section.number}. {section.title}"] = None
        wanted |= {
            f"{section.number}.{place} {part}": None
            for place, part in enumerate(section.parts, start=1)
        }
    for entry in wanted:
        [number] = re.findall(rf"{re.escape(entry)} ?\.{{3,}} (\d+)", pages[0])
        assert entry in pages[int(number) - 1], entry
        assert entry not in " ".join(pages[1 : int(number) - 1]), entry


def test_each_page_says_of_what_it_is_and_how_many_there_are(call, tmp_path):
    proposal = make_ready(call)
    version = submit(proposal)
    pages = pages_of(laid_out(proposal, version.document, tmp_path, of=version))
    for number, page in enumerate(pages, start=1):
        foot = f"LASER-GO {proposal.number} · version 1 Page {number} of {len(pages)}"
        assert page.endswith(foot)


def test_the_budget_adds_up_to_the_totals_of_the_dossier(dossier):
    first, second, third = dossier["consortium"]
    second["budget"] |= {kind: f"{place}.25" for place, kind in enumerate(COST_KINDS)}
    third |= {"role": Role.ASSOCIATED.value}
    third["budget"] |= {"staff": "700.00", "grant": "0.00"}
    table = budget_table(dossier)
    assert [len(row.costs) for row in table.rows] == [len(COST_KINDS)] * 2
    assert table.totals.costs[0] == Decimal(first["budget"]["staff"]) + Decimal("0.25")
    assert table.totals.total == sum(row.total for row in table.rows)
    assert table.totals.grant == sum(row.grant for row in table.rows)


def test_a_grant_of_an_associated_partner_is_shown_without_costs(dossier):
    third = dossier["consortium"][2]
    third |= {"role": Role.ASSOCIATED.value}
    row = budget_table(dossier).rows[2]
    assert (row.costs, row.total, row.grant) == ([], None, Decimal(third["budget"]["grant"]))


def test_totals_are_those_of_the_version(call):
    version = submit(make_ready(call))
    totals = budget_table(version.document).totals
    assert totals.total == Decimal(version.document["budget"]["total_costs"])
    assert totals.grant == Decimal(version.document["budget"]["total_grant"])


def test_a_draft_of_nothing_has_its_sections(call):
    proposal = make_ready(call)
    empty = dossier_of(Draft(proposal)) | {"consortium": [], "deliverables": []}
    html = render_to_string("proof/proposal.html", proposal_context(proposal, empty, AFTERNOON))
    assert 'id="budget"' in html


def test_files_are_listed_with_size_and_hash(call, tmp_path):
    proposal = make_ready(call)
    file = {"slot": "roadmap", "name": "plan.pdf", "sha256": "a1" * 32, "size": 3 * 1024 * 1024}
    dossier = dossier_of(Draft(proposal)) | {"files": [file | {"pages": 7}]}
    shown = printed(laid_out(proposal, dossier, tmp_path))
    assert "plan.pdf" in shown and "3.0 MB" in " ".join(shown.split())
    assert "a1" * 32 in "".join(shown.split())


TYPED = """name title text description task abstract region reason vision goals justification legal_name
cluster_name acronym unit baseline target verification street how legal_form""".split()


def with_texts(value, texts):
    """The same dossier with the next of some texts in place of each text that a person types."""
    if isinstance(value, list):
        return [with_texts(item, texts) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: next(texts) if name in TYPED and isinstance(item, str) else with_texts(item, texts)
        for name, item in value.items()
    }


LONG = ["W" * 400, "https://example.org/" + "a/" * 150, "\N{ARABIC LETTER ALEF}" * 300, "i\n" * 40]
HOSTILE_TEXTS = [clean_text(hostile.text)[:200] for hostile in HOSTILE]


@pytest.mark.parametrize(
    "texts",
    [*([text] for text in LONG), [" ".join(HOSTILE_TEXTS[n::40]) for n in range(40)]],
    ids=["letters", "address", "from the right", "lines", "hostile"],
)
def test_no_text_leaves_its_page(call, tmp_path, dossier, texts):
    dossier = with_texts(dossier, cycle(texts))
    dossier["consortium"][0]["budget"] |= dict.fromkeys((*COST_KINDS, "grant"), "9" * 18 + ".99")
    assert outside(laid_out(make_ready(call, strand="3.2"), dossier, tmp_path)) == []


def outside(file):
    """Words that lie outside the margins of their page."""
    place = re.compile(
        r'<word xMin="([\d.-]+)" yMin="[\d.-]+" xMax="([\d.-]+)" yMax="[\d.-]+">(.*?)<'
    )
    words = place.findall(printed(file, "-bbox"))
    assert len(words) > 100
    return [
        (left, right, word)
        for left, right, word in words
        if float(left) < MARGIN - 1 or float(right) > WIDTH - MARGIN + 1
    ]


def test_every_kind_of_section_has_its_template(call, dossier):
    proposal = make_ready(call, strand="3.2")
    plan = {"first_month": 1, "last_month": 2, "lead": "p1"}
    dossier |= {"activities": [activity | plan for activity in dossier["activities"]]}
    context = proposal_context(proposal, dossier, AFTERNOON)
    context["sections"] = sections_of(dossier | {"files": [{}]})
    assert len(context["sections"]) == len(KINDS)
    for section in context["sections"][:-1]:
        assert render_to_string(section.template, context | {"section": section}).strip()
