#!/bin/sh
# The part of the official PostgreSQL image's entry point that specs rely on: POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB.
set -eu
user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}
data=/var/lib/postgresql/data
bin=$(echo /usr/lib/postgresql/*/bin)
run() { setpriv --reuid postgres --regid postgres --init-groups "$@"; }

if [ -z "${POSTGRES_PASSWORD:-}" ]; then
  echo "Error: Database is uninitialized and superuser password is not specified." >&2
  exit 1
fi
mkdir -p "$data" /run/postgresql
chown postgres: "$data" /run/postgresql
if [ ! -e "$data/PG_VERSION" ]; then
  printf '%s' "$POSTGRES_PASSWORD" >/tmp/password
  chown postgres: /tmp/password
  run "$bin/initdb" -D "$data" -U "$user" --pwfile=/tmp/password --auth-host=scram-sha-256 --auth-local=trust \
    --no-sync --no-instructions >/dev/null
  rm /tmp/password
  echo "host all all all scram-sha-256" >>"$data/pg_hba.conf"
  if [ "$database" != postgres ]; then
    echo "CREATE DATABASE \"$database\"" | run "$bin/postgres" --single -jE -D "$data" -c fsync=off postgres >/dev/null
  fi
fi
exec setpriv --reuid postgres --regid postgres --init-groups "$bin/postgres" -D "$data" -c listen_addresses='*' -c fsync=off
