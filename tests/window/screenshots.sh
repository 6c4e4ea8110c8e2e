#!/usr/bin/env bash
# Pictures of the real window, for the README: a real service, the emulator and traffic.
#
#   tests/window/screenshots.sh FOLDER_OF_THE_PROGRAMS [SECONDS_OF_TRAFFIC]
#
# Writes docs/screenshots. The charts show five minutes, so it takes a little longer than that;
# for a try, name fewer seconds.
set -euo pipefail
if [ $# -lt 1 ] || [ ! -x "$1/hybrid-connection-manager-gui" ]; then
    echo "usage: $0 FOLDER_OF_THE_PROGRAMS [SECONDS_OF_TRAFFIC]" >&2
    exit 2
fi
programs=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
out=$(realpath "$here/../..")/docs/screenshots
mkdir -p "$out"
exec "$here/session.sh" screenshots.py "$programs" "$out" "${2:-305}"
