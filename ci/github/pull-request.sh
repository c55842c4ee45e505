#!/usr/bin/env bash
# Commits new tapes on a branch of their own and opens a pull request.  They come
# as known bugs, so that it is green; the fix's own pull request accepts them.
# Environment: TAPES (folders, one a line), BRANCH, DIRECTORY, GH_TOKEN;
# DVR_BINARY, RUN_URL (optional).
set -euo pipefail
cd "${DIRECTORY:-.}"
dvr=${DVR_BINARY:-dvr}
git switch -q -c "${BRANCH:?}"
body=$(mktemp)
trap 'rm -f "$body"' EXIT
printf 'The suite failed; these tapes hold what led there. Each is a known bug from ' > "$body"
printf 'here on: `dvr regress` expects its failure, and says so when a build passes. ' >> "$body"
printf 'The pull request with the fix runs `dvr accept TAPE` and commits it.\n\n' >> "$body"
while IFS= read -r tape; do
	# What never reproduced cannot be expected to fail; it does not gate for now.
	"$dvr" accept --broken "$tape" ||
		"$dvr" quarantine --until 14d --owner "${GITHUB_ACTOR:-CI}" \
			--reason "recorded in CI, never reproduced" \
			--link "${RUN_URL:-}" "$tape" || true
	"$dvr" review --format markdown "$tape" >> "$body" ||
		printf -- '- `%s`\n' "$tape" >> "$body"
	git add -- "$tape"
done <<< "${TAPES:?}"
if git diff --cached --quiet; then
	echo "dvr: nothing new to commit"
	exit 0
fi
count=$(printf '%s\n' "$TAPES" | wc -l)
git -c user.name=dvr -c user.email=dvr@localhost commit -q \
	-m "dvr: $count new tape(s)"
git push -q origin "HEAD:refs/heads/$BRANCH"
# GitHub refuses a body over 65,536 characters.
head -c 60000 "$body" |
	gh pr create --head "$BRANCH" --title "dvr: $count new tape(s)" --body-file -
