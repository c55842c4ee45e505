#!/usr/bin/env bash
# The Action's main step; inputs come by the environment, never by expansion.
set -euo pipefail
dvr=${DVR_BINARY:-dvr}
out=${RUNNER_TEMP:?}/dvr
mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "${DVR_DIRECTORY:-.}"
read -r -a more <<< "${DVR_ARGUMENTS:-}"

put() { # put NAME VALUE: an output of several lines, whatever is in it
	local mark
	mark=dvr_$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
	printf '%s<<%s\n%s\n%s\n' "$1" "$mark" "$2" "$mark" >> "$GITHUB_OUTPUT"
}

new_tapes() { # folders of tapes that the checkout does not have like this
	git ls-files --others --modified --exclude-standard -- '*tape.yaml' |
		sed 's,/tape.yaml$,,' | sort -u
}

rc=0 tapes='' failed=0
case ${DVR_MODE:-} in
regress)
	"$dvr" regress --report terminal --report github \
		--report "markdown=$out/summary.md" \
		--report "json=$out/results.jsonl" --junit "$out/junit.xml" \
		${more[@]+"${more[@]}"} || rc=$?
	[ ! -s "$out/summary.md" ] ||
		cat "$out/summary.md" >> "$GITHUB_STEP_SUMMARY"
	# A library that is still to come is no failure, a wrong folder is one.
	if [ "$rc" = 5 ] && [ -z "$(git ls-files -- '*tape.yaml')" ]; then
		echo '::notice title=dvr::no tapes yet: nothing was replayed'
		rc=0
	fi
	# What the pull request does to the library: new tapes, accepted ones.
	if [ -n "${GITHUB_BASE_REF:-}" ] &&
		git rev-parse -q --verify "origin/$GITHUB_BASE_REF" > /dev/null
	then
		"$dvr" review --since "origin/$GITHUB_BASE_REF" \
			--format markdown > "$out/review.md" || true
		[ ! -s "$out/review.md" ] || {
			printf '## Tapes that this pull request changes\n\n'
			# with the summary of 900 KiB less than GitHub refuses
			head -c 100000 "$out/review.md"
		} >> "$GITHUB_STEP_SUMMARY"
	fi
	# "code" is a member of the tapes alone; in strings it is \"code\"
	[ ! -s "$out/results.jsonl" ] ||
		failed=$(grep -cE ',"code":[1-9]' "$out/results.jsonl") || true
	put junit "$out/junit.xml"
	;;
run)
	if [ -z "${DVR_COMMAND:-}" ]; then
		echo "dvr: mode run needs \`command\`: the integration suite" >&2
		exit 2
	fi
	"$dvr" run ${more[@]+"${more[@]}"} -- bash -c "$DVR_COMMAND" || rc=$?
	tapes=$(new_tapes)
	bash "$(dirname "$0")/summary.sh" "$dvr" "$rc" "$tapes" \
		>> "$GITHUB_STEP_SUMMARY"
	;;
*)
	echo "dvr: mode is '${DVR_MODE:-}'; it is regress or run" >&2
	exit 2
	;;
esac
put tapes "$tapes"
put failed "$failed"
put paths "$out${tapes:+
$(printf '%s\n' "$tapes" | sed "s,^,$PWD/,")}"
exit "$rc"
