#!/bin/sh
# Calls across the boundary under the address sanitizer; the C programs with undefined behaviour checked, too.
set -eu
sanitizer=address
. "$(dirname "$0")/prepare.sh"
build_all
ASAN_OPTIONS="detect_leaks=1:exitcode=66"
LSAN_OPTIONS="suppressions=$suppressions:print_suppressions=0"
export ASAN_OPTIONS LSAN_OPTIONS

drive --local-runtime
expect_silence

drive --planted careless in-process
[ "$code" = 66 ] || fail "the fault planted in this process was expected to be reported"
grep -q 'SUMMARY: AddressSanitizer: heap-use-after-free .*Careless' "$folder/log" || fail "another fault was reported"

drive --planted careless isolated
grep -q 'SUMMARY: AddressSanitizer: heap-use-after-free .*Careless' "$reports".* ||
  fail "the fault planted in a process of its own was expected to be reported"
echo "the address sanitizer reports the planted faults and nothing else"
