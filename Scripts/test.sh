#!/bin/sh
# Builds everything once in debug and runs every test: Swift tests, sanitizers, the installed tree without a toolchain.
set -eu
cd "$(dirname "$0")/.."
scratch=${SCRATCH:-.build}

swift build --scratch-path "$scratch"
make --no-print-directory programs CONFIGURATION=debug SCRATCH="$scratch"
swift build --scratch-path "$scratch" --build-tests
# Building the tests may link the plugins anew; the list of built-ins names their digests.
make --no-print-directory programs sdk CONFIGURATION=debug SCRATCH="$scratch"
KEYSTONE_BIN=$(cd "$scratch/debug" && pwd -P)
export KEYSTONE_BIN
# A Docker Engine of the tests' own, where one can be started; without it its tests are skipped by name.
if address=$(Tests/Engine/engine.sh start); then
  KEYSTONE_TEST_DOCKER=$address
  export KEYSTONE_TEST_DOCKER
  trap 'Tests/Engine/engine.sh stop' EXIT
fi
# One after another: many of them measure time and start processes, and two cores are soon busy. A test that hangs ends
# the run, and the trace of its process tells where.
timeout --verbose --signal=ABRT --kill-after=60 3000 swift test --scratch-path "$scratch" --skip-build --no-parallel

for script in Tests/API/run.sh Tests/Authors/run.sh Tests/Install/run.sh Tests/Sanitizers/run-thread.sh \
  Tests/Sanitizers/run-address.sh; do
  [ -x "$script" ] || continue
  echo "== $script"
  "$script"
done
echo "all tests passed"
