#!/bin/sh
# Drives a daemon, started as the README says, with the published Python client, with plain HTTP, and with a fuzzer.
set -eu
cd "$(dirname "$0")"
: "${KEYSTONE_BIN:?the folder with the built keystone}"
tools=${KEYSTONE_TEST_TOOLS:-$KEYSTONE_BIN/../api-test-tools}
if ! cmp -s requirements.txt "$tools/requirements.txt"; then
  python3 -m venv --clear "$tools"
  "$tools/bin/pip" install --quiet --disable-pip-version-check -r requirements.txt
  cp requirements.txt "$tools/requirements.txt"
fi
exec timeout --kill-after=30 1500 "$tools/bin/python" -m unittest -v "$@"
