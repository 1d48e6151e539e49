#!/bin/sh
# Runs the three examples and says what each is expected to show.
keystone=$1
KEYSTONE_DATA_DIR=${KEYSTONE_DATA_DIR:-$(mktemp -d)}
export KEYSTONE_DATA_DIR
status=0

show() {
  expected=$1
  title=$2
  shift 2
  echo
  echo "== $title"
  "$keystone" eval run "$@"
  code=$?
  if [ "$code" != "$expected" ]; then
    echo "this example was expected to exit with $expected and exited with $code" >&2
    status=1
  fi
}

show 0 "An agent that repairs a failing test: pass" Examples/repair/repair.yaml
show 1 "An agent that edits the test instead: fail, caught by a forbidden rule" Examples/repair/cheat.yaml
show 1 "An agent that is flaky on purpose, with two settings: flaky runs in one, a failing group in the other" Examples/flaky/flaky.yaml
exit $status
