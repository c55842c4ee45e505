#!/bin/sh
# run.sh NAME...: each fuzz target for SECONDS_EACH seconds under ASan and
# UBSan. New inputs are kept in BUILD/corpus/NAME, what fails in BUILD.
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build/fuzz}
MAKE=${MAKE:-make}
SECONDS_EACH=${SECONDS_EACH:-60}
passed=0 failed=0
mkdir -p "$BUILD"
for name in "$@"; do
	bin=$BUILD/fuzz_$name
	if ! $MAKE -j2 CC=clang BUILD="$BUILD" OPT='-O1 -g' \
		SANITIZE='-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined' \
		"$bin" >"$BUILD.log" 2>&1; then
		tail -20 "$BUILD.log"
		echo "FAIL $name (does not build)"
		failed=$((failed + 1))
		continue
	fi
	mkdir -p "$BUILD/corpus/$name"
	seeds=
	for dir in "tests/fuzz/seeds/$name" "fixtures/hostile/$name" \
		"fixtures/hostile/${name}s"; do
		[ -d "$dir" ] && seeds="$seeds $dir"
	done
	# shellcheck disable=SC2086
	if "$bin" -max_total_time="$SECONDS_EACH" -rss_limit_mb=1024 \
		-timeout=10 -artifact_prefix="$BUILD/$name-" \
		"$BUILD/corpus/$name" $seeds >"$BUILD/$name.log" 2>&1; then
		echo "ok   $name ($(sed -n 's/^Done \([0-9]* runs\).*/\1/p' \
			"$BUILD/$name.log"))"
		passed=$((passed + 1))
	else
		tail -30 "$BUILD/$name.log"
		echo "FAIL $name (see $BUILD/$name.log)"
		failed=$((failed + 1))
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
