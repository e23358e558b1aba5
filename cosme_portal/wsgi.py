"""Entry point of the web server."""

import gc
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cosme_portal.settings")

django.setup(set_prefix=False)

from calls.eligibility.facts import facts_adapter  # noqa: E402 -- after set-up
from cosme_portal.error_reports import start_reporting  # noqa: E402 -- after set-up
from cosme_portal.handler import Handler  # noqa: E402 -- after set-up
from cosme_portal.startup import warn_at_start  # noqa: E402 -- after set-up
from foundation import metrics  # noqa: E402 -- after set-up

start_reporting()
application = Handler()
warn_at_start()
metrics.load()
facts_adapter()  # the first submission does not wait for it

# What is loaded by now stays for as long as the process lives: looking for garbage in it, as the collector
# would many times for each page, takes a tenth of a submission.
gc.collect()
gc.freeze()
gc.set_threshold(100_000, 20, 50)
