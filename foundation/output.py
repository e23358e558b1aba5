"""What commands write: UTF-8, whatever the terminal or the pipe is set to."""

import sys
from io import TextIOWrapper


def write_utf8() -> None:
    """From now on standard output and standard error take every character.

    A terminal of another encoding shows some of them wrongly; before, the command failed amid its work.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
