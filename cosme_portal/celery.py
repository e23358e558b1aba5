"""Entry point of the workers and of beat."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cosme_portal.settings")

app = Celery("cosme_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["proposals"])
