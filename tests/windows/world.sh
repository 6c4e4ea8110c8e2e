# shellcheck shell=bash
# Sourced: a world of its own, with nothing of the account that runs this, in which Wine can
# run our programs. Gone at the end.
for tool in wine wineserver x86_64-w64-mingw32-gcc; do
    command -v "$tool" >/dev/null || {
        echo "$tool is missing; .ci/run lists the packages that are needed" >&2
        exit 2
    }
done
here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
world=$(mktemp -d)
export HOME=$world/home WINEPREFIX=$world/wine WINEDEBUG=-all WORLD=$world
unset WAYLAND_DISPLAY DISPLAY HCM_HOME RELAY_EMULATOR_STATE
trap 'wineserver -k 2>/dev/null || true; rm -rf "$world"' EXIT
mkdir "$HOME" "$WINEPREFIX"
x86_64-w64-mingw32-gcc -shared -o "$world/bcryptprimitives.dll" "$here/shim.c" -ladvapi32
