#!/bin/sh
# The way of a new plugin author for every template, what editors see of it, and plugins that do everything wrong in a daemon.
set -eu
cd "$(dirname "$0")/../.."
bin=${KEYSTONE_BIN:-$(pwd)/.build/debug}
Tests/Authors/journey.py "$bin"
Tests/Authors/editors.py "$bin"
Tests/Authors/strict.py "$bin"
Tests/Authors/faults.py "$bin"
Tests/OldPlugins/run.sh
