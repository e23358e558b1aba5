"""Every instant with its zone and offset: “21 Apr 2015, 17:00:00 CEST (+0200)”."""

DATETIME_FORMAT = "j M Y, H:i:s T (O)"
SHORT_DATETIME_FORMAT = DATETIME_FORMAT
