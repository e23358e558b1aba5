"""Entry point of the workers and of beat."""

import os
from typing import Any

from celery import Celery
from celery.signals import (
    after_task_publish,
    beat_init,
    setup_logging,
    task_postrun,
    task_prerun,
    worker_init,
    worker_shutting_down,
)

from foundation import logs, work_slices

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cosme_portal.settings")

app = Celery("cosme_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["proposals"])


@setup_logging.connect
def _leave_logging_to_django(**_signal: object) -> None:
    """Celery would add handlers of its own, whose lines contain texts of errors."""


@task_prerun.connect
def _name_task_in_logs(task_id: str, task: Any, **_signal: object) -> None:
    logs.bind(task=task.name, task_id=task_id)


@worker_init.connect
@beat_init.connect
def _report_errors(**_signal: object) -> None:
    from cosme_portal.error_reports import start_reporting  # noqa: PLC0415 -- after set-up

    start_reporting()


@worker_init.connect
def check_at_start(**_signal: object) -> None:
    from cosme_portal.startup import warn_at_start  # noqa: PLC0415 -- after set-up

    warn_at_start()


@worker_init.connect
def load_sealing(**_signal: object) -> None:
    """Before the worker forks, so that its processes share the memory of what web processes never load."""
    import proposals.proof.pdf_signature  # noqa: F401, PLC0415 -- Django is set up by now
    from foundation import metrics  # noqa: PLC0415 -- as above

    metrics.load()


@worker_init.connect
def _share_stop_request(**_signal: object) -> None:
    work_slices.share_stop_request()


@worker_shutting_down.connect
def _stop_after_the_row_in_hand(**_signal: object) -> None:
    work_slices.request_stop()


@worker_init.connect
def _is_worker(**_kwargs: Any) -> None:
    from calls import database_clock  # noqa: PLC0415 -- Django is set up by now

    database_clock.kind_of_process = "worker"
    task_postrun.connect(_look_at_clock, weak=False)


@beat_init.connect
def _is_beat(**_kwargs: Any) -> None:
    from calls import database_clock  # noqa: PLC0415 -- as above

    database_clock.kind_of_process = "beat"
    after_task_publish.connect(_look_at_clock, weak=False)


def _look_at_clock(**_kwargs: Any) -> None:
    from calls import database_clock  # noqa: PLC0415 -- as above

    database_clock.measure_regularly()
