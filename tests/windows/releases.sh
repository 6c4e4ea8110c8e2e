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

# shellcheck source=tests/releases.sh
source tests/releases.sh

installer/windows/build.sh --version "$old" --out "$folder" >&2
installer/windows/build.sh --version "$new" --profile dev --out "$work/new" >&2
mv "$work/new"/*.msi "$folder"
for version in "$old" "$new"; do
    release "$version" own "$folder/releases/$version" "$folder/hybrid-connection-manager-$version.msi"
done
release "$new" stranger "$folder/releases/strangers" "$folder/hybrid-connection-manager-$new.msi"
