#!/bin/sh
# Makes .build/python: the Python clients and the fuzzer that tests drive the daemon with, in the versions they were
# written for.
set -eu
cd "$(dirname "$0")/.."
folder=${SCRATCH:-.build}/python
packages="polarity-keystone==0.3.3 aiosmtpd==1.4.6 opentelemetry-sdk==1.30.0 opentelemetry-exporter-otlp-proto-http==1.30.0 \
schemathesis==4.32.5"
[ "$(cat "$folder/packages" 2>/dev/null)" = "$packages" ] && exit 0
rm -rf "$folder"
python3 -m venv "$folder" >&2
# shellcheck disable=SC2086
"$folder/bin/pip" install --quiet --disable-pip-version-check $packages >&2
printf %s "$packages" >"$folder/packages"
