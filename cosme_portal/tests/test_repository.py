"""The files that say on which terms, and how, others may use and change the portal: readable, and of one mind."""

import configparser
import importlib
import re
import tomllib

import pytest
import yaml

from cosme_portal import __version__
from cosme_portal.settings import ROOT
from cosme_portal.tests.faults import STAGES

LICENCE = "EUPL-1.2"
PAGES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md")
MADE_LATER = (".venv", "var")  # not in the repository
# Documents that quote names of the code; the others are generated, tried by tests of their own, or history.
DOCUMENTS = sorted(
    {str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md")}
    - {"docs/limits.md", "docs/roles.md", "docs/rules.md"}
    | {"README.md", "CONTRIBUTING.md"}
)
PROGRAMS = {"df", "pg_dump"}
CODE = ("foundation", "calls", "applicants", "proposals", "cosme_portal", "docs", "deploy")

# Something of this repository: with a folder before it, or with an ending that our files have.
WORD = re.compile(r"(?<![\w/.:-])\.?\w[\w.*-]*(?:/[\w.*-]+)*/?")
ENDINGS = (".cff", ".in", ".ini", ".md", ".py", ".toml", ".txt", ".yml")


def read_toml(name):
    return tomllib.loads((ROOT / name).read_text())


def read_yaml(name):
    return yaml.safe_load((ROOT / name).read_text())


def test_the_licence_is_the_same_wherever_it_is_named():
    everything, *_files_of_others = read_toml("REUSE.toml")["annotations"]
    assert everything["path"] == "**"
    assert {
        "pyproject.toml": read_toml("pyproject.toml")["project"]["license"],
        "publiccode.yml": read_yaml("publiccode.yml")["legal"]["license"],
        "CITATION.cff": read_yaml("CITATION.cff")["license"],
        "REUSE.toml": everything["SPDX-License-Identifier"],
    } == dict.fromkeys(("pyproject.toml", "publiccode.yml", "CITATION.cff", "REUSE.toml"), LICENCE)
    assert (ROOT / "LICENSE").read_bytes() == (ROOT / f"LICENSES/{LICENCE}.txt").read_bytes()


def test_the_version_is_the_same_wherever_it_is_named():
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "[Unreleased]"  # as Keep a Changelog has it
    newest = re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)", headings[1]).groups()
    catalogue, citation = read_yaml("publiccode.yml"), read_yaml("CITATION.cff")
    assert read_toml("pyproject.toml")["project"]["version"] == __version__
    assert (catalogue["softwareVersion"], catalogue["releaseDate"]) == newest
    assert (citation["version"], citation["date-released"]) == newest
    assert newest[0] == __version__


def test_catalogues_and_citations_have_what_their_standards_ask_for():
    asked = {
        "publiccodeYmlVersion",
        "name",
        "url",
        "platforms",
        "developmentStatus",
        "softwareType",
        "description",
        "legal",
        "maintenance",
        "localisation",
    }
    catalogue = read_yaml("publiccode.yml")
    assert asked <= set(catalogue)
    assert catalogue["maintenance"]["contacts"] and catalogue["localisation"]["availableLanguages"]
    described = catalogue["description"]["en"]
    assert len(described["shortDescription"]) <= 150 <= len(described["longDescription"])
    assert described["features"]
    assert {"cff-version", "message", "title", "authors"} <= set(read_yaml("CITATION.cff"))


@pytest.mark.parametrize(
    "package", sorted(path.parent.name for path in (ROOT / "proposals").glob("*/__init__.py"))
)
def test_a_package_names_entrances_that_exist(package):
    module = importlib.import_module(f"proposals.{package}")
    sentence = re.search(r"Enter by .*?[.](?=\s|$)", module.__doc__ or "", re.DOTALL)
    names = re.findall(r"`([\w.]+)`", sentence[0]) if sentence else []
    for name in names:
        part, _dot, attribute = name.partition(".")
        entrance = importlib.import_module(f"proposals.{package}.{part}")
        assert not attribute or hasattr(entrance, attribute), name


def test_hooks_call_what_make_check_calls():
    hooks = [
        hook for repo in read_yaml(".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]
    ]
    checks = (ROOT / "Makefile").read_text().replace("$(BIN)", ".venv/bin")
    called = [hook["entry"].removesuffix(" --force-exclude") for hook in hooks]
    assert "make check" in called
    assert [entry for entry in called if entry != "make check" and entry not in checks] == []


def test_continuous_integration_runs_the_shipped_script_on_each_python_that_is_supported():
    jobs = read_yaml(".github/workflows/ci.yml")["jobs"]
    assert {"run": ".ci/run"} in jobs["everything"]["steps"]
    assert {"run": "make check"} in jobs["check"]["steps"]
    oldest = read_toml("pyproject.toml")["project"]["requires-python"].removeprefix(">=")
    assert f"Python {oldest}" in jobs["everything"]["name"]
    assert oldest not in jobs["check"]["strategy"]["matrix"]["python"]


def test_the_settings_of_editors_can_be_read():
    settings = configparser.ConfigParser()
    settings.read_string("[all]\n" + (ROOT / ".editorconfig").read_text())
    assert settings["all"]["root"] == "true"
    assert settings["Makefile"]["indent_style"] == "tab"


def paths_of(text):
    """What looks like a path in a page: links, and words with a slash or an ending."""
    links = re.findall(r"\]\(([^)#\s]+)", text)
    words = re.findall(WORD, re.sub(r"\w+://\S+", "", text))
    named = {word.rstrip(".") for word in words if "/" in word or word.endswith(ENDINGS)}
    return {path for path in named | set(links) if "://" not in path}


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_a_page_names_exists(page):
    paths = paths_of((ROOT / page).read_text())
    assert len(paths) > 0
    present = [path for path in paths if path.split("/")[0] not in MADE_LATER]
    assert [path for path in sorted(present) if not any(ROOT.glob(path))] == []


def quoted_in(text):
    """What a document sets as code within its sentences."""
    return set(
        re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    )


@pytest.fixture(scope="module")
def source():
    """Every name of a file, and every word in one, of this repository's code and settings."""
    files = [path for folder in CODE for path in (ROOT / folder).rglob("*") if path.is_file()]
    files += [path for path in ROOT.iterdir() if path.is_file() and path.suffix != ".md"]
    texts = [
        path.read_text(errors="ignore") for path in files if path.suffix not in {".md", ".png"}
    ]
    message = {word for text in texts for word in re.findall(r"\w+", text)}
    return {path.name for path in files} | message


@pytest.mark.parametrize("page", DOCUMENTS)
def test_every_name_that_a_document_quotes_exists(page, source):
    unknown = []
    for name in quoted_in((ROOT / page).read_text()):
        if name.startswith(tuple(f"{folder}/" for folder in CODE)):
            if not any(ROOT.glob(name.rstrip("/"))):
                unknown.append(name)
        elif f"portal_{name.removesuffix('_total')}" in source:  # a metric, as Prometheus shows it
            continue
        elif re.fullmatch(r"[A-Za-z_][\w.]*(\(\))?", name) and name not in PROGRAMS | source:
            unknown += [name] if not set(re.findall(r"\w+", name)) <= source else []
    assert sorted(unknown) == []


@pytest.mark.parametrize("page", sorted({*DOCUMENTS, *PAGES}))
def test_documents_are_wrapped(page):
    text = re.sub(r"^```.*?^```", "", (ROOT / page).read_text(), flags=re.MULTILINE | re.DOTALL)
    lines = text.splitlines()
    assert [line for line in lines if len(line) > 100 and not line.startswith("|")] == []


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_at_which_a_test_kills_names_a_function(stage):
    module, name, _when = STAGES[stage]
    assert callable(getattr(importlib.import_module(module), name))
