"""Writes the documents that are made from code, or says which of them are out of date."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from calls.call_file import read_call_file
from calls.rule_reference import as_markdown
from foundation import limits
from proposals.dossier.file_screening import SHIPPED
from proposals.dossier.json_schema import dossier_schema, verdict_schema
from proposals.submission.font_coverage import RANGES, ranges_of_fonts

DOCS = settings.ROOT / "docs"


class Command(BaseCommand):
    help = "Generate the documents under docs/ from the code."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="write nothing; fail if a document is out of date"
        )

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        stale = [path for path, text in _documents().items() if _is_stale(path, text)]
        if check and stale:
            names = ", ".join(str(path.relative_to(settings.ROOT)) for path in stale)
            raise CommandError(f"Out of date: {names}. Update them with: manage.py generate_docs")
        if not check:
            for path in stale:
                path.write_text(_documents()[path], encoding="utf-8")
        self.stdout.write(f"{len(stale)} of {len(_documents())} documents updated.")


def _documents() -> dict[Path, str]:
    calls = [read_call_file(path) for path in sorted(SHIPPED.glob("*.yaml"))]
    return {
        DOCS / "dossier.schema.json": _json(dossier_schema()),
        DOCS / "dossier-1.schema.json": _json(dossier_schema("cosme-dossier/1")),
        DOCS / "verdict.schema.json": _json(verdict_schema()),
        DOCS / "rules.md": as_markdown(calls),
        RANGES: json.dumps(ranges_of_fonts(settings.ROOT / "static" / "css" / "receipt.css"))
        + "\n",
        DOCS / "limits.md": limits.as_markdown(),
    }


def _json(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _is_stale(path: Path, text: str) -> bool:
    return not path.exists() or path.read_text(encoding="utf-8") != text
