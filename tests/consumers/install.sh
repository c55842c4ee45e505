#!/bin/sh
# Installs the readers of package.json below $BUILD/consumers, once.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
to=${BUILD:-build}/consumers
mkdir -p "$to"
stamp=$to/.installed-$(cksum < "$here/package.json" | cut -d' ' -f1)
[ -e "$stamp" ] && exit 0
cp "$here/package.json" "$to/"
(cd "$to" && npm install --no-package-lock --no-audit --no-fund --loglevel=error)
: > "$stamp"
