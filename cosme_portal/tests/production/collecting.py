"""The portal's settings, with static files collected uncompressed: that takes a minute, and changes no page."""

from cosme_portal.settings import *  # noqa: F403

STORAGES = STORAGES | {  # noqa: F405
    "staticfiles": STORAGES["staticfiles"]  # noqa: F405
    | {"BACKEND": "cosme_portal.static_storage.ModuleStorage"}
}
