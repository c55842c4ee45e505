#!/bin/sh
# install.sh VERSION DIR: puts express and multer VERSION into DIR, exactly as
# package/VERSION/package-lock.json says. DIR is what MULTER_DIR names.
set -eu
if [ $# -ne 2 ]; then
	echo "usage: install.sh VERSION DIR" >&2
	exit 2
fi
version=$1 dir=$2
here=$(cd "$(dirname "$0")" && pwd)
lock=$here/package/$version
if [ ! -e "$lock/package-lock.json" ]; then
	echo "install.sh: no such build '$version'; there are:" \
		"$(ls "$here/package" | tr '\n' ' ')" >&2
	exit 2
fi
mkdir -p "$dir"
cp "$lock/package.json" "$lock/package-lock.json" "$dir/"
cd "$dir"
rm -f .installed
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
# Written last: a half-done installation is done again.
: > .installed
