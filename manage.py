#!/usr/bin/env python
"""Django's command line, with the portal's own database where no address is set."""

import os
import sys

from cosme_portal import embedded
from cosme_portal.environment import act_as_database_owner
from foundation.output import write_utf8

# These look at source code and files only; none of them opens a database, unless it is asked to.
WITHOUT_DATABASE = {
    "check", "help", "makemessages", "collectstatic", "screen", "generate_docs", "new_seal_key",
    "send_test_mail",
}  # fmt: skip
ASKS_FOR_DATABASE = {"--stored", "--deploy", "--database"}
# These create or change tables, which only their owner may.
AS_OWNER = {"migrate", "createcachetable", "database_roles", "flush", "pgtrigger"}


def main() -> None:
    write_utf8()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cosme_portal.settings")
    command, *arguments = sys.argv[1:] or ["help"]
    if command not in WITHOUT_DATABASE or ASKS_FOR_DATABASE & set(arguments):
        embedded.provide_database()
    if command in AS_OWNER:
        act_as_database_owner()

    from django.core.management import execute_from_command_line  # noqa: PLC0415 -- settings first

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
