#!/usr/bin/env bash
# Markdown about a recording: summary.sh DVR EXIT-CODE FOLDERS-OF-NEW-TAPES
set -euo pipefail
dvr=$1 rc=$2 tapes=$3

if [ -z "$tapes" ]; then
	printf '## dvr: no new tape\n\nThe suite ended with exit code %d.\n\n' "$rc"
	exit 0
fi
printf '## dvr: %d new tape(s)\n\nThe suite ended with exit code %d. ' \
	"$(printf '%s\n' "$tapes" | wc -l)" "$rc"
printf 'Commit them with the fix, or as known bugs (`dvr accept --broken`) without '
printf 'it: `dvr regress` replays them from then on.\n\n'
printf '%s\n' "$tapes" | while IFS= read -r tape; do
	"$dvr" review --format markdown "$tape" 2>&1 | head -c 50000
	printf '<details><summary>%s</summary>\n\n<pre>' "${tape##*/}"
	"$dvr" show --color never "$tape" 2>&1 | head -c 100000 |
		sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g'
	printf '</pre>\n\n</details>\n\n'
done
