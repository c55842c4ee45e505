#!/bin/sh
# install.sh [consumers|clients]: installs what the package.json of that folder
# names below $BUILD, once, also where two tests ask for it at a time.
set -eu
name=${1:-consumers}
here=$(cd "$(dirname "$0")/../$name" && pwd)
to=${BUILD:-build}/$name
mkdir -p "$to"
exec 9>"$to/.lock"
flock 9
stamp=$to/.installed-$(cksum < "$here/package.json" | cut -d' ' -f1)
[ -e "$stamp" ] && exit 0
cp "$here/package.json" "$to/"
(cd "$to" && npm install --no-package-lock --no-audit --no-fund --loglevel=error 9>&-)
: > "$stamp"
