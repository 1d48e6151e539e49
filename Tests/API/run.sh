#!/bin/sh
# Drives a daemon, started as the README says, with the published Python client, with plain HTTP, and with a fuzzer.
set -eu
cd "$(dirname "$0")/../.."
: "${KEYSTONE_BIN:?the folder with the built keystone}"
Scripts/install-python.sh
tools=$(cd "${SCRATCH:-.build}/python" && pwd -P)
cd Tests/API
exec timeout --kill-after=30 1500 "$tools/bin/python" -m unittest -v "$@"
