#!/usr/bin/env bash
# Makes what the stories of packages and upgrades need: packages of two versions whose programs trust
# a key that is made up here, and releases of both as a feed offers them. A third release, "broken",
# has a service that never answers; a fourth, of the newer version, is signed by a stranger.
#
#   tests/linux/releases.sh OLD_VERSION NEW_VERSION WINDOW FOLDER
#
# WINDOW is the program of the window, which is not compiled again. It needs what
# installer/linux/build.sh needs, openssl and python3.
set -euo pipefail
if [ $# != 4 ] || [ ! -x "$3" ]; then
    sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
old=$1 new=$2 window=$(realpath "$3")
mkdir -p "$4"
folder=$(realpath "$4")
cd "$(dirname "$0")/../.."
name=hybrid-connection-manager
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A version that is made up has nothing in the list of changes of this one.
tools=$work/tools
mkdir -p "$tools/installer"
cp -r installer/release "$tools/installer/"
ln -s "$PWD/assets" "$tools/assets"

# pack VERSION PROGRAMS
pack() {
    installer/linux/build.sh --profile dev --version "$1" --programs "$2" --out "$folder" >&2
}
# release VERSION KEY RELEASE
release() {
    printf '# Changelog\n\n## %s\n\n- Show what was made up for a test.\n' "$1" >"$tools/CHANGELOG.md"
    mkdir -p "$folder/$3"
    ln "$folder"/*[-_]"$1"[-_.]* "$folder/$3/"
    # All of one day: none is older than another.
    HCM_RELEASE_KEY=$2 "$tools/installer/release/sign.sh" --version "$1" \
        --released 2026-01-01T00:00:00Z "$folder/$3" >&2
}

for key in own stranger; do
    installer/release/sign.sh --new-key "$work/$key.pem" >"$work/$key.txt"
done
for version in "$old" "$new"; do
    HCM_RELEASE_KEYS=$work/own.txt installer/linux/programs.sh --profile dev \
        --version "$version" --out "$work/$version" >&2
    cp "$window" "$work/$version/$name-gui"
    pack "$version" "$work/$version"
    release "$version" "$work/own.pem" "releases/$version"
done
release "$new" "$work/stranger.pem" strangers

broken=${new%.*}.$((${new##*.} + 1))
cat >"$work/$new/$name-service" <<'SERVICE'
#!/bin/sh
[ "$1" != --version ] || exec echo broken
exec sleep 1000
SERVICE
pack "$broken" "$work/$new"
release "$broken" "$work/own.pem" releases/broken
rm "$folder"/*[-_]"$broken"[-_.]*
