"""Keeps the tokens of links out of logs: whoever reads a log must not be able to open what it names."""

import logging
import re

# The last part of each address that carries a token; also where it is quoted in a query (?next=%2F...).
_TOKEN = re.compile(
    r"(?P<place>(?:/|%2F)(?:join|invitations|receipts|unsubscribe|received|confirm-email|reset/key|reset%2Fkey)(?:/|%2F))"
    r"(?!own(?:/|%2F))[^/\s?&#%\"']+",
    re.IGNORECASE,
)


def without_tokens(text: str) -> str:
    return _TOKEN.sub(r"\g<place>...", text)


class RedactTokens(logging.Filter):
    """Replaces tokens in the message, its arguments, and the text of a traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        redacted = without_tokens(message)
        if redacted != message:
            record.msg, record.args = redacted, ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = without_tokens(record.exc_text)
        return True
