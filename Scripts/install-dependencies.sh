#!/bin/sh
# Installs the Debian packages that building, running and testing need and this machine lacks.
set -eu

packages="libyaml-dev libsqlite3-dev zlib1g-dev libcurl4-openssl-dev libpcre2-dev libpg-query-dev bubblewrap git \
  python3 python3-venv python3-jsonschema python3-yaml python3-psycopg2 python3-redis postgresql redis-server \
  pkg-config binutils make openssl rustc"
missing=""
for package in $packages; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
if [ -n "$missing" ]; then
  echo "installing:$missing" >&2
  if [ "$(id -u)" = 0 ]; then run=""; elif command -v sudo >/dev/null; then run="sudo"; else
    echo "please run as root: apt-get install$missing" >&2
    exit 1
  fi
  $run apt-get update -q >&2
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive $run apt-get install -y -q --no-install-recommends $missing >&2
fi
if ! command -v swift >/dev/null; then
  echo "Swift 6.3 is needed and not on PATH: install it as swift.org describes" >&2
  exit 1
fi
