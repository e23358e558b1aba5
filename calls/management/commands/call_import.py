"""Loads a call from its YAML file; can run as often as one likes."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DataError, IntegrityError

from calls.call_file import BadCallFile, read_call_file
from calls.call_import import load_call
from calls.conditions import ReasonRequired, SecondPersonRequired

UNUSABLE = 2


class Command(BaseCommand):
    help = (
        "Import or update a call from a YAML file. If the file has an error, nothing is "
        "imported. Exit status: 0 imported, 1 not imported because a reason or a second person "
        "is missing, 2 the file cannot be used."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument(
            "--reason",
            default="",
            help="reason for changing rules or countries in force; kept in the history",
        )

        parser.add_argument(
            "--confirmed-by",
            default="",
            metavar="NAME",
            help=(
                "second person who agreed to change the rules, countries or deadline of a published "
                "call"
            ),
        )

    def handle(
        self, *args: Any, file: Path, reason: str, confirmed_by: str, **options: Any
    ) -> None:
        try:
            call = load_call(
                read_call_file(file), reason=reason.strip(), confirmed_by=confirmed_by.strip()
            )
        except OSError as error:
            message = f"{file} cannot be read: {error.strerror}."
            raise CommandError(message, returncode=UNUSABLE) from None
        except BadCallFile as problem:
            raise CommandError(str(problem), returncode=UNUSABLE) from None
        except (DataError, IntegrityError) as error:
            reason = str(error).partition("\n")[0]
            message = f"{file} contains a value that the portal cannot store: {reason}. Nothing was imported."
            raise CommandError(message, returncode=UNUSABLE) from None
        except ReasonRequired as refusal:
            raise CommandError(
                f"{file} differs from what is in force for {refusal.target}, perhaps because officers "
                "have changed it. Nothing was imported. If the file is correct, give a reason with --reason."
            ) from None
        except SecondPersonRequired as refusal:
            raise CommandError(
                f"{file} would change rules, countries or the deadline of {refusal.target}, which is "
                "published, so two people must agree. Nothing was imported. Make the change in the back "
                "office, or name the second person with --confirmed-by."
            ) from None
        self.stdout.write(
            f"{call.reference} imported; deadline: {call.deadline:%Y-%m-%d %H:%M} UTC."
        )
