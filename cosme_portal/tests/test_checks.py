"""`manage.py check` finds settings that would be unfair or unsafe."""

import pytest
from django.db.migrations.recorder import MigrationRecorder

from cosme_portal import checks


@pytest.mark.parametrize(
    ("in_production", "proxies", "expected"),
    [
        (False, set(), []),
        (True, set(), ["portal.W001"]),
        (True, {"unix"}, []),
        (True, {"10.0.0.0/24", "::1"}, []),
        (False, {"proxy.example"}, ["portal.E002"]),
        (True, {"0.0.0.0/0"}, ["portal.E003"]),
        (True, {"::/0", "unix"}, ["portal.E003"]),
    ],
)
def test_proxies_that_are_missing_or_unreadable_are_named(
    settings, in_production, proxies, expected
):
    settings.IN_PRODUCTION = in_production
    settings.TRUSTED_PROXIES = frozenset(proxies)
    assert [message.id for message in checks.proxies_are_named()] == expected


@pytest.mark.django_db
def test_a_database_of_unreleased_migrations_is_named_before_it_is_migrated(monkeypatch):
    assert checks.check_migrations_are_known(databases=["default"]) == []
    former = {("proposals", "0004_workspace"): None}
    monkeypatch.setattr(MigrationRecorder, "applied_migrations", lambda _self: former)
    (error,) = checks.check_migrations_are_known(databases=["default"])
    assert error.id == "portal.E020" and "make clean" in error.hint


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        (set(), []),
        ({"127.0.0.1", "10.0.0.0/24"}, []),
        ({"prometheus.example"}, ["portal.E004"]),
        ({"::/0"}, ["portal.E005"]),
    ],
)
def test_metrics_for_everyone_are_named(settings, addresses, expected):
    settings.METRICS_ADDRESSES = frozenset(addresses)
    assert [message.id for message in checks.check_metrics_addresses()] == expected
