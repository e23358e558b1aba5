"""The roof as a Django application: it holds pages that no single floor owns."""

from django.apps import AppConfig


class RoofConfig(AppConfig):
    name = "cosme_portal"
    verbose_name = "COSME portal"

    def ready(self) -> None:
        from cosme_portal.celery import app  # noqa: F401, PLC0415 -- tasks find their broker
