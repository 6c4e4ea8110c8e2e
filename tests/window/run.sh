#!/usr/bin/env bash
# The real window on a display that nobody sees: opened, clicked and typed into, with a real
# service and the emulator behind it.
#
#   tests/window/run.sh FOLDER_OF_THE_PROGRAMS
#
# Its pictures are kept in .ci/out/window. The exit code is 0 when everything went well.
set -euo pipefail
if [ $# -ne 1 ] || [ ! -x "$1/hybrid-connection-manager-gui" ]; then
    echo "usage: $0 FOLDER_OF_THE_PROGRAMS" >&2
    exit 2
fi
programs=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
out=$(realpath "$here/../..")/.ci/out/window
rm -rf "$out"
mkdir -p "$out"
exec "$here/session.sh" story.py "$programs" "$out"
