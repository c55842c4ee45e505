#!/bin/sh
# Installs the Debian packages that one purpose needs (build, check, bench,
# lint) when some are missing; without root it names them and stops.
set -eu
purpose=${1:-build}
build='gcc make pkg-config libcurl4-openssl-dev libyaml-dev libxml2-dev
	libpcre2-dev libsqlite3-dev libssl-dev zlib1g-dev libbrotli-dev
	libzstd-dev libnghttp2-dev libedit-dev'
check="$build check python3 nginx-light sqlite3 git libxml2-utils procps
	libfaketime zsh fish groff-base python3-yaml python3-junitparser rsync
	curl wget nghttp2-client python3-requests python3-grpcio chromium
	protobuf-compiler"
lint="$build clang clang-format clang-tidy cppcheck universal-ctags
	libclang-rt-14-dev"
bench="$check haproxy mitmproxy wrk"
case $purpose in
build) want=$build ;;
check) want=$check ;;
lint) want=$lint ;;
bench) want=$bench ;;
*) echo "deps.sh: unknown purpose '$purpose'" >&2; exit 2 ;;
esac
command -v dpkg-query >/dev/null 2>&1 || exit 0	# not Debian: the build tells
# A stamp keeps repeated builds quick: one look per list of packages.
stamp=build/.deps-$purpose-$(printf '%s' "$want" | cksum | cut -d' ' -f1)
[ -e "$stamp" ] && exit 0
missing=
for p in $want; do
	s=$(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null || true)
	[ "$s" = installed ] || missing="$missing $p"
done
# node and java may come from elsewhere than Debian's package
if [ "$purpose" = check ] || [ "$purpose" = bench ]; then
	command -v node >/dev/null 2>&1 || missing="$missing nodejs"
	command -v npm >/dev/null 2>&1 || missing="$missing npm"
	# any JDK will do
	command -v javac >/dev/null 2>&1 ||
		missing="$missing default-jdk-headless"
fi
if [ -n "$missing" ]; then
	if [ "$(id -u)" -ne 0 ]; then
		echo "dvr: these packages are missing:$missing" >&2
		echo "dvr: as root: apt-get update && apt-get install -y$missing" >&2
		exit 2
	fi
	echo "dvr: installing$missing"
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -q >/dev/null
	# shellcheck disable=SC2086
	apt-get install -y -q --no-install-recommends $missing >/dev/null
fi
mkdir -p build
: > "$stamp"
