"""What Prometheus reads at /metrics: sums of all processes, and figures from database and broker.

It is answered only to who has the token or comes from a listed address; where neither is set, nobody may.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare

from calls.models import ClockReading
from cosme_portal import __version__
from cosme_portal.broker import BrokerUnavailable, queue_lengths
from cosme_portal.health import readiness
from foundation import metrics
from foundation.client_address import (
    client_address,
    is_from_trusted_proxy,
    parse_address,
    parse_networks,
)
from foundation.recent_value import RecentValue
from proposals.delivery import outbox
from proposals.delivery.scheduler_lease import beat_status
from proposals.models import RefusedAttempt, SealedAccessAttempt, Version

RECENT = 5.0  # seconds for which a process answers the figures that it has
FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_VIA")

Sample = tuple[tuple[str, ...], float]

# Name, type, help, labels of what is read from database and broker when somebody asks.
FIGURES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "portal_info": ("gauge", "The version of the portal.", ("version",)),
    "portal_check_ok": ("gauge", "1 where a check of /health/ready is ok, else 0.", ("check",)),
    "portal_submissions": ("counter", "Versions that were received.", ()),
    "portal_late_submissions": ("counter", "Submissions that came after the deadline.", ()),
    "portal_sealed_access_attempts": (
        "counter",
        "Attempts of officers to open what is still sealed.",
        (),
    ),
    "portal_outbox_items": ("gauge", "Items of the outbox that are not done.", ("kind", "state")),
    "portal_outbox_oldest_seconds": (
        "gauge",
        "How long the oldest item that is not done has existed; 0 where there is none.",
        ("kind",),
    ),
    "portal_outbox_done_per_minute": (
        "gauge",
        "Items done for each minute of the last ten.",
        ("kind",),
    ),
    "portal_queue_length": ("gauge", "Tasks that wait in a queue of the broker.", ("queue",)),
    "portal_beat_last_run_timestamp_seconds": (
        "gauge",
        "When a beat last renewed its lease; 0 if none ever did.",
        (),
    ),
    "portal_clock_behind_seconds": (
        "gauge",
        "How far a machine's clock was behind the database's when a process last compared them.",
        ("machine", "process"),
    ),
    "portal_clock_read_timestamp_seconds": (
        "gauge",
        "When that was, by the database's clock.",
        ("machine", "process"),
    ),
}


def metrics_page(request: HttpRequest) -> HttpResponse:
    """Everything in Prometheus's text format; 404 where nobody may read it, 401 to others."""
    if not settings.METRICS_ENABLED:
        raise Http404
    if not may_read_metrics(request):
        headers = {"WWW-Authenticate": 'Bearer realm="metrics"'}
        return HttpResponse("Unauthorized", "text/plain", 401, headers=headers)
    from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4  # noqa: PLC0415 -- only here

    return HttpResponse(
        exposition.get(), CONTENT_TYPE_PLAIN_0_0_4, headers={"Cache-Control": "no-store"}
    )


# --- Who may read --------------------------------------------------------------------------------


def may_read_metrics(request: HttpRequest) -> bool:
    """By the token, or by an address that no unknown proxy stands for."""
    token = settings.METRICS_TOKEN
    scheme, _space, credentials = request.headers.get("Authorization", "").partition(" ")
    if token and scheme.lower() == "bearer" and constant_time_compare(credentials, token):
        return True
    if not is_from_trusted_proxy(request.META) and any(name in request.META for name in FORWARDED):
        return False  # everybody behind such a proxy has its address
    address = parse_address(client_address(request))
    networks = parse_networks(frozenset(settings.METRICS_ADDRESSES))
    return address is not None and any(address in network for network in networks)


# --- Figures -------------------------------------------------------------------------------------


def expose() -> bytes:
    from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415 -- only here

    registry = CollectorRegistry()
    registry.register(_Collector())
    return generate_latest(registry)


class _Collector:
    def collect(self) -> Iterator[Any]:
        yield from metrics.collect()
        yield from figures()


def figures() -> Iterator[Any]:
    """Figures that can be read now, by a number of queries that does not grow.

    What depends on a database or broker that is away is missing; `portal_check_ok` says which it is.
    """
    checks = readiness.get()
    yield _family("portal_info", [((__version__,), 1)])
    yield _family(
        "portal_check_ok", [((check.name,), float(check.state == "ok")) for check in checks]
    )
    for read in (_of_queues, _of_outbox, _of_attempts, _of_clocks):
        try:
            families = read()
        except (Error, BrokerUnavailable):
            continue
        for name, samples in families.items():
            yield _family(name, samples)


def _of_queues() -> dict[str, list[Sample]]:
    return {"portal_queue_length": [((name,), size) for name, size in queue_lengths().items()]}


def _of_outbox() -> dict[str, list[Sample]]:
    queues = outbox.queues()
    states = ("waiting", "in_progress", "failing", "failed")
    return {
        "portal_outbox_items": [
            ((queue.code, state), getattr(queue, state)) for queue in queues for state in states
        ],
        "portal_outbox_oldest_seconds": [
            ((queue.code,), queue.oldest.total_seconds() if queue.oldest else 0.0)
            for queue in queues
        ],
        "portal_outbox_done_per_minute": [((queue.code,), queue.per_minute) for queue in queues],
    }


def _of_attempts() -> dict[str, list[Sample]]:
    renewed_at = beat_status().renewed_at or datetime.fromtimestamp(0, UTC)
    return {
        "portal_submissions": [((), Version.objects.count())],
        "portal_late_submissions": [((), RefusedAttempt.objects.count())],
        "portal_sealed_access_attempts": [((), SealedAccessAttempt.objects.count())],
        "portal_beat_last_run_timestamp_seconds": [((), renewed_at.timestamp())],
    }


def _of_clocks() -> dict[str, list[Sample]]:
    readings = list(ClockReading.objects.all())
    places = [(reading.machine, reading.process) for reading in readings]
    behind = [reading.behind.total_seconds() for reading in readings]
    read_at = [reading.read_at.timestamp() for reading in readings]
    return {
        "portal_clock_behind_seconds": list(zip(places, behind, strict=True)),
        "portal_clock_read_timestamp_seconds": list(zip(places, read_at, strict=True)),
    }


def _family(name: str, samples: list[Sample]) -> Any:
    from prometheus_client.metrics_core import (  # noqa: PLC0415 -- loaded by now
        CounterMetricFamily,
        GaugeMetricFamily,
    )

    kind, text, labels = FIGURES[name]
    kind_of_family = CounterMetricFamily if kind == "counter" else GaugeMetricFamily
    family = kind_of_family(name, text, labels=labels)
    for values, number in samples:
        family.add_metric(values, number)
    return family


exposition = RecentValue(expose, seconds=RECENT)
