#!/bin/sh
# Prints the number of the open pull request whose head a workflow ran on: the one of $OWNER's $BRANCH that is at $SHA.
# GitHub says all three of the run. What the run itself left behind, such as an artifact, its author may have written,
# and a number in it may be that of another pull request. The event's own list of them is empty for forks.
set -eu

case $SHA in
'' | *[!0-9a-f]*) echo "ptelist check: SHA: expected a commit's hash" >&2 && exit 2 ;;
esac
number=$(gh api --method GET "repos/$GITHUB_REPOSITORY/pulls" --raw-field state=open --raw-field "head=$OWNER:$BRANCH" \
    --jq ".[] | select(.head.sha == \"$SHA\") | .number" | head -n 1)
if [ -z "$number" ]; then
    echo "ptelist check: no open pull request of $OWNER:$BRANCH is at $SHA" >&2
    exit 2
fi
echo "$number"
