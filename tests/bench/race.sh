#!/bin/sh
# How often the shop's race (cart and inventory) comes back: the build that has
# it and the one that has not, by holds and by timing alone, idle and beside two
# CPU hogs.  By holds it should be all of N and none, whatever the load; some
# minutes.
#   RACE_N (50)      replays a cell
set -eu
BUILD=$(cd "${BUILD:-build}" && pwd)
n=${RACE_N:-50}
dvr=$BUILD/dvr
shop=$(dirname "$0")/../../examples/shop
tmp=$(mktemp -d)
inventory=
hogs=
cleanup() {
	# shellcheck disable=SC2086
	[ -z "$inventory$hogs" ] || kill $inventory $hogs 2>/dev/null || true
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

mkfifo "$tmp/port"
python3 "$shop/inventory.py" --port 0 >"$tmp/port" 2>"$tmp/inventory.log" &
inventory=$!
read -r INVENTORY_PORT <"$tmp/port"
export INVENTORY_PORT SHOP_BUILD=buggy

runs=0
while [ ! -d "$tmp/fixtures" ] && [ $runs -lt 40 ]; do
	runs=$((runs + 1))
	"$dvr" run -q -c "$shop/dvr.yaml" --fixtures "$tmp/fixtures" -- \
		python3 "$shop/suite.py" >"$tmp/run.log" 2>&1 || true
done
tape=$(ls "$tmp/fixtures" 2>/dev/null | head -1)
[ -n "$tape" ] || { echo "race: no failure in $runs runs" >&2; exit 1; }
echo "tape $tape, recorded in run $runs"
sed -n '/^reproduces/p; /^holds/,/^[^ ]/{/^holds/p; /^ /p;}' \
	"$tmp/fixtures/$tape/replay.yaml"

cell() { # BUILD HOLDS: k of N, errors aside
	SHOP_BUILD=$1 "$dvr" regress -c "$shop/dvr.yaml" \
		--fixtures "$tmp/fixtures" --repeat "$n" --holds "$2" \
		--retries 0 --report json="$tmp/r.json" >"$tmp/out" 2>&1 || true
	grep -o '"verdict":"[a-z]*","reproduced":[a-z]*' "$tmp/r.json" |
		awk -F'[":,]+' '{ k += $5 == "true"; e += $3 == "error" }
			END { printf "%d/%d", k, NR
			if (e) printf " (%d errors)", e }'
}

row() { # LOAD
	for build in buggy fixed; do
		printf '%-9s %-7s %-18s %-18s\n' "$1" $build \
			"$(cell $build on)" "$(cell $build off)"
	done
}

printf '%-9s %-7s %-18s %-18s\n' load build "by holds" "by timing alone"
row idle
for i in 1 2; do
	sh -c 'while :; do :; done' &
	hogs="$hogs $!"
done
row "two hogs"
