#!/usr/bin/env bash
# Looks at the packages themselves: their rules, what they ask for, and whether the same input
# gives the same packages.
#
#   files.sh FOLDER_OF_THE_PACKAGES VERSION
#
# shellcheck disable=SC2317 # what check calls
set -uo pipefail
packages=$1 new=$2
here=$(realpath "$(dirname "$0")")
name=hybrid-connection-manager
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
check() {
    local what=$1
    shift
    if "$@" >"$work/last" 2>&1; then
        echo "ok: $what"
    else
        failed=1
        echo "failed: $what"
        sed 's/^/    /' "$work/last"
    fi
}
lintian_is_silent() {
    local said
    said=$(lintian --allow-root --fail-on error,warning "$packages"/*_"$new"-1_amd64.deb 2>&1)
    echo "$said"
    [ -z "$said" ]
}
# asks_for FILE WHAT…: the .rpm requires these.
asks_for() {
    local file=$1 what
    shift
    for what in "$@"; do
        rpm -qp --requires "$packages/$file" 2>/dev/null | grep -qxF "$what" ||
            { echo "$what"; return 1; }
    done
}
# Only shells, CAs, and the abilities of rpm.
service_asks_for_little() {
    ! rpm -qp --requires "$packages/$name-$new-1.x86_64.rpm" 2>/dev/null |
        grep -vE '^(/bin/sh|ca-certificates|rpmlib\(.*)$'
}
static() { ! readelf --program-headers "$1" | grep INTERP; }
same_again() {
    mkdir -p "$work/programs" "$work/again"
    cp "$work/gui/usr/bin/"* "$work/service/usr/bin/"* "$work/programs/" &&
        "$here/../../../installer/linux/build.sh" --profile dev --version "$new" \
            --programs "$work/programs" --out "$work/again" &&
        for file in "$work/again"/*; do
            cmp "$file" "$packages/${file##*/}" || return 1
        done
}
version_is_refused() { ! "$here/../../../installer/linux/build.sh" --version 1.2 --out "$work/no"; }

check "lintian has nothing to say" lintian_is_silent
dpkg-deb -x "$packages/${name}_$new-1_amd64.deb" "$work/service"
dpkg-deb -x "$packages/$name-gui_$new-1_amd64.deb" "$work/gui"
check "hcm is static" static "$work/service/usr/bin/hcm"
check "so is the service" static "$work/service/usr/bin/$name-service"
check "the .rpm of the service asks for CAs and no library" service_asks_for_little
check "that of the window asks for its service and what it loads" asks_for \
    "$name-gui-$new-1.x86_64.rpm" "$name >= ${new%.*}" "libX11.so.6()(64bit)" \
    "libxkbcommon-x11.so.0()(64bit)" "libc.so.6()(64bit)"
check "the menu entry is valid" desktop-file-validate "$work/gui/usr/share/applications/"*.desktop
for file in "$work/gui/usr/share/metainfo/"*.xml; do
    [ ! -e "$file" ] || check "the metadata is valid" appstreamcli validate --no-net "$file"
done
check "the same input gives the same packages" same_again
check "a version that is none is refused" version_is_refused
exit $failed
