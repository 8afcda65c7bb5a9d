#!/bin/sh
# Says a report on the merge request of a job: note.sh FILE. There is one note, which is written anew each time.
# It takes $PTELIST_TOKEN, an access token with the scope api: a job's own may not write notes.
set -eu

report=$1
if [ -z "${PTELIST_TOKEN:-}" ] || [ -z "${CI_MERGE_REQUEST_IID:-}" ]; then
    echo "ptelist check: no note on the merge request: PTELIST_TOKEN has no token here, as in a fork" >&2
    exit 0
fi
[ -e "$report" ] || exit 0 # nothing could be built, which the job's log tells

body=$(mktemp)
trap 'rm -f "$body"' EXIT
sh "$(dirname "$0")/../.github/actions/check/body.sh" "$report" >"$body"
mark=$(head -n 1 "$body")
notes="$CI_API_V4_URL/projects/$CI_MERGE_REQUEST_PROJECT_ID/merge_requests/$CI_MERGE_REQUEST_IID/notes"

call() { # the token is not among the words of a command, which other users may see
    printf 'PRIVATE-TOKEN: %s\n' "$PTELIST_TOKEN" | curl --silent --show-error --fail --header @- "$@"
}

page=1 known=
while :; do
    listed=$(call "$notes?per_page=100&page=$page")
    known=$(printf %s "$listed" | MARK=$mark python3 -c '
import json, os, sys
print(*[note["id"] for note in json.load(sys.stdin) if note["body"].startswith(os.environ["MARK"])][:1])')
    if [ -n "$known" ] || [ "$listed" = "[]" ]; then break; fi
    page=$((page + 1))
done
if [ -n "$known" ]; then
    call --output /dev/null --request PUT --data-urlencode "body@$body" "$notes/$known"
else
    call --output /dev/null --request POST --data-urlencode "body@$body" "$notes"
fi
