"""What the broker itself says: whether it answers, and how many tasks wait in its queues."""

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

CONNECT_TIMEOUT = 1  # seconds: whoever asks must not wait for a broker that is away
ANSWER_TIMEOUT = 2


def queue_lengths() -> dict[str, int]:
    """Tasks that wait in each queue, in one round trip.

    Raises:
        RedisError: the broker does not answer.
    """
    with connect() as client, client.pipeline(transaction=False) as pipeline:
        for name in settings.QUEUES:
            pipeline.llen(name)
        return dict(zip(settings.QUEUES, pipeline.execute(), strict=True))


def connect() -> Redis:
    """A client that waits for nobody; close it."""
    address = settings.CELERY_BROKER_URL.replace("redis+socket://", "unix://")
    return Redis.from_url(
        address,
        socket_connect_timeout=CONNECT_TIMEOUT,
        socket_timeout=ANSWER_TIMEOUT,
        retry=Retry(NoBackoff(), 0),
    )
