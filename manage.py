#!/usr/bin/env python
"""Django's command line, with the portal's own database where no address is set."""

import os
import sys

from cosme_portal import embedded

# These look at source code only; none of them opens a database.
WITHOUT_DATABASE = {"check", "help", "makemessages", "collectstatic"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cosme_portal.settings")
    if len(sys.argv) > 1 and sys.argv[1] not in WITHOUT_DATABASE:
        embedded.provide_database()

    from django.core.management import execute_from_command_line  # noqa: PLC0415 -- settings first

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
