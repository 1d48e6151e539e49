#!/bin/sh
# The way of a new plugin author, for every template.
set -eu
cd "$(dirname "$0")/../.."
exec Tests/Authors/journey.py "${KEYSTONE_BIN:-$(pwd)/.build/debug}"
