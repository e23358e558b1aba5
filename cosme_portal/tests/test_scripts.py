"""The pages' scripts find each other under hashed names, and find each text that they show."""

import re
import shutil

import pytest
from django.core.files.storage import FileSystemStorage

from cosme_portal.settings import ROOT
from cosme_portal.static_storage import ModuleStorage

SCRIPTS = sorted((ROOT / "static" / "js").glob("*.js"))
IMPORTED = re.compile(r'^(?:import\b|\} from).*"(.+)";$', re.MULTILINE)
TEXT_OF_PAGE = re.compile(r'data-text="([\w-]+)"')
# A literal with a capital, or with two words: something that people read, rather than a key or a class.
SENTENCE = re.compile(r'(?:textContent = |getText\(|append\()["`][^"`]*[A-Za-z]+ [A-Za-z]+')


@pytest.fixture
def collected(tmp_path):
    """The scripts as `collectstatic` leaves them, by their names without a hash."""
    shutil.copytree(ROOT / "static" / "js", tmp_path / "js")
    storage = ModuleStorage(location=tmp_path)
    source = FileSystemStorage(location=ROOT / "static")
    names = [f"js/{script.name}" for script in SCRIPTS]
    for _name, _hashed, done in storage.post_process({name: (source, name) for name in names}):
        assert done is True
    return {name: tmp_path / storage.hashed_files[name] for name in names}


def test_modules_import_each_other_under_hashed_names(collected):
    hashed = {path.name for path in collected.values()}
    imports = [
        (path.name, address)
        for path in collected.values()
        for address in IMPORTED.findall(path.read_text())
    ]
    assert len(imports) > 20
    assert [item for item in imports if item[1].removeprefix("./") not in hashed] == []


def test_each_module_is_loaded_under_one_name_only(collected):
    """Two names would be two modules, each with a state of its own."""
    addresses = {}
    for path in collected.values():
        for address in IMPORTED.findall(path.read_text()):
            addresses.setdefault(address.split(".")[1], set()).add(address)
    assert [address for address in addresses.values() if len(address) > 1] == []


def test_scripts_and_pages_have_the_same_texts():
    on_pages = set()
    for path in (ROOT / "templates").rglob("*.html"):
        on_pages |= set(TEXT_OF_PAGE.findall(path.read_text()))
    scripts = "\n".join(path.read_text() for path in SCRIPTS)
    in_scripts = set(re.findall(r'"([\w-]+)"', scripts))
    asked = set(re.findall(r'getText\(\s*"([\w-]+)"', scripts))
    assert asked - on_pages == set()
    assert on_pages - in_scripts == set()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_script_holds_a_sentence(script):
    assert SENTENCE.findall(script.read_text()) == []
