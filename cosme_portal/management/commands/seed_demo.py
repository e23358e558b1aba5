"""Makes the demonstration's world, once."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from calls.call_file import read_call_file
from calls.publishing import load_call
from cosme_portal.demo_world import is_made, make_world

CALL_FILE = settings.ROOT / "calls" / "data" / "cos-cluster-2014-3-03.yaml"


class Command(BaseCommand):
    help = "Load the real call and the demonstration's organisations, consortia and accounts."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.IN_PRODUCTION:
            raise CommandError("A portal in production has no demonstration data.")
        with transaction.atomic():
            call = load_call(read_call_file(CALL_FILE))
            if is_made():
                self.stdout.write(
                    "The demonstration's world is there already; nothing was changed."
                )
                return
            make_world(call)
        self.stdout.write("The demonstration's world is made.")
