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

# shellcheck source=tests/releases.sh
source tests/releases.sh

# pack VERSION PROGRAMS
pack() {
    installer/linux/build.sh --profile dev --version "$1" --programs "$2" --out "$folder" >&2
}
for version in "$old" "$new"; do
    installer/linux/programs.sh --profile dev --version "$version" --out "$work/$version" >&2
    cp "$window" "$work/$version/$name-gui"
    pack "$version" "$work/$version"
    release "$version" own "$folder/releases/$version" "$folder"/*[-_]"$version"[-_.]*
done
release "$new" stranger "$folder/strangers" "$folder"/*[-_]"$new"[-_.]*

broken=${new%.*}.$((${new##*.} + 1))
cat >"$work/$new/$name-service" <<'SERVICE'
#!/bin/sh
[ "$1" != --version ] || exec echo broken
exec sleep 1000
SERVICE
pack "$broken" "$work/$new"
release "$broken" own "$folder/releases/broken" "$folder"/*[-_]"$broken"[-_.]*
rm "$folder"/*[-_]"$broken"[-_.]*
