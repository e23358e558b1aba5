"""Ask a web process of the portal for its health: `healthcheck.py SOCKET|HOST:PORT PATH`; exit 0 or 1.

Standard library only, because it runs every few seconds.
"""

import http.client
import socket
import sys

SECONDS = 4


def connect(place: str) -> socket.socket:
    if place.startswith("/"):
        connected = socket.socket(socket.AF_UNIX)
        connected.settimeout(SECONDS)
        connected.connect(place)
        return connected
    host, _colon, port = place.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=SECONDS)


def is_healthy(place: str, path: str) -> bool:
    connection = http.client.HTTPConnection("localhost", timeout=SECONDS)
    try:
        connection.sock = connect(place)
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, ValueError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if is_healthy(*sys.argv[1:3]) else 1)
