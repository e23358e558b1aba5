"""Where a request comes from, whatever its sender claims."""

import pytest
from django.test import RequestFactory, override_settings
from hypothesis import given
from hypothesis import strategies as st

from foundation.client_address import (
    UNKNOWN,
    IgnoreForgedHeaders,
    address_group,
    client_address,
    parse_trusted_proxies,
)

OWN = frozenset({"10.0.0.0/8", "127.0.0.1", "fd00::/8", "unix"})


def address_behind(peer, forwarded=None):
    headers = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
    request = RequestFactory().get("/", REMOTE_ADDR=peer, **headers)
    return client_address(request)


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        # Not from a proxy: what it claims is nothing.
        ("203.0.113.9", None, "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("203.0.113.9", "10.0.0.1", "203.0.113.9"),
        # From a proxy: the rightmost address that is none of ours.
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1,198.51.100.1,10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "127.0.0.1, 198.51.100.1 , 10.0.0.2,127.0.0.1", "198.51.100.1"),
        ("", "198.51.100.1", "198.51.100.1"),
        ("fd00::1", "198.51.100.1", "198.51.100.1"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        # As proxies write addresses.
        ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"),
        ("10.0.0.1", "[2001:db8::1]", "2001:db8::1"),
        ("10.0.0.1", "2001:DB8:0::1", "2001:db8::1"),
        ("10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "[::ffff:198.51.100.1]:80", "198.51.100.1"),
        ("fe80::1%eth0", "198.51.100.1", "fe80::1"),
        ("10.0.0.1", "fe80::1%eth0", "fe80::1"),
        # All of them ours: the first.
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        # Unreadable entries are never skipped: beyond them anything can have been invented.
        ("10.0.0.1", "198.51.100.1, rubbish, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "198.51.100.1, rubbish", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1,", "10.0.0.1"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "010.0.0.1", "10.0.0.1"),
        ("10.0.0.1", "1.2.3.4.5", "10.0.0.1"),
        ("10.0.0.1", "1.2.3.4:http", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("", None, UNKNOWN),
        ("", "rubbish", UNKNOWN),
        ("rubbish", "198.51.100.1", UNKNOWN),
    ],
)
def test_the_client_is_the_nearest_address_that_is_no_proxy_of_ours(
    settings, peer, forwarded, client
):
    settings.TRUSTED_PROXIES = OWN
    assert address_behind(peer, forwarded) == client


def test_without_trusted_proxies_nobody_is_believed(settings):
    settings.TRUSTED_PROXIES = frozenset()
    assert address_behind("127.0.0.1", "198.51.100.1") == "127.0.0.1"
    assert address_behind("", "198.51.100.1") == UNKNOWN


@given(claimed=st.text(st.characters(codec="latin-1")), length=st.integers(0, 3))
def test_whatever_a_client_claims_its_address_stays(claimed, length):
    with override_settings(TRUSTED_PROXIES=OWN):
        forwarded = ",".join([claimed, "203.0.113.9", *["10.0.0.2"] * length])
        assert address_behind("10.0.0.1", forwarded) == "203.0.113.9"
        assert address_behind("203.0.113.9", claimed) == "203.0.113.9"


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        (UNKNOWN, UNKNOWN),
    ],
)
def test_limits_count_a_whole_ipv6_network_as_one_place(address, group):
    assert address_group(address) == group


@pytest.mark.parametrize("name", ["10.0.0.1/8", "proxy.example", "10.0.0", "unix:/run/x"])
def test_a_proxy_that_cannot_be_read_is_named(name):
    with pytest.raises(ValueError, match=name.split("/")[0]):
        parse_trusted_proxies([name])


@pytest.mark.parametrize(
    ("peer", "secure"), [("10.0.0.1", True), ("", True), ("203.0.113.9", False)]
)
def test_only_a_proxy_of_ours_says_that_a_request_came_encrypted(settings, peer, secure):
    settings.TRUSTED_PROXIES = OWN
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    request = RequestFactory().get("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_PROTO="https")
    assert IgnoreForgedHeaders(lambda request: request.is_secure())(request) is secure
