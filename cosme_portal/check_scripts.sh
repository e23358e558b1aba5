# Check the scripts and styles of the pages: style and lint, types, unit tests.
# The tools come from npm (package.json); nothing of them is shipped.
set -eu

installed=node_modules/.installed-lock.json

incomplete() { # says what was not checked; where everything must be, that is a failure
    echo "$1" >&2
    [ -z "${CI:-}" ]
}

quietly() {
    output=$("$@" 2>&1) || {
        printf '%s\n' "$output" >&2
        exit 1
    }
}

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    incomplete "Node.js or npm is missing, so the pages' scripts were not checked. On Debian: sudo apt-get install nodejs npm"
    exit
fi

quietly npm run --silent test
if ! cmp -s package-lock.json "$installed"; then
    npm ci --silent && cp package-lock.json "$installed" || {
        incomplete "The tools could not be fetched from npm, so the pages' scripts were tested, but not linted."
        exit
    }
fi
quietly npm run --silent lint
quietly npm run --silent types
