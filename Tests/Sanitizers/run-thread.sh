#!/bin/sh
# Calls across the boundary under the thread sanitizer: nothing may be reported, and a planted race must be.
set -eu
sanitizer=thread
. "$(dirname "$0")/prepare.sh"
build_all
TSAN_OPTIONS="suppressions=$suppressions:exitcode=66"
export TSAN_OPTIONS

drive --local-runtime
expect_silence

drive --planted racy in-process
[ "$code" = 66 ] || fail "the race planted in this process was expected to be reported"
grep -q 'SUMMARY: ThreadSanitizer: .*race .*Racy' "$folder/log" || fail "the report does not name the planted race"

drive --planted racy isolated
grep -q 'SUMMARY: ThreadSanitizer: .*race .*Racy' "$reports".* || fail "the race planted in a process of its own was expected to be reported"
echo "the thread sanitizer reports the planted races and nothing else"
