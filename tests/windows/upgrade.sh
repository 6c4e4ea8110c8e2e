#!/usr/bin/env bash
# Upgrades by the service, under Wine: done, refused, and finished after something was killed.
#
#   tests/windows/upgrade.sh OLD_VERSION NEW_VERSION RELEASES EMULATOR
#
# RELEASES is what tests/windows/releases.sh has made; EMULATOR is this system's relay-emulator. The
# exit code is 0 when everything went well.
set -euo pipefail
if [ $# != 4 ] || [ ! -d "$3/$1" ] || [ ! -d "$3/$2" ] || [ ! -x "$4" ]; then
    sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
releases=$(realpath "$3") emulator=$(realpath "$4")
command -v Xvfb >/dev/null || {
    echo "Xvfb is missing; .ci/run lists the packages that are needed" >&2
    exit 2
}
# shellcheck source=tests/windows/world.sh
. "$(dirname "$0")/world.sh"
x86_64-w64-mingw32-gcc -o "$world/channel.exe" "$here/channel.c"
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here/../window python3 "$here/upgrade.py" \
    "$1" "$2" "$releases" "$emulator"
