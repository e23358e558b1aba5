"""Officers' pages in Django's admin: each package registers its own; the list of versions joins them."""

from proposals.admin import versions
from proposals.conditions.admin import calls, changes
from proposals.helpdesk.admin import contact_points, enquiries
from proposals.officers import sealed_lookups
from proposals.partnering import admin as partnering
from proposals.reporting.admin import exports, operations, records
from proposals.screening.admin import decisions

__all__ = [
    "calls",
    "changes",
    "contact_points",
    "decisions",
    "enquiries",
    "exports",
    "operations",
    "partnering",
    "records",
    "sealed_lookups",
    "versions",
]
