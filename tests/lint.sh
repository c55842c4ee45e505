#!/bin/sh
# What the compilers do not see: layers, banned functions, sizes, scripts, and
# what cppcheck and clang-tidy find.  Ends with "lint: clean", or exits 1.
set -u
cd "$(dirname "$0")/.." || exit 2

FILE_LINES=500		# a file has one purpose; a longer one has two
TEST_LINES=650		# tests carry tables of cases
FUNCTION_LINES=70	# what fits on a screen and in a head
failed=0

sources=$(git ls-files 'runner/*.c' 'reporters/*.c')
headers=$(git ls-files 'runner/*.h' 'reporters/*.h' 'include/*.h')
tests=$(git ls-files 'tests/*.c')
scripts=$(git ls-files '*.sh')
[ -n "$sources" ] || { echo 'lint: no sources' >&2; exit 2; }

# check NAME COMMAND...: shows what COMMAND prints when it fails.
check() {
	name=$1
	shift
	if out=$("$@" 2>&1); then
		echo "lint: $name ok"
	else
		printf '%s\n' "$out"
		echo "lint: $name FAILED"
		failed=1
	fi
}

have() {
	command -v "$1" >/dev/null 2>&1 && return 0
	echo "lint: $1 is not here: not checked"
	return 1
}

layers() {
	# shellcheck disable=SC2086
	awk -f tests/layers.awk $sources $headers
}

# Calls, not words in comments: nothing that is part of a longer name.
banned() {
	everywhere='strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol'
	everywhere="$everywhere|rand|srand|alloca"
	call='(^|[^A-Za-z0-9_>."])'
	# shellcheck disable=SC2086
	! {
		grep -nE "$call($everywhere) ?\\(" $sources $headers
		printf '%s\n' $sources $headers |
			grep -v '^runner/base/' |
			xargs grep -nE "$call(strtou?ll?|strtod) ?\\("
		printf '%s\n' $sources $headers |
			grep -v '^runner/base/clock.c$' |
			xargs grep -nE "$call(time|gettimeofday|clock_gettime|getrandom) ?\\("
	} | grep .
}

sizes() {
	# shellcheck disable=SC2086
	! {
		wc -l $sources $headers $tests | awk -v file=$FILE_LINES \
			-v test=$TEST_LINES '{
				max = $2 ~ /^tests\// ? test : file
				if ($2 != "total" && $1 > max)
					print $2 ": " $1 " lines, at most " max
			}'
		ctags -x --kinds-C=f --fields=+e \
			--_xformat='%{input} %{line} %{end} %{name}' $sources |
			awk -v max=$FUNCTION_LINES '$3 - $2 + 1 > max {
				print $1 ":" $2 ": " $4 "() has " \
				$3 - $2 + 1 " lines, at most " max }'
	} | grep .
}

run_cppcheck() {
	mkdir -p build/lint/cppcheck
	# Suppressed: what it says of code that is meant so.
	#  missingIncludeSystem  it looks at our files, not at the system's
	#  unmatchedSuppression  not every file has each of these
	#  normalCheckLevel...   advice on itself
	#  readdirCalled         readdir() is right where there are no threads
	#  internalAstError, legacyUninitvar, AssignmentAddressToInteger
	#                        it does not understand compound literals, nor
	#                        arrays of functions
	#  ctunullpointer        sizeof does not follow the pointer
	# shellcheck disable=SC2086
	cppcheck --quiet --std=c11 --language=c --library=posix --library=gnu \
		--enable=warning,performance,portability \
		--inline-suppr --error-exitcode=1 -j "$(nproc)" \
		--cppcheck-build-dir=build/lint/cppcheck \
		--suppress=missingIncludeSystem \
		--suppress=unmatchedSuppression \
		--suppress=normalCheckLevelMaxBranches \
		--suppress=readdirCalled --suppress=internalAstError \
		--suppress=legacyUninitvar --suppress=ctunullpointer \
		--suppress=AssignmentAddressToInteger \
		-Iinclude -D_GNU_SOURCE -D__linux__ $sources
}

# A file that was found clean is not looked at again until it, a header or
# the list of checks is newer.
# shellcheck disable=SC2086,SC2016
run_tidy() {
	mkdir -p build/lint/tidy
	# A changed header or list of checks: everything anew.
	printf '%s\n' $headers .clang-tidy tests/lint.sh tests/lint_model.h |
		xargs cat | cksum > build/lint/tidy/seen.new
	cmp -s build/lint/tidy/seen.new build/lint/tidy/seen ||
		rm -f build/lint/tidy/*.ok
	mv build/lint/tidy/seen.new build/lint/tidy/seen
	for f in $sources; do
		ok=build/lint/tidy/$(echo "$f" | tr / _).ok
		[ -e "$ok" ] && [ -z "$(find "$f" -newer "$ok")" ] || echo "$f"
	done | xargs -r -P "$(nproc)" -n 1 sh -c '
		f=$1
		shift
		model="-include tests/lint_model.h"
		# Who defines these functions cannot have them as macros.
		case $f in runner/base/err.c|runner/base/yaml_*) model= ;; esac
		clang-tidy --quiet --warnings-as-errors="*" "$f" -- \
			$model -w -std=c11 -Iinclude -D_GNU_SOURCE \
			-DPCRE2_CODE_UNIT_WIDTH=8 "-DDVR_VERSION=\"0\"" \
			$(pkg-config --cflags libxml-2.0 libedit) \
			2>/dev/null || exit 1
		: > build/lint/tidy/$(echo "$f" | tr / _).ok' sh
}

check layers layers
check 'banned functions' banned
if have ctags; then check sizes sizes; fi
# Left out: SC2034 (names put together by eval), SC2046 (splitting is what
# `set --` is for), SC2209 (run=sh means the word).
# shellcheck disable=SC2086
if have shellcheck; then
	check scripts shellcheck -S warning -e SC2034,SC2046,SC2209 $scripts
fi
if have cppcheck; then check cppcheck run_cppcheck; fi
if have clang-tidy; then check clang-tidy run_tidy; fi
[ $failed -eq 0 ] || exit 1
echo 'lint: clean'
