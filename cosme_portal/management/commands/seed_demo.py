"""Makes the demonstration's world, once."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from calls.call_file import read_call_file
from calls.call_import import load_call
from calls.models import Call
from cosme_portal.demo_world import is_made, make_world
from foundation import clock

PUBLISHED = datetime(2015, 1, 23, 8, 0, tzinfo=UTC)
CALL_FILE = settings.ROOT / "calls" / "data" / "cos-cluster-2014-3-03.yaml"

CONTACT_POINTS = settings.ROOT / "proposals" / "data" / "contact-points.csv"


class Command(BaseCommand):
    help = "Load the shipped calls and the demonstration organisations, consortia and accounts."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.IN_PRODUCTION:
            raise CommandError("Demonstration data cannot be loaded into a portal in production.")
        with transaction.atomic():
            if is_made():
                self.stdout.write("The demonstration data already exists. Nothing was changed.")
                return
            make_world(self._load_calls())
            call_command("contact_points", CONTACT_POINTS, stdout=self.stdout)
        self.stdout.write("Demonstration data loaded.")

    def _load_calls(self) -> Call:
        """All shipped calls; those of later years are prepared only, so officers alone see them."""
        with clock.frozen_at(PUBLISHED):
            for file in sorted(CALL_FILE.parent.glob("*.yaml")):
                load_call(read_call_file(file))
        return Call.objects.get(reference=read_call_file(CALL_FILE)["call"]["reference"])
