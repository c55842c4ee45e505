#!/usr/bin/env bash
# Commits new tapes on a branch of their own and opens a pull request.
# Environment: TAPES (folders, one a line), BRANCH, DIRECTORY, GH_TOKEN.
set -euo pipefail
cd "${DIRECTORY:-.}"
git switch -q -c "${BRANCH:?}"
printf '%s\n' "${TAPES:?}" | while IFS= read -r tape; do
	git add -- "$tape"
done
if git diff --cached --quiet; then
	echo "dvr: nothing new to commit"
	exit 0
fi
count=$(printf '%s\n' "$TAPES" | wc -l)
git -c user.name=dvr -c user.email=dvr@localhost commit -q \
	-m "dvr: $count new tape(s)"
git push -q origin "HEAD:refs/heads/$BRANCH"
{
	printf 'The suite failed; these tapes hold what led there:\n\n'
	printf '%s\n' "$TAPES" | sed 's/.*/- `&`/'
	printf '\nMerge them with the fix; `dvr regress` replays them then.\n'
} | gh pr create --head "$BRANCH" --title "dvr: $count new tape(s)" --body-file -
