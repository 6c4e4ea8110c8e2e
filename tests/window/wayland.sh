#!/usr/bin/env bash
# The real window on a Wayland desktop that nobody sees, without an X server: its place in the
# dock, clicked, typed and pasted into, at twice the size, brought to the front, with the
# desktop's title bar and with its own, and in a home that cannot be written.
#
#   tests/window/wayland.sh FOLDER_OF_THE_PROGRAMS
#
# Its pictures are kept in .ci/out/wayland. The exit code is 0 when everything went well.
set -euo pipefail
if [ $# -ne 1 ] || [ ! -x "$1/hybrid-connection-manager-gui" ]; then
    echo "usage: $0 FOLDER_OF_THE_PROGRAMS" >&2
    exit 2
fi
programs=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
out=$(realpath "$here/../..")/.ci/out/wayland
for tool in sway swaymsg grim wl-copy unshare; do
    command -v "$tool" >/dev/null || {
        echo "$tool is missing; .ci/run lists the packages that are needed" >&2
        exit 2
    }
done
rm -rf "$out"
mkdir -p "$out"
exec "$here/session.sh" wayland.py "$programs" "$out"
