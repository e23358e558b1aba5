"""What partner search and the helpdesk keep of a person: shown as JSON, or erased."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from proposals.helpdesk.personal_data import erase, export_of


class Command(BaseCommand):
    help = (
        "Print the data that partner search and the helpdesk hold about an email address, as "
        "JSON. --erase erases it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address", metavar="ADDRESS")
        parser.add_argument(
            "--erase",
            action="store_true",
            help="erase the data and print how many records were erased",
        )

    def handle(self, *args: Any, address: str, **options: Any) -> None:
        result = erase(address) if options["erase"] else export_of(address)
        self.stdout.write(json.dumps(result, ensure_ascii=False, indent=1))
