#!/bin/sh
# Runs every end-to-end test (tests/e2e/test_*.{sh,py}), $E2E_JOBS (2) of them
# side by side; each exits 0 or not, within its own time-out.  With arguments,
# only the tests named so.
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=$(cd "${BUILD:-build}" && pwd) || exit 1
export BUILD DVR="$BUILD/dvr"

name_of() {
	name=${1##*/}
	name=${name%.*}
	echo "${name#test_}"
}

# one FOLDER TEST: what it says is shown when it has failed, and at once, so
# that it stands together.
one() {
	name=$(name_of "$2") out=$1/$(name_of "$2")
	case $2 in *.py) run=python3 ;; *) run=sh ;; esac
	start=$(date +%s)
	timeout -k 5 300 $run "$2" >"$out.out" 2>&1 </dev/null
	rc=$?
	seconds=$(($(date +%s) - start))
	if [ $rc -eq 0 ]; then
		: >"$out.passed"
		echo "ok   $name ($seconds s)" >"$out.said"
	else
		{
			echo "FAIL $name (exit $rc, $seconds s)"
			sed 's/^/     | /' "$out.out" | tail -60
		} >"$out.said"
	fi
	cat "$out.said"
}

if [ "${1:-}" = --one ]; then
	one "$2" "$3"
	exit 0
fi

names=
[ $# -gt 0 ] && names=" $* "
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
for t in tests/e2e/test_*.sh tests/e2e/test_*.py; do
	[ -e "$t" ] || continue
	case "$names" in ''|*" $(name_of "$t") "*) echo "$t" ;; esac
done >"$dir/list"
xargs -P "${E2E_JOBS:-2}" -n 1 sh tests/e2e/run.sh --one "$dir" <"$dir/list"
total=$(wc -l <"$dir/list")
passed=$(find "$dir" -name '*.passed' | wc -l)
echo "$passed passed, $((total - passed)) failed"
[ "$passed" -eq "$total" ]
