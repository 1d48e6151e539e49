#!/bin/sh
# The formatter's rules, for every Swift file of the repository.
set -eu
cd "$(dirname "$0")/.."
swift format lint --strict --parallel --recursive Package.swift Sources Tests PluginTemplates
