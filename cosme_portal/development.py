"""`make run`: the portal for those who change it. Web and worker start again when a file of ours changes."""

import os
import shlex
import sys

from cosme_portal import demo

WATCHED = ("applicants", "calls", "cosme_portal", "foundation", "proposals")


def main() -> int:
    os.environ.setdefault("PORTAL_MODE", "development")
    os.environ.setdefault("PORTAL_DEBUG", "true")
    os.environ.setdefault("PORTAL_CLOCK_MOVABLE", "true")  # the world to look at is of 2015
    return demo.serve(watched_processes, steps=[demo.SEED], command="make run")


def watched_processes(port: int) -> dict[str, str]:
    web = f"{demo.PYTHON} manage.py runserver 127.0.0.1:{port}"
    watch = f"{demo.PYTHON} -m watchfiles --filter python {shlex.quote(demo.WORKER)}"
    return {
        "web": f"exec {web}",
        "worker": f"exec {watch} {' '.join(WATCHED)}",
        "beat": f"exec {demo.BEAT}",
    }


if __name__ == "__main__":
    sys.exit(main())
