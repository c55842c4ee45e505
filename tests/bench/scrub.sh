#!/bin/sh
# How fast the scrubber is: megabytes of bodies a second of CPU with all default
# detectors, beside SHA-256 over the same bytes in the same run; ten seconds.
# The ratio is what holds; absolute figures drift with the machine's neighbours.
set -eu
BUILD=${BUILD:-build}
MAKE=${MAKE:-make}
CC=${CC:-cc}
here=$(dirname "$0")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

$MAKE -s BUILD="$BUILD" "$BUILD/libdvr.a"
pkgs=$(pkg-config --libs libcurl yaml-0.1 libxml-2.0 libpcre2-8 sqlite3 \
	libssl libcrypto zlib libbrotlidec libbrotlienc libzstd \
	libnghttp2 libedit)
# shellcheck disable=SC2086
$CC -O2 -std=c11 -D_GNU_SOURCE -Iinclude -o "$tmp/bench" \
	"$here/scrub_bench.c" "$here/../unit/clean_traffic.c" \
	"$BUILD/libdvr.a" $pkgs -lm
echo
echo "scrubbing JSON, forms, HTML, XML, logs and binary data, all default" \
	"detectors, one core (load $(cut -d' ' -f1 /proc/loadavg))"
"$tmp/bench" 15 | awk '{ printf "%-10s %8s MB/s of CPU, %s of sha256 (%s " \
	"MB/s); %s MB, %s places told\n", $1, $2, $6, $4, $8, $10 }'
