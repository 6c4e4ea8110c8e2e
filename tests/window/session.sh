#!/usr/bin/env bash
# Runs one of the Python scripts of this folder in a world of its own: private folders, and a
# session bus at which the window's accessible names can be read.
#
#   tests/window/session.sh SCRIPT ARGUMENTS…
set -euo pipefail

for tool in Xvfb jwm xdotool xclip import dbus-run-session; do
    command -v "$tool" >/dev/null || {
        echo "$tool is missing; .ci/run lists the packages that are needed" >&2
        exit 2
    }
done
for python in python3 /usr/bin/python3 none; do
    [ "$python" != none ] || { echo "python3-gi is missing" >&2; exit 2; }
    "$python" -c "from gi.repository import Gio" 2>/dev/null && break
done

script=$(realpath "$(dirname "$0")/$1")
shift
world=$(mktemp -d)
trap 'rm -rf "$world"' EXIT
mkdir -m 700 "$world/run" "$world/home"

# Nothing of the account that runs this, and no key of a person who looks on.
unset WAYLAND_DISPLAY DISPLAY XAUTHORITY HCM_HOME RELAY_EMULATOR_STATE
export HOME=$world/home XDG_RUNTIME_DIR=$world/run WORLD=$world
export XDG_CONFIG_HOME=$HOME/config XDG_DATA_HOME=$HOME/data XDG_STATE_HOME=$HOME/state
export XDG_CACHE_HOME=$HOME/cache LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
dbus-run-session -- "$python" "$script" "$@" 2>&1 |
    grep --line-buffered -v -e dbus-daemon -e "SpiRegistry daemon"
