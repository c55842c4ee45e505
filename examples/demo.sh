#!/bin/sh
# make demo: a real race in a real service. Records the shop's suite until it
# fails, shows the tape, replays it on the buggy build and on the fixed one.
set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=$(cd "${BUILD:-build}" && pwd) || exit 1
DVR=$BUILD/dvr
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"; [ -z "${inventory:-}" ] || kill "$inventory" 2>/dev/null' EXIT
trap 'exit 130' INT TERM
step() { printf '\n\033[1m== %s\033[0m\n' "$*" | if [ -t 1 ]; then cat; else sed 's/\x1b\[[0-9;]*m//g'; fi; }
dvr() { "$DVR" "$@" -c examples/shop/dvr.yaml --fixtures "$work/fixtures"; }

# the dependency, on a port that it chooses itself
mkfifo "$work/port" || exit 1
python3 examples/shop/inventory.py --port 0 >"$work/port" 2>"$work/inventory.log" &
inventory=$!
read -r INVENTORY_PORT <"$work/port" || { cat "$work/inventory.log" >&2; exit 1; }
export INVENTORY_PORT SHOP_BUILD=buggy

step "Record the suite until it fails: the race is intermittent"
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	echo "-- run $i: dvr run -- python3 examples/shop/suite.py"
	"$DVR" run -c examples/shop/dvr.yaml --fixtures "$work/fixtures" -- \
		python3 examples/shop/suite.py
	[ -d "$work/fixtures" ] && break
done
tape=$(ls "$work/fixtures" 2>/dev/null | head -1)
if [ -z "$tape" ]; then
	echo "demo: the suite did not fail in 20 runs" >&2
	exit 1
fi

step "The tape: fixtures/$tape"
ls "$work/fixtures/$tape"
dvr show "$tape" --color auto || exit 1

step "Regress on the buggy build: the race comes back"
dvr regress --report terminal --junit "$work/buggy.xml"
[ $? -eq 1 ] || { echo "demo: the buggy build should fail" >&2; exit 1; }

step "Regress on the fixed build: it passes"
SHOP_BUILD=fixed
export SHOP_BUILD
dvr regress --report terminal --junit "$work/fixed.xml" || {
	echo "demo: the fixed build should pass" >&2; exit 1; }

step "The JUnit report of the buggy build"
cat "$work/buggy.xml"
step "and of the fixed one"
cat "$work/fixed.xml"
