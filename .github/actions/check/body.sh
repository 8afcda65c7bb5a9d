#!/bin/sh
# Prints a comment with a report: body.sh FILE. Its first line tells a comment of ours from others.
set -eu

report=$1
longest=60000 # characters; GitHub takes 65,536

# A link may point to what nobody is to read, and a report may come from a fork.
if [ ! -f "$report" ] || [ -L "$report" ]; then
    echo "ptelist check: $report: no file with a report" >&2
    exit 2
fi
echo "<!-- ptelist check -->"
echo
head -c "$longest" "$report"
[ "$(wc -c <"$report")" -le "$longest" ] || printf '\n\n[...] The whole report is in the log of the check.\n'
