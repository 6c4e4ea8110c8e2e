#!/usr/bin/env bash
# What the window costs: its start, memory, processor time, and how soon an event is on screen.
#
#   benches/window/measure.sh FOLDER_OF_THE_PROGRAMS [wgpu|glow]…
#
# For release builds, on a machine that does nothing else. Drawn in software under Xvfb, which
# is dearer than any real display: a processor stands in for the graphics card.
set -euo pipefail
if [ $# -lt 1 ] || [ ! -x "$1/hybrid-connection-manager-gui" ]; then
    echo "usage: $0 FOLDER_OF_THE_PROGRAMS [wgpu|glow]…" >&2
    exit 2
fi
command -v Xvfb >/dev/null || { echo "Xvfb is missing (package xvfb)" >&2; exit 2; }
programs=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
shift
world=$(mktemp -d)
trap 'rm -rf "$world"' EXIT
mkdir -m 700 "$world/run" "$world/home"

unset WAYLAND_DISPLAY DISPLAY XAUTHORITY HCM_HOME RELAY_EMULATOR_STATE DBUS_SESSION_BUS_ADDRESS
export HOME=$world/home XDG_RUNTIME_DIR=$world/run WORLD=$world LC_ALL=C.UTF-8
export XDG_CONFIG_HOME=$HOME/config XDG_DATA_HOME=$HOME/data XDG_STATE_HOME=$HOME/state
export XDG_CACHE_HOME=$HOME/cache PYTHONDONTWRITEBYTECODE=1
export PYTHONPATH=$here/../../tests/window
python3 "$here/measure.py" "$programs" "$@"
