"""Writes a call as the YAML file that `call_import` reads."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from calls.call_export import call_text
from calls.models import Call


class Command(BaseCommand):
    help = "Export a call as YAML to standard output. call_import reads it back unchanged."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reference", metavar="REF", help="for example COS-CLUSTER-2014-3-03")

    def handle(self, *args: Any, reference: str, **options: Any) -> None:
        call = Call.objects.with_page_parts().filter(reference=reference).first()
        if call is None:
            known = ", ".join(Call.objects.values_list("reference", flat=True)) or "none yet"
            raise CommandError(f"The call “{reference}” does not exist. Existing calls: {known}.")
        self.stdout.write(call_text(call), ending="")
