#!/bin/sh
# Says a report on a pull request: comment.sh NUMBER FILE. There is one comment, which is written anew each time.
set -eu

number=$1 report=$2
body=$(mktemp)
trap 'rm -f "$body"' EXIT
sh "$(dirname "$0")/body.sh" "$report" >"$body"
mark=$(head -n 1 "$body")

comments="repos/$GITHUB_REPOSITORY/issues/$number/comments"
known=$(gh api --paginate "$comments" --jq ".[] | select(.body | startswith(\"$mark\")) | .id" | head -n 1)
if [ -n "$known" ]; then
    gh api --silent --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$known" --field "body=@$body"
else
    gh api --silent --method POST "$comments" --field "body=@$body"
fi
