"""How often something may be done: counted per account, per client address, per recipient.

The table itself belongs to the project (`settings.LIMITS` names it). Counters are kept in Redis, which every
process shares and which lets no two requests take the last place. While it is down each process counts alone:
a broker that is down must not keep people out.
"""

import logging
import math
import textwrap
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from django.utils.encoding import punycode
from django.utils.module_loading import import_string
from limits import RateLimitItem, RateLimitItemPerSecond
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter

from foundation.client_address import UNKNOWN, address_group, client_address
from foundation.text import clean_identifier

log = logging.getLogger("portal.limits")

BEGINNING = threading.Lock()  # two first requests make one set of counters
PAUSE = 10  # seconds for which a storage that failed is not asked again
GOOGLE = ("gmail.com", "googlemail.com")
SAFE = {"GET", "HEAD", "OPTIONS", "TRACE"}


@dataclass(frozen=True)
class Rate:
    amount: int
    seconds: int

    def __str__(self) -> str:
        units = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
        size, unit = next((size, unit) for size, unit in units if self.seconds % size == 0)
        count = self.seconds // size
        return f"{self.amount:,} in {count} {unit}{'s' if count > 1 else ''}"


@dataclass(frozen=True)
class Limit:
    """A row of the table.

    `recipient` counts the email address in the `field` of the forms of `addressed`. `pair` counts it together
    with the account or client address that gives it, so that a stranger never uses up its owner's attempts.
    Everywhere else the page counts as the recipient: a field that no form there has must not name another.
    """

    name: str
    sentence: str
    routes: tuple[str, ...] = ()
    reads: bool = False  # limits reading (GET), not sending (POST)
    account: Rate | None = None
    address: Rate | None = None
    pair: Rate | None = None
    recipient: Rate | None = None
    addressed: tuple[str, ...] = ()  # routes whose form has the field
    field: str = "email"

    def rates(self) -> Iterable[tuple[str, Rate]]:
        for kind in ("account", "pair", "recipient", "address"):
            rate = getattr(self, kind)
            if rate is not None:
                yield kind, rate

    def covers(self, route: str) -> bool:
        return any(fnmatchcase(route, pattern) for pattern in self.routes)


@dataclass(frozen=True)
class Refusal:
    limit: Limit
    seconds: int  # after which the next attempt can succeed


def table() -> tuple[Limit, ...]:
    rows: tuple[Limit, ...] = import_string(settings.LIMITS)
    return rows


@lru_cache(maxsize=2048)
def limits_on(route: str, *, reads: bool) -> tuple[Limit, ...]:
    return tuple(limit for limit in table() if limit.reads is reads and limit.covers(route))


def refusal_of(request: HttpRequest, route: str) -> Refusal | None:
    """Count a request under each limit of its route; the first one that is exceeded, if any."""
    if not settings.LIMITS_APPLY:
        return None
    for limit in _limits_of(request.method or "", route):
        for kind, rate in limit.rates():
            who = _who(request, kind, limit, route)
            seconds = seconds_to_wait(f"{limit.name}:{kind}", rate, who) if who else 0
            if seconds:
                return Refusal(limit, seconds)
    return None


def _limits_of(method: str, route: str) -> tuple[Limit, ...]:
    """A page that is only read is read by whatever method asks for it."""
    sending = () if method in SAFE else limits_on(route, reads=False)
    return sending or limits_on(route, reads=True)


def allows_recipient(name: str, recipient: str) -> bool:
    """Count something that goes to an address, whatever page caused it."""
    if not settings.LIMITS_APPLY:
        return True
    rate = next(limit.recipient for limit in table() if limit.name == name)
    if rate is None:
        raise LookupError(name)
    return not seconds_to_wait(f"{name}:recipient", rate, mailbox(recipient))


def allows_sender(name: str, account: int) -> bool:
    """Count one of several things that an account sends by one request, as if each were a request."""
    if not settings.LIMITS_APPLY:
        return True
    rate = next(limit.account for limit in table() if limit.name == name)
    if rate is None:
        raise LookupError(name)
    return not seconds_to_wait(f"{name}:account", rate, f"account {account}")


def allowed_recipients(name: str, addresses: Iterable[str]) -> list[str]:
    """Those of these addresses that may get one more email."""
    return [address for address in addresses if allows_recipient(name, address)]


def _who(request: HttpRequest, kind: str, limit: Limit, route: str) -> str:
    """Under which name a request is counted; empty if it has none."""
    address = client_address(request)
    place = "" if address == UNKNOWN else address_group(address)
    match kind:
        case "account":
            return _account(request)
        case "recipient":
            return mailbox(_recipient(request, limit, route))
        case "pair":
            sender = _account(request) or place
            return sender and f"{sender} {_recipient(request, limit, route)}"
        case _:
            return place


def _account(request: HttpRequest) -> str:
    return f"account {request.user.pk}" if request.user.is_authenticated else ""


def _recipient(request: HttpRequest, limit: Limit, route: str) -> str:
    text = request.POST.get(limit.field, "") if route in limit.addressed else ""
    return _normal(text) or _page(request, route)


def _page(request: HttpRequest, route: str) -> str:
    """The same for every spelling of an address: `/7/` and `/007/`, `/abc/` and `/ABC/`."""
    parts = request.resolver_match.kwargs if request.resolver_match else {}
    return " ".join([route, *(f"{name}={value}".lower() for name, value in sorted(parts.items()))])


def _normal(address: str) -> str:
    """An email address as forms read it, in lower case: nothing that they leave out makes another."""
    return clean_identifier(address).lower()


def mailbox(address: str) -> str:
    """Where mail to an address arrives, as far as anybody can see from outside.

    Nearly everywhere what follows a plus is the owner's own mark, and at Google dots are. Quotes and letters
    of other widths are other spellings of the same.
    """
    local, at, domain = _normal(address).rpartition("@")
    domain = _domain(domain)
    local = local.replace('"', "").replace("\\", "")
    local = local.partition("+")[0] or local
    if domain in GOOGLE:
        local, domain = local.replace(".", ""), GOOGLE[0]
    return f"{local}{at}{domain}"


def _domain(name: str) -> str:
    try:
        return punycode(name).lower()
    except UnicodeError:  # it is none
        return name


# --- Counting ------------------------------------------------------------------------------------


def seconds_to_wait(name: str, rate: Rate, who: str) -> int:
    """Take a place; 0 if there was one, else after how many seconds there will be one."""
    item = RateLimitItemPerSecond(rate.amount, rate.seconds, namespace="portal")
    key = (name, salted_hmac("limits", who, algorithm="sha256").hexdigest()[:32])
    counters = shared()
    if counters.is_up():
        try:
            return counters.shared(item, key)
        except counters.errors as error:
            counters.rest(error)
    return counters.alone(item, key)


def _ask(counter: SlidingWindowCounterRateLimiter, item: RateLimitItem, key: Any) -> int:
    if counter.hit(item, *key):
        return 0
    free_at = counter.get_window_stats(item, *key).reset_time
    wait = free_at - time.time() + item.get_expiry() / item.amount
    return max(1, min(math.ceil(wait), item.get_expiry()))


class SharedCounters:
    """The counters of all processes, and this process's own for while those are away."""

    def __init__(self, address: str) -> None:
        quick = (
            {}
            if address.startswith("memory")
            else {"socket_connect_timeout": 0.3, "socket_timeout": 0.5}
        )
        storage = storage_from_string(address, **quick)
        self.counter = SlidingWindowCounterRateLimiter(storage)
        self.own = SlidingWindowCounterRateLimiter(MemoryStorage())
        base = storage.base_exceptions
        self.errors: tuple[type[Exception], ...] = (
            *(base if isinstance(base, tuple) else (base,)),
            OSError,
        )
        self.rests_until = 0.0
        self.lock = threading.Lock()

    def shared(self, item: RateLimitItem, key: tuple[str, str]) -> int:
        if isinstance(self.counter.storage, MemoryStorage):
            return self._locked(self.counter, item, key)
        return _ask(self.counter, item, key)

    def alone(self, item: RateLimitItem, key: tuple[str, str]) -> int:
        return self._locked(self.own, item, key)

    def _locked(
        self, counter: SlidingWindowCounterRateLimiter, item: RateLimitItem, key: Any
    ) -> int:
        """Counters in memory let threads race; Redis counts in one step."""
        with self.lock:
            return _ask(counter, item, key)

    def is_up(self) -> bool:
        return time.monotonic() >= self.rests_until

    def rest(self, error: Exception) -> None:
        self.rests_until = time.monotonic() + PAUSE
        log.warning(
            "Redis is unavailable; each process counts its limits alone: %s", type(error).__name__
        )


def shared() -> SharedCounters:
    with BEGINNING:
        return _shared_once()


@cache
def _shared_once() -> SharedCounters:
    return SharedCounters(settings.LIMITS_STORAGE)


def reset_counts() -> None:
    """For tests: begin with no counts, and with the settings of now."""
    _shared_once.cache_clear()
    limits_on.cache_clear()


# --- The page for operators ----------------------------------------------------------------------


def as_markdown() -> str:
    lines = [
        "# Limits",
        "",
        "Generated from `cosme_portal/limits.py` by `manage.py generate_docs`; do not edit. A request beyond",
        "its limit is answered with status 429, a sentence and `Retry-After`; what was typed comes back. An",
        "IPv6 address counts as its /64 network. Counters are in Redis, under hashes; while it is down each",
        "process counts alone.",
        "",
        "*Pair*: one email address from one account or client address. *Recipient*: one mailbox, whatever",
        "account causes it; “a+b@c.example” is that of “a@c.example”.",
        "",
    ]
    for limit in table():
        lines += [f"## {limit.name}", "", limit.sentence, "", "| per | at most |", "|---|---|"]
        lines += [f"| {kind} | {rate} |" for kind, rate in limit.rates()]
        routes = ", ".join(f"`{route}`" for route in limit.routes)
        if routes:
            lines += ["", *_wrapped(f"{'Reading' if limit.reads else 'Sending'}: {routes}")]
        lines += [""]
    lines += ["## Read-only routes without a limit", ""]
    unlimited: dict[str, tuple[str, ...]] = import_string(settings.CHEAP_READS)
    for reason, free in unlimited.items():
        routes = ", ".join(f"`{route}`" for route in free)
        lines += _wrapped(f"- {reason}: {routes}", indent="  ")
    return "\n".join(lines) + "\n"


def _wrapped(text: str, *, indent: str = "") -> list[str]:
    return textwrap.wrap(text, 100, subsequent_indent=indent, break_on_hyphens=False)
