"""Entry point of the web server."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cosme_portal.settings")

application = get_wsgi_application()

from cosme_portal.startup import warn_of_excess_privileges  # noqa: E402 -- after set-up

warn_of_excess_privileges()

# What is loaded by now stays for as long as the process lives: looking for garbage in it, as the collector
# would many times for each page, takes a tenth of a submission.
gc.collect()
gc.freeze()
gc.set_threshold(100_000, 20, 50)
