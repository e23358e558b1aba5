"""From which address a request comes: the one function that decides it, for limits, accounts and logs.

Only proxies that are named in `TRUSTED_PROXIES` are believed: addresses, networks, and `unix` for a
proxy that speaks over a Unix socket.
"""

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

UNIX = "unix"
UNKNOWN = "unknown"  # no address is known: nothing may be counted under this name
IPV6_PREFIX = 64  # one customer of a provider has at least as many addresses

WITH_PORT = re.compile(r"(?:\[(?P<v6>[^\[\]]+)\]|(?P<v4>[0-9.]+))(?::[0-9]{1,5})?", re.ASCII)


@dataclass(frozen=True)
class TrustedProxies:
    networks: tuple[Network, ...] = ()
    unix: bool = False

    def __contains__(self, peer: object) -> bool:
        if peer is None:
            return self.unix
        return any(peer in network for network in self.networks)


@lru_cache(maxsize=4096)
def parse_address(text: str) -> Address | None:
    """An address as proxies and sockets write it: with a port, in brackets, with a zone, mapped into IPv6."""
    text = text.strip()
    with_port = WITH_PORT.fullmatch(text)
    if with_port:
        text = with_port["v6"] or with_port["v4"]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def parse_trusted_proxies(names: Iterable[str]) -> TrustedProxies:
    """
    Raises:
        ValueError: a name is no address, no network and not `unix`; the message names it.
    """
    names = frozenset(name.strip() for name in names) - {""}
    return TrustedProxies(parse_networks(names - {UNIX}), unix=UNIX in names)


@lru_cache(maxsize=8)
def parse_networks(names: frozenset[str]) -> tuple[Network, ...]:
    """
    Raises:
        ValueError: a name is no address and no network; the message names it.
    """
    return tuple(ipaddress.ip_network(name.strip()) for name in sorted(names))


def is_from_trusted_proxy(meta: Mapping[str, Any]) -> bool:
    """Whether the other end of the connection is one of the portal's own proxies."""
    peer = meta.get("REMOTE_ADDR") or ""
    address = parse_address(peer)
    if peer and address is None:
        return False
    return address in _trusted_proxies()


def address_of(meta: Mapping[str, Any]) -> str:
    """The client's address in a WSGI environment, or UNKNOWN.

    `X-Forwarded-For` is read from its right end, for each proxy adds what it sees there; whatever is further
    left may be a client's invention. The first address that is no trusted proxy is the client. Where an entry
    is unreadable, the proxy that let it pass is the last address that is certain.
    """
    peer = meta.get("REMOTE_ADDR") or ""
    certain = parse_address(peer)
    if not is_from_trusted_proxy(meta):
        return str(certain or UNKNOWN)
    for entry in reversed((meta.get("HTTP_X_FORWARDED_FOR") or "").split(",")):
        address = parse_address(entry)
        if address is None:
            break
        certain = address
        if address not in _trusted_proxies():
            break
    return str(certain or UNKNOWN)


def client_address(request: HttpRequest) -> str:
    """Where a request comes from, or UNKNOWN (only behind a Unix socket whose proxy forwards no address)."""
    return address_of(request.META)


def address_group(address: str) -> str:
    """What limits count under: an IPv4 address, or the /64 network of an IPv6 address."""
    parsed = parse_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, IPV6_PREFIX), strict=False))
    return str(parsed or address)


class IgnoreForgedHeaders:
    """Removes what only a trusted proxy may say, before anything (`request.is_secure()`, say) believes it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not is_from_trusted_proxy(request.META):
            for name in [name for name in request.META if name.startswith("HTTP_X_FORWARDED_")]:
                del request.META[name]
        return self.get_response(request)


def _trusted_proxies() -> TrustedProxies:
    return _parsed_once(frozenset(settings.TRUSTED_PROXIES))


_parsed_once = lru_cache(maxsize=8)(parse_trusted_proxies)
