#!/bin/sh
# Makes .venv with everything that the portal needs, and says in one sentence what is missing.
set -eu

fail() {
    printf '\n%s\n' "$1" >&2
    exit 1
}

command -v "$PYTHON" >/dev/null 2>&1 ||
    fail "Python is missing. On Debian or Ubuntu: sudo apt-get install python3 python3-venv"
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "Python 3.11 or newer is required, but '$PYTHON' is $("$PYTHON" -V). Choose another version with: make ... PYTHON=python3.12"
"$PYTHON" -c 'import ensurepip, venv' 2>/dev/null ||
    fail "Python's venv module is missing. On Debian or Ubuntu: sudo apt-get install python3-venv"

echo "Creating the virtual environment .venv and installing packages (about one minute, only once) ..."
[ -x .venv/bin/python ] || "$PYTHON" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt ||
    fail "The packages could not be installed. Check that the package index is reachable and try again with: make"
.venv/bin/python -W ignore -c 'import weasyprint' >/dev/null 2>&1 ||
    fail "PDF documents need the Pango text libraries. On Debian or Ubuntu: sudo apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
touch .venv/ready
