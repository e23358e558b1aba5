#!/bin/sh
# PostgreSQL's image runs this once, on an empty volume: both roles and the portal's database. `database_roles
# --apply`, which the service `migrate` runs, then gives each role its rights.
set -eu
psql -v ON_ERROR_STOP=1 --username postgres \
    -v owner="$(cat /run/secrets/owner-password)" -v runtime="$(cat /run/secrets/runtime-password)" <<'SQL'
CREATE ROLE portal_owner LOGIN PASSWORD :'owner';
CREATE ROLE portal_runtime LOGIN PASSWORD :'runtime';
CREATE DATABASE portal OWNER portal_owner TEMPLATE template0 ENCODING 'UTF8';
SQL
