#!/bin/sh
# Secrets for compose.yaml, once: new passwords, a certificate for HTTPS that no browser trusts, and a seal key.
# Run as root the files belong to the users in the containers, and nobody else can read them.
#     sudo sh deploy/compose/secrets.sh [HOST]
set -eu
host=${1:-portal.example}
portal=10001 postgres=999 # users in the images
folder=$(dirname "$0")/secrets
umask 077
mkdir -p "$folder"
cd "$folder"

random() { openssl rand -hex 32; }
write() { # FILE USER, content from standard input; never overwrites
    if [ -e "$1" ]; then
        echo "$1 exists and was not changed."
        cat >/dev/null
        return
    fi
    cat >"$1"
    if [ "$(id -u)" = 0 ]; then chown "$2:$2" "$1" && chmod 400 "$1"; else chmod 444 "$1"; fi
}

[ ! -e postgres-password ] || { echo "The secrets exist. Remove $folder to make new ones: the data is lost with them."; exit 1; }
owner=$(random) runtime=$(random)
random | write postgres-password $postgres
printf %s "$owner" | write owner-password $postgres
printf %s "$runtime" | write runtime-password $postgres
printf 'postgres://portal_owner:%s@postgres:5432/portal' "$owner" | write database-owner-url $portal
printf 'postgres://portal_runtime:%s@postgres:5432/portal' "$runtime" | write database-url $portal
random | write secret-key $portal
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj "/CN=$host" \
    -addext "subjectAltName=DNS:$host" -keyout tls.key -out tls.pem 2>/dev/null
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj "/CN=Seal of $host (trial)" \
    -keyout seal.key -out seal.certificate 2>/dev/null
cat seal.key seal.certificate | write seal.pem $portal
rm seal.key seal.certificate
echo "The secrets are in $folder."
