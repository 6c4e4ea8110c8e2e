#!/usr/bin/env bash
# Makes what the stories of Windows need: installers of two versions whose programs trust a key that
# is made up here, and releases of both as a feed offers them, in FOLDER/releases. A third release,
# "strangers", is the newer version signed by a stranger.
#
#   tests/windows/releases.sh OLD_VERSION NEW_VERSION FOLDER
#
# The old version is built as a release is, and its programs are in FOLDER/programs. It needs what
# installer/windows/build.sh needs, and openssl.
set -euo pipefail
if [ $# != 3 ]; then
    sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
old=$1 new=$2
mkdir -p "$3"
folder=$(realpath "$3")
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A version that is made up has nothing in the list of changes of this one.
tools=$work/tools
mkdir -p "$tools/installer"
cp -r installer/release "$tools/installer/"
ln -s "$PWD/assets" "$tools/assets"

# release VERSION KEY RELEASE
release() {
    printf '# Changelog\n\n## %s\n\n- Show what was made up for a test.\n' "$1" >"$tools/CHANGELOG.md"
    mkdir -p "$folder/releases/$3"
    ln "$folder/hybrid-connection-manager-$1.msi" "$folder/releases/$3/"
    HCM_RELEASE_KEY=$2 "$tools/installer/release/sign.sh" --version "$1" "$folder/releases/$3" >&2
}

for key in own stranger; do
    installer/release/sign.sh --new-key "$work/$key.pem" >"$work/$key.txt"
done
export HCM_RELEASE_KEYS=$work/own.txt
installer/windows/build.sh --version "$old" --out "$folder" >&2
installer/windows/build.sh --version "$new" --profile dev --out "$work/new" >&2
mv "$work/new"/*.msi "$folder"
release "$old" "$work/own.pem" "$old"
release "$new" "$work/own.pem" "$new"
release "$new" "$work/stranger.pem" strangers
