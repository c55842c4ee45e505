#!/bin/sh
# make regress: the tape library in fixtures/ against fresh builds of the
# examples. Each example has its own dvr.yaml and its own folder of tapes.
set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build}
failed=0
run() { # run EXAMPLE: its library, with a JUnit file
	"$BUILD/dvr" regress -c "examples/$1/dvr.yaml" \
		--junit "$BUILD/regress-$1.xml" || failed=1
}
SHOP_BUILD=fixed run shop
if command -v npm >/dev/null 2>&1; then
	dir=$BUILD/examples/multer/2.0.2
	[ -e "$dir/.installed" ] ||
		sh examples/multer/install.sh 2.0.2 "$dir" || exit 1
	MULTER_DIR=$(cd "$dir" && pwd) run multer
else
	echo "dvr: npm is not installed: examples/multer is left out" >&2
fi
exit $failed
