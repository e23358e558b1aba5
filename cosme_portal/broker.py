"""What the broker itself says: whether it answers, and how many tasks wait in its queues.

The client is loaded when somebody asks, not when a web process starts.
"""

from typing import Any

from django.conf import settings

CONNECT_TIMEOUT = 1  # seconds: whoever asks must not wait for a broker that is away
ANSWER_TIMEOUT = 2


class BrokerUnavailable(Exception):
    """The broker does not answer; the name of the error says how."""


def queue_lengths() -> dict[str, int]:
    """Tasks that wait in each queue, in one round trip.

    Raises:
        BrokerUnavailable: the broker does not answer.
    """
    from redis.exceptions import RedisError  # noqa: PLC0415 -- see above

    try:
        with connect() as client, client.pipeline(transaction=False) as pipeline:
            for name in settings.QUEUES:
                pipeline.llen(name)
            lengths = pipeline.execute()
    except (RedisError, OSError) as error:
        raise BrokerUnavailable(type(error).__name__) from None
    return dict(zip(settings.QUEUES, lengths, strict=True))


def connect() -> Any:
    """A client that waits for nobody; close it."""
    from redis import Redis  # noqa: PLC0415 -- see above
    from redis.backoff import NoBackoff  # noqa: PLC0415 -- see above
    from redis.retry import Retry  # noqa: PLC0415 -- see above

    return Redis.from_url(
        settings.CELERY_BROKER_URL.replace("redis+socket://", "unix://"),
        socket_connect_timeout=CONNECT_TIMEOUT,
        socket_timeout=ANSWER_TIMEOUT,
        retry=Retry(NoBackoff(), 0),
    )
