#!/bin/sh
# All tests: unit, end to end, the library in fixtures/. Each part ends with
# its own count; the last line adds them up.
set -u
BUILD=${BUILD:-build}
MAKE=${MAKE:-make}
passed=0 failed=0
note() { # note NAME RC: counts one part that has no count of its own
	if [ "$2" -eq 0 ]; then passed=$((passed + 1)); else
		failed=$((failed + 1)); echo "FAILED: $1"; fi
}
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT

$MAKE -j2 BUILD="$BUILD" all "$BUILD/check_unit" || exit 1

"$BUILD/check_unit" >"$log" 2>&1; rc=$?
cat "$log"
# "99%: Checks: 200, Failures: 1, Errors: 1"
set -- $(sed -n 's/^[0-9]*%: Checks: \([0-9]*\), Failures: \([0-9]*\), Errors: \([0-9]*\)$/\1 \2 \3/p' "$log" | tail -1)
if [ $# -eq 3 ]; then
	bad=$(($2 + $3))
	passed=$((passed + $1 - bad)) failed=$((failed + bad))
	[ $rc -ne 0 ] && [ $bad -eq 0 ] && failed=$((failed + 1))
else
	note "unit tests (no count, exit $rc)" 1
fi

BUILD="$BUILD" sh tests/e2e/run.sh >"$log" 2>&1; rc=$?
cat "$log"
set -- $(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$log" | tail -1)
if [ $# -eq 2 ]; then
	passed=$((passed + $1)) failed=$((failed + $2))
	[ $rc -ne 0 ] && [ "$2" -eq 0 ] && failed=$((failed + 1))
else
	note "end-to-end tests (no count, exit $rc)" 1
fi

echo
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
