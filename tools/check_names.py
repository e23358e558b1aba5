"""Find names that mislead a reader, and template lines that nobody can review; `make check` runs it.

An app uses each public name for one thing, and a variable says what it holds.
"""

import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

# Public names that several modules of an app may define.
ALLOWED = {
    "Command": "Django asks each command for it",
    "main": "each program begins with it",
    "install": "each module installs its own rules when the portal starts",
    "euro": "the template filter shows an amount as the rules write it",
    "Participant": "the dossier's form of the table",
    "Columns": "columns of a chart, and of a query",
    "takes_part": "the condition on rows, and the answer for one conversation",
}
# Views, tasks and admin pages carry the name of the function that they call.
CALLERS = ("/views", "/admin", "/forms", "tasks.py")
BANNED = {"one", "found", "given"}
# Words that the field, Django, SQL and HTTP do not use for anything in the source.
PRIVATE_WORDS = frozenset(
    "note notes noted keep keeps kept promise promises stand stands stood standing told tell tells "
    "said say says anew mend mended owe owes desk give gives given lack lacks happening happenings "
    "trouble wish wishes floor roof".split()
)
# Words that also names of variables may have, but not addresses, constraints, triggers and relations.
PRIVATE_WORDS_OF_STRINGS = PRIVATE_WORDS | frozenset(
    "stay stays mail mails forget gate arrived bring take ask asks who".split()
)
NAMING_KEYWORDS = frozenset({"name", "related_name"})
PRIVATE_WORDS_ALLOWED = {
    "CaseNote": "an officer writes a note on a case; the next six lines are about it",
    "CaseNoteQuerySet": "rows of it, with or without those that were undone",
    "NoteForm": "its form",
    "add_note": "stores it",
    "case_note": "a row of it",
    "case_notes": "rows of it",
    "NOTED": "the event that it was added",
    "STATUS_NOTES": "footnotes in the Commission's list of countries",
    "login_required_keep_post": "Django's `login_required`, which does not lose what was posted",
}
STRINGS_ALLOWED = {
    "note": "the address at which an officer adds a note to a case",
    "<int:pk>/note/": "the same",
    "a_case_note_has_a_text": "a constraint on these notes",
    "case_notes_are_final": "their trigger",
    "case_notes": "the notes on a case",
    "ask": "the page on which anybody asks the helpdesk",
}
# Each line pairs both sides of a comparison.
EXCEPTIONS = {"calls/eligibility/rules/identity.py"}

MAX_TEMPLATE_LINE = 160  # characters


def main() -> int:
    """Print each problem; 1 if there is one."""
    checks = (duplicates, names, private_words, private_words_in_strings, long_template_lines)
    problems = sorted(problem for check in checks for problem in check())
    for problem in problems:
        print(problem)  # noqa: T201 -- this is a command
    return int(bool(problems))


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Path and content of each module under version control that is neither test nor migration."""
    command = ["git", "ls-files", "-co", "--exclude-standard", "*.py"]
    for path in subprocess.check_output(command, text=True).splitlines():  # noqa: S603 -- our own words
        is_left_out = "/migrations/" in path or "/tests/" in path or path.startswith("docs/")
        if not is_left_out and Path(path).is_file():
            yield path, ast.parse(Path(path).read_text())


def duplicates() -> Iterator[str]:
    """Public functions and classes that two modules of an app define."""
    places = defaultdict(list)
    for path, module in modules():
        for node in module.body:
            if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name[0] == "_":
                continue
            if not any(part in path for part in CALLERS):
                places[path.split("/")[0], node.name].append(path)
    for (app, name), paths in places.items():
        if len(paths) > 1 and name not in ALLOWED:
            yield f"{app}: {name} is defined {len(paths)} times: {', '.join(paths)}"


def names() -> Iterator[str]:
    """Variables and parameters of functions whose names say nothing."""
    for path, module in modules():
        functions = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)]
        for node in {node for function in functions for node in ast.walk(function)}:
            name = ""
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                name = node.id
            elif isinstance(node, ast.arg):
                name = node.arg
            if isinstance(node, ast.expr | ast.arg) and name in BANNED and path not in EXCEPTIONS:
                yield f"{path}:{node.lineno}: {name} says nothing about what it holds"


def private_words() -> Iterator[str]:
    """Functions, classes, parameters and variables with a private word as a part of their names."""
    for path, module in modules():
        for node in ast.walk(module):
            match node:
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.arg(arg=name):
                    pass
                case ast.Name(id=name, ctx=ast.Store()):
                    pass
                case _:
                    continue
            parts = set(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().split("_"))
            if parts & PRIVATE_WORDS and name.lstrip("_") not in PRIVATE_WORDS_ALLOWED:
                yield (
                    f"{path}:{node.lineno}: {name} uses a word that only this project would: "
                    + ", ".join(parts & PRIVATE_WORDS)
                )


def private_words_in_strings() -> Iterator[str]:
    """Names of addresses, constraints, triggers and relations with a private word, and such addresses."""
    for path, module in modules():
        for node in ast.walk(module):
            if not isinstance(node, ast.Call):
                continue
            for text in names_in(node):
                words = set(re.split(r"[^a-z]+", re.sub(r"<[^>]*>", "", text)))
                if words & PRIVATE_WORDS_OF_STRINGS and text not in STRINGS_ALLOWED:
                    yield (
                        f"{path}:{node.lineno}: “{text}” uses a word that only this project would: "
                        + ", ".join(words & PRIVATE_WORDS_OF_STRINGS)
                    )


def names_in(call: ast.Call) -> Iterator[str]:
    """What a call names for the database or for addresses: texts without spaces."""
    function = (
        call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    )
    values = [keyword.value for keyword in call.keywords if keyword.arg in NAMING_KEYWORDS]
    values += call.args if function in {"path", "url", "final", "final_but", "refused_if"} else []
    for value in values:
        if (
            isinstance(value, ast.Constant)
            and isinstance(value.value, str)
            and " " not in value.value
        ):
            yield value.value


def long_template_lines() -> Iterator[str]:
    """Lines of pages that are too long to review (in plain-text emails, line breaks are part of the text)."""
    command = ["git", "ls-files", "-co", "--exclude-standard", "templates/*.html"]
    for path in subprocess.check_output(command, text=True).splitlines():  # noqa: S603 -- our own words
        for number, line in enumerate(Path(path).read_text().splitlines(), start=1):
            if len(line) > MAX_TEMPLATE_LINE:
                yield f"{path}:{number}: {len(line)} characters; at most {MAX_TEMPLATE_LINE}"


if __name__ == "__main__":
    sys.exit(main())
