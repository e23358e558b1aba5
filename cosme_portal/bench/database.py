"""The database of benchmarks: apart from the portal's own, and made again for each run."""

import os
from urllib.parse import urlsplit

import psycopg2


def use_own_database(name: str = "portal_bench") -> None:
    """Create an empty database on the server of `DATABASE_URL`, and let that name it from now on."""
    data = urlsplit(os.environ["DATABASE_URL"])
    connection = psycopg2.connect(
        os.environ["DATABASE_URL"].replace("postgres://", "postgresql://")
    )
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{name}"')
    connection.close()
    query = f"?{data.query}" if data.query else ""
    os.environ["DATABASE_URL"] = f"{data.scheme}://{data.netloc}/{name}{query}"
