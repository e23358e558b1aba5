"""How requests begin: before any middleware, so what fails here has no page that says so."""

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest

UTF_8 = "utf-8"
SAME_IN_UTF_8 = {"", "utf-8", "utf8", "us-ascii"}


class Utf8Request(WSGIRequest):
    """Reads address and body as UTF-8, which all pages are in, whatever the sender calls it.

    Django takes any codec of Python that the sender names: one that is none of texts (zlib) fails while the
    request is made, and others (utf-7) hide signs from whoever looks into the address itself.
    """

    @property
    def encoding(self) -> str:
        return UTF_8

    @encoding.setter
    def encoding(self, value: str) -> None:
        """Nobody's choice; `declares_utf_8` tells whether the sender means it, too."""

    @property
    def declares_utf_8(self) -> bool:
        return (self.content_params or {}).get("charset", "").lower() in SAME_IN_UTF_8


class Handler(WSGIHandler):
    request_class = Utf8Request
