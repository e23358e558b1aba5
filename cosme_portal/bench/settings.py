"""The portal's settings with the baselines' addresses added."""

from cosme_portal.settings import *  # noqa: F403 -- the portal as it is

ROOT_URLCONF = "cosme_portal.bench.urls"
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
LIMITS_APPLY = False  # dozens of clients at one address
