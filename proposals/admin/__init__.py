"""Officers' pages in Django's admin: each package registers its own; the list of versions joins them."""

from proposals.admin import versions
from proposals.conditions.admin import calls, changes
from proposals.delivery import admin as delivery
from proposals.helpdesk.admin import contact_points, enquiries
from proposals.officers import sealed_lookups
from proposals.partnering import admin as partnering
from proposals.proof import admin as proof
from proposals.reporting.admin import exports, records
from proposals.screening.admin import decisions

__all__ = [
    "calls",
    "changes",
    "contact_points",
    "decisions",
    "delivery",
    "enquiries",
    "exports",
    "partnering",
    "proof",
    "records",
    "sealed_lookups",
    "versions",
]
