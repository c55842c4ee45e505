#!/bin/sh
# How exact a replay's sends are beside a bare sender, and how many exchanges a
# second `fast` replays beside wrk; about three minutes.  Ratios inside one run are
# what holds; the tail belongs to the machine's neighbours.
#   BENCH_REPLAY_N (40000)    exchanges of a fast round
#   BENCH_REPLAY_ROUNDS (3)   of timing; medians (by p99) are shown
set -eu
BUILD=${BUILD:-build}
MAKE=${MAKE:-make}
CC=${CC:-cc}
n=${BENCH_REPLAY_N:-40000}
rounds=${BENCH_REPLAY_ROUNDS:-3}
here=$(dirname "$0")
tmp=$(mktemp -d)
server=
cleanup() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

$MAKE -s BUILD="$BUILD" "$BUILD/libdvr.a"
pkgs=$(pkg-config --libs libcurl yaml-0.1 libxml-2.0 libpcre2-8 sqlite3 \
	libssl libcrypto zlib libbrotlidec libbrotlienc libzstd \
	libnghttp2 libedit)
# shellcheck disable=SC2086
$CC -O2 -std=c11 -D_GNU_SOURCE -Iinclude -o "$tmp/bench" \
	"$here/replay_bench.c" "$BUILD/libdvr.a" $pkgs -lm
"$tmp/bench" serve >"$tmp/port" &
server=$!
i=0
while [ ! -s "$tmp/port" ]; do
	i=$((i + 1))
	[ $i -lt 100 ] || exit 1
	sleep 0.05
done
port=$(cat "$tmp/port")

echo
echo "500 POSTs at random gaps of 0.2 to 50 ms over 4 connections:" \
	"microseconds late (load $(cut -d' ' -f1 /proc/loadavg))"
# "_rt" is real-time priority, which replays of recorded gaps have where the
# system permits it: compared with a bare sender of the same kind.
for r in $(seq "$rounds"); do
	for how in bare bare_rt recorded precise; do
		"$tmp/bench" $how "$port" >>"$tmp/timing"
	done
done
printf '%-12s %8s %8s %9s %7s\n' '' p50 p99 max drift
for how in bare bare_rt recorded recorded_rt precise; do
	grep "^$how " "$tmp/timing" | sort -k3 -n >"$tmp/rows" || continue
	awk -v n="$(wc -l <"$tmp/rows")" 'NR == int((n + 1) / 2) {
		printf "%-12s %8s %8s %9s %7s\n", $1, $2, $3, $4, $5 }' \
		"$tmp/rows" | tee -a "$tmp/medians"
done
awk '{ p99[$1] = $3 } END { for (k in p99) if (k ~ /^recorded/) {
	bare = k; sub("recorded", "bare", bare)
	printf "%s beside %s: p99 %.2f\n", k, bare,
		p99[k] / (p99[bare] ? p99[bare] : 1) } }' "$tmp/medians"

echo
echo "1 KiB answers, 32 connections, all compared: exchanges a second"
for r in 1 2 3 4 5; do
	for how in fast held; do
		"$tmp/bench" $how "$port" "$n" >>"$tmp/$how"
	done
	wrk -t1 -c32 -d2s "http://127.0.0.1:$port/1k" |
		awk '/Requests\/sec/ { print "wrk", $2 }' >>"$tmp/wrk"
done
for how in wrk fast held; do
	sort -k2 -n "$tmp/$how" | sed -n 3p
done | awk '$1 == "wrk" { wrk = $2; printf "%-10s %8.0f\n", $1, $2; next }
	{ printf "%-10s %8.0f  %.2f of wrk, comparing takes %.0f %%, " \
		"CPU %s us each%s\n", $1, $2, $2 / wrk, $3 * 100, $4,
		$1 == "held" ? " (recorded order enforced)" : "" }'
