"""What tests ask a child process to do."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path


def report(content, **kwargs):
    return {"length": len(content), "given": kwargs}


def reversed_bytes(content):
    return content[::-1]


def surroundings(content):
    return {
        "environment": sorted(os.environ),
        "folder": os.getcwd(),
        "django": "django" in sys.modules,
        "group": os.getpgid(0) == os.getpid(),
        "core": resource.getrlimit(resource.RLIMIT_CORE),
    }


def hang(content):
    time.sleep(60)


def loop(content):
    while True:
        pass


def swell(content):
    return len(bytearray(10**10))


def shout(content):
    return b"x" * 10_000_000


def write(content, *, folder):
    (Path(folder) / "written").write_bytes(b"x" * 100_000)
    return "written"


def fail(content):
    raise LookupError("the reason")


def die(content):
    os.kill(os.getpid(), signal.SIGSEGV)


def leave_a_process_behind(content, *, pid_file):
    started = subprocess.Popen(["sleep", "60"])
    Path(pid_file).write_text(str(started.pid))
    time.sleep(60)
