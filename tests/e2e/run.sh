#!/bin/sh
# Runs every end-to-end test (tests/e2e/test_*.{sh,py}); each exits 0 or not,
# within its own time-out. With arguments, only the tests named so.
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=$(cd "${BUILD:-build}" && pwd) || exit 1
export BUILD DVR="$BUILD/dvr"
passed=0 failed=0 names=
[ $# -gt 0 ] && names=" $* "
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT
for t in tests/e2e/test_*.sh tests/e2e/test_*.py; do
	[ -e "$t" ] || continue
	name=$(basename "$t"); name=${name%.*}; name=${name#test_}
	case "$names" in ''|*" $name "*) ;; *) continue ;; esac
	case $t in *.py) run=python3 ;; *) run=sh ;; esac
	start=$(date +%s)
	if timeout -k 5 300 $run "$t" >"$out" 2>&1 </dev/null; then
		passed=$((passed + 1))
		echo "ok   $name ($(($(date +%s) - start)) s)"
	else
		rc=$?
		failed=$((failed + 1))
		echo "FAIL $name (exit $rc, $(($(date +%s) - start)) s)"
		sed 's/^/     | /' "$out" | tail -60
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
