#!/bin/sh
# Builds the merge base and the head, holds the one against the other, and writes the report to $REPORT, in Markdown,
# and to stdout as $FORMAT.
# Exit code: that of ptelist check; 2 where a tree cannot be had or built.
set -u

fail() {
    echo "ptelist check: $1" >&2
    exit 2
}

built() { # builds the tree in folder $1, which is said to be $2
    (cd "$1" && sh -euc "$BUILD") >&2 || fail "the build of $2 failed"
    for part in $(echo "$IMAGE" | tr + ' '); do
        [ -f "$1/$part" ] || fail "the build of $2 left no $part"
    done
}

under() { # each part of the image, below folder $1
    echo "$1/$IMAGE" | sed "s|+|+$1/|g"
}

clear_other() { # removes the tree of the merge base, also one that a run left which was ended
    git worktree remove --force --force "$other" 2>/dev/null
    [ ! -f "$other/.git" ] || rm -rf "$other" # the worktree of another clone
    git worktree prune
}

cd "$(git rev-parse --show-toplevel)" || fail "no git tree is here"
other=../ptelist-merge-base # a report names it, so it is the same every time
rm -f "$REPORT"             # one that an earlier run left
set --
if [ -n "${BASELINE:-}" ]; then
    echo "held against $BASELINE, as old as it is" >&2
    set -- --baseline "$BASELINE"
else
    [ -n "${BASE:-}" ] || fail "base: no commit to compare with, as outside of a pull request"
    base=$(git merge-base "$BASE" HEAD) || fail "no merge base with $BASE: check out with fetch-depth: 0"
    clear_other
    trap clear_other EXIT
    trap 'exit 2' HUP INT TERM # which goes by EXIT
    git worktree add --quiet --detach "$other" "$base" || fail "$base cannot be checked out"
    echo "merge base: $base" >&2
    built "$other" "the merge base"
    set -- --against-from "$(under "$other")"
fi
built . "the head"
[ -z "${BUDGETS:-}" ] || set -- "$BUDGETS" "$@"
# OPTIONS are words; none has a blank in it
# shellcheck disable=SC2086
ptelist check "$@" --kernel-from "$IMAGE" ${OPTIONS:-} --format "${FORMAT:-github}" --report "markdown=$REPORT"
code=$?
[ ! -f "$REPORT" ] || [ -z "${GITHUB_OUTPUT:-}" ] || echo "report=$REPORT" >>"$GITHUB_OUTPUT"
exit "$code"
