"""Entry point of the workers and of beat."""

import os

from celery import Celery
from celery.signals import worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cosme_portal.settings")

app = Celery("cosme_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["proposals"])


@worker_init.connect
def check_at_start(**_signal: object) -> None:
    from cosme_portal.startup import warn_of_excess_privileges  # noqa: PLC0415 -- after set-up

    warn_of_excess_privileges()
