# shellcheck shell=bash
# Sourced by what is looked at on Linux: a folder that goes at the end, and steps that are told and
# counted, of which the first that fails is the last.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
pass() { passed=$((passed + 1)); echo "ok: $1"; }
fail() {
    echo "failed: $1" >&2
    echo "$passed passed, 1 failed"
    exit 1
}
