#!/usr/bin/env bash
# The menu entry, the metadata for software centres and the icon, looked at by the programs of
# the desktops. Called without arguments; with the root of a system it looks at what is
# installed there.
set -euo pipefail
cd "$(dirname "$0")/../.."

name=hybrid-connection-manager
# shellcheck source=tests/linux/steps.sh
source tests/linux/steps.sh

root=${1:-$work/root}
share=$root/usr/share
if [ $# -eq 0 ]; then
    install -D -m 644 -t "$share/applications" assets/linux/*.desktop
    install -D -m 644 -t "$share/metainfo" assets/linux/*.metainfo.xml
    for icon in assets/icon/icon-*.png; do
        size=${icon##*-} size=${size%.png}
        install -D -m 644 "$icon" "$share/icons/hicolor/${size}x$size/apps/$name.png"
    done
fi

said=$(desktop-file-validate "$share/applications/$name-gui.desktop" 2>&1) || fail "menu entry: $said"
[ -z "$said" ] || fail "menu entry: $said"
pass "the menu entry is valid"

said=$(appstreamcli validate --pedantic --no-net --no-color "$share"/metainfo/*hybrid_connection_manager*.xml 2>&1) ||
    fail "metadata: $said"
pass "the metadata is valid"
said=$(appstreamcli validate-tree --no-net --no-color "$root" 2>&1) || fail "metadata and menu entry: $said"
pass "the metadata and the menu entry fit each other"

for size in 16 32 48 64 128 256; do
    icon=$share/icons/hicolor/${size}x$size/apps/$(sed -n 's/^Icon=//p' "$share/applications/$name-gui.desktop").png
    [ -s "$icon" ] || fail "there is no icon of $size pixels"
done
pass "the icon of the menu entry is there"
echo "$passed passed, 0 failed"
