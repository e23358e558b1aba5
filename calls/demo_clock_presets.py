"""The moments to which the clock of a demonstration can jump."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

BRUSSELS = ZoneInfo("Europe/Brussels")

PRESETS = {
    "week-before": (_("14 April"), datetime(2015, 4, 14, 10, 0, tzinfo=BRUSSELS)),
    "start": (_("21 April, 16:20"), datetime(2015, 4, 21, 16, 20, tzinfo=BRUSSELS)),
    "last-seconds": (_("16:59:30"), datetime(2015, 4, 21, 16, 59, 30, tzinfo=BRUSSELS)),
    "after-deadline": (_("After the deadline"), datetime(2015, 4, 22, 9, 0, tzinfo=BRUSSELS)),
}
