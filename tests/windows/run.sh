#!/usr/bin/env bash
# The installer and what it installs, under Wine: installed, used, upgraded, removed.
#
#   tests/windows/run.sh INSTALLER NEWER_INSTALLER FOLDER_OF_THE_PROGRAMS [--release]
#
# With --release it must be as small and as fast as a release is. Pictures are
# kept in .ci/out/windows. The exit code is 0 when everything went well.
set -euo pipefail
if [ $# -lt 3 ] || [ ! -f "$1" ] || [ ! -f "$2" ] || [ ! -f "$3/relay-emulator.exe" ]; then
    echo "usage: $0 INSTALLER NEWER_INSTALLER FOLDER_OF_THE_PROGRAMS [--release]" >&2
    exit 2
fi
for tool in Xvfb xdotool import convert; do
    command -v "$tool" >/dev/null || {
        echo "$tool is missing; .ci/run lists the packages that are needed" >&2
        exit 2
    }
done
installer=$(realpath "$1") newer=$(realpath "$2") programs=$(realpath "$3")
# shellcheck source=tests/windows/world.sh
. "$(dirname "$0")/world.sh"
out=$(realpath "$here/../..")/.ci/out/windows
rm -rf "$out"
mkdir -p "$out"
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here/../window python3 "$here/story.py" \
    "$installer" "$newer" "$programs" "$out" "${@:4}"
