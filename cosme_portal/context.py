"""What every page knows: the portal's time, and whether this is a demonstration."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from calls.demo_clock_presets import PRESETS
from cosme_portal import __version__
from foundation import clock


def portal(request: HttpRequest) -> dict[str, Any]:
    shown = _demonstration() if settings.IS_DEMO else {}
    return shown | {
        "portal_now": clock.now(),
        "portal_version": __version__,
        "is_demo": settings.IS_DEMO,
        "max_step_size": settings.MAX_STEP_SIZE,
        "clock_is_movable": settings.CLOCK_IS_MOVABLE,
        "clock_moments": [(name, label) for name, (label, _moment) in PRESETS.items()]
        if settings.CLOCK_IS_MOVABLE
        else [],
    }


def _demonstration() -> dict[str, Any]:
    """Who one can be in a demonstration: said on its login page, and nowhere else."""
    from cosme_portal.demo_world import ACCOUNTS, PASSWORD  # noqa: PLC0415 -- only there

    return {"demo_accounts": ACCOUNTS, "demo_password": PASSWORD}
