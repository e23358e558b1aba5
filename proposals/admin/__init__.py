"""The officers' desk in Django's admin; each subject has a module of its own."""

from proposals.admin import (
    calls,
    changes,
    contact_points,
    decisions,
    enquiries,
    exports,
    operations,
    partnering,
    probes,
    records,
    versions,
)

__all__ = [
    "calls",
    "changes",
    "contact_points",
    "decisions",
    "enquiries",
    "exports",
    "operations",
    "partnering",
    "probes",
    "records",
    "versions",
]
