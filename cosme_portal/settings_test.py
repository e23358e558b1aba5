"""Only what tests change."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from kombu import Queue

from cosme_portal import embedded

os.environ.setdefault("PORTAL_MODE", "test")
embedded.provide_database(as_superuser=True)

from cosme_portal.settings import *  # noqa: E402 -- the database's address comes first

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
LOCKS_FOLDER = Path(tempfile.mkdtemp(prefix="cosme-portal-locks-"))
atexit.register(shutil.rmtree, LOCKS_FOLDER, ignore_errors=True)
MEDIA_ROOT = tempfile.mkdtemp(prefix="cosme-portal-files-")
atexit.register(shutil.rmtree, MEDIA_ROOT, ignore_errors=True)
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
LIMITS_STORAGE = "memory://"
# One queue: a test's workers take its own tasks, and none of another test's on the same broker.
CELERY_TASK_QUEUES, CELERY_TASK_ROUTES, CELERY_TASK_DEFAULT_QUEUE = [Queue("celery")], {}, "celery"
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "pages": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
}
CLOCK_LOOK_SECONDS = 0
