#!/usr/bin/env bash
# Makes what the stories of packages and upgrades need: packages of two versions whose programs trust
# a key that is made up here, and releases of both as a feed offers them. Others do not run:
# the service of "fleeting", of the newer version, answers and ends soon; that of "broken", of the next
# one, never answers; and that of "unfit" is no program for this system. A last one, of the newer
# version, is signed by a stranger.
#
#   tests/linux/releases.sh OLD_VERSION NEW_VERSION WINDOW FOLDER
#
# WINDOW is the program of the window, which is not compiled again. It needs what
# installer/linux/build.sh needs, openssl and python3.
set -euo pipefail
if [ $# != 4 ] || [ ! -x "$3" ]; then
    sed -n '2,11s/^# \{0,1\}//p' "$0" >&2
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

# made_up RELEASE VERSION LINE: from the programs of the newer version; its service does LINE when it is
# to run.
made_up() {
    {
        printf '#!/bin/sh\n%s\n' "$3"
        # shellcheck disable=SC2016 # when it runs
        echo 'whole=$(mktemp) && chmod 700 "$whole" && sed "1,/^exec/d" "$0" >"$whole" || exit'
        # shellcheck disable=SC2016
        echo 'exec "$whole" "$@"'
        cat "$work/service"
    } >"$work/$new/$name-service"
    installer/linux/build.sh --profile dev --version "$2" --programs "$work/$new" \
        --out "$folder/made-up" >&2
    release "$2" own "$folder/releases/$1" "$folder"/made-up/*
    rm -r "$folder/made-up"
}
cp "$work/$new/$name-service" "$work/service"
after=${new%.*}.$((${new##*.} + 1))
# shellcheck disable=SC2016 # what they do when they run
{
    made_up fleeting "$new" '[ "$1" != run ] || (sleep 2 && kill -9 $$) >/dev/null 2>&1 &'
    made_up broken "$after" '[ "$1" != run ] || exec sleep 1000'
    made_up unfit "$after" 'echo "the system is too old" >&2 && exit 1'
}
