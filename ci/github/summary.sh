#!/usr/bin/env bash
# Markdown about a recording: summary.sh DVR EXIT-CODE FOLDERS-OF-NEW-TAPES
set -euo pipefail
dvr=$1 rc=$2 tapes=$3

if [ -z "$tapes" ]; then
	printf '## dvr: no new tape\n\nThe suite ended with exit code %d.\n\n' "$rc"
	exit 0
fi
count=$(printf '%s\n' "$tapes" | wc -l)
printf '## dvr: %d new tape(s)\n\nThe suite ended with exit code %d. ' \
	"$count" "$rc"
printf 'Commit them with the fix, or as known bugs (`dvr accept --broken`) without '
printf 'it: `dvr regress` replays them from then on.\n\n'

escaped() { sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g'; }
# GitHub refuses a summary over 1 MiB whole: the tapes share less than that.
share=$((600000 / count))
[ "$share" -le 100000 ] || share=100000

# What is cut ends its writer, which must not end the summary.
printf '%s\n' "$tapes" | while IFS= read -r tape; do
	{ "$dvr" review --format markdown "$tape" 2> /dev/null || true; } |
		head -c $((share / 2)) || true
	printf '\n\n<details><summary>%s</summary>\n\n<pre>' \
		"$(printf '%s' "${tape##*/}" | escaped)"
	{ "$dvr" show --color never "$tape" 2>&1 || true; } |
		head -c "$share" | escaped || true
	printf '</pre>\n\n</details>\n\n'
done
