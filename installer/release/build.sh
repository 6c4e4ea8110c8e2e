#!/usr/bin/env bash
# Makes a release: the packages of all systems, a bill of materials, the licences of what is linked
# in, what is new, and the signed manifest of all these.
#
#   HCM_RELEASE_KEY=FILE installer/release/build.sh --version X.Y.Z[-PREVIEW] [--released TIME]
#       [--out FOLDER] [--linux-programs FOLDER] [--windows-programs FOLDER] [--profile dev|release]
#
# FOLDER (installer/release/out) must be empty or not there yet; all of it is what a feed offers.
# CHANGELOG.md must have the version. With --linux-programs and --windows-programs nothing is
# compiled: they are what installer/linux/programs.sh --gui and installer/windows/build.sh have
# made of this version. TIME (now) is when it was released, as 2026-11-18T09:00:00Z. The same input
# gives the same bytes. The key is that of sign.sh; this needs what sign.sh and the scripts of the
# packages need.
set -euo pipefail
here=$(realpath "$(dirname "$0")")
repository=$(realpath "$here/../..")
export PYTHONDONTWRITEBYTECODE=1

usage() {
    sed -n '2,15s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

fail() {
    echo "$0: $1" >&2
    exit 1
}

version='' released='' out=$here/out linux='' windows='' profile=release
while [ $# -gt 0 ]; do
    [ $# -ge 2 ] || usage
    case $1 in
        --version) version=$2 ;;
        --released) released=$2 ;;
        --out) out=$2 ;;
        --linux-programs) linux=$2 ;;
        --windows-programs) windows=$2 ;;
        --profile) profile=$2 ;;
        *) usage ;;
    esac
    shift 2
done
[ -n "$version" ] || usage
released=${released:-$(date -u +%Y-%m-%dT%H:%M:%SZ)}

# What is wrong is told before half an hour of compiling; the compilers do not get the key.
"$here/sign.sh" --check-key
key=${HCM_RELEASE_KEY:+$(realpath "$HCM_RELEASE_KEY")} key_pem=${HCM_RELEASE_KEY_PEM:-}
unset HCM_RELEASE_KEY HCM_RELEASE_KEY_PEM
notes=$(mktemp)
stage=''
trap 'rm -rf "$notes" "$stage"' EXIT
python3 "$here/notes.py" "$repository/CHANGELOG.md" "$version" >"$notes"
mkdir -p "$out"
[ -z "$(ls -A "$out")" ] || fail "$out is not empty; a release is made of what is new alone"
out=$(realpath "$out")
# Beside it: what is not whole is no release.
stage=$(mktemp -d "$out.XXXXXX")
chmod 755 "$stage"
# They may stand beside the caller.
[ -z "${HCM_RELEASE_KEYS:-}" ] || HCM_RELEASE_KEYS=$(realpath "$HCM_RELEASE_KEYS")
[ -z "$linux" ] || linux=$(realpath "$linux")
[ -z "$windows" ] || windows=$(realpath "$windows")
cd "$repository"
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH

# says PROGRAM: whether a program is of the version that its package has.
says() {
    local said
    said=$("$1" --version) || fail "$1 does not run here"
    [ "${said##* }" = "$version" ] || fail "$1 says that it is version ${said##* }, and not $version"
}
# says_in_file PROGRAM: the same of one for Windows.
says_in_file() {
    python3 - "$1" "$version" <<'READ' || fail "$1 does not say that it is version $version"
import re, sys
data, version = open(sys.argv[1], "rb").read(), sys.argv[2]
name, text = (re.escape(f"{one}\0".encode("utf-16-le")) for one in ("ProductVersion", version))
sys.exit(not re.search(name + b"(\0\0)?" + text, data))
READ
}

programs=$stage/programs
if [ -z "$linux" ]; then
    linux=$programs/linux
    installer/linux/programs.sh --profile "$profile" --version "$version" --gui --out "$linux" >&2
fi
for program in hcm hybrid-connection-manager-service hybrid-connection-manager-gui; do
    says "$linux/$program"
done
installer/linux/build.sh --profile "$profile" --version "$version" --programs "$linux" \
    --out "$stage/files" >&2
installer/windows/build.sh --profile "$profile" --version "$version" \
    ${windows:+--programs "$windows"} --out "$stage/windows" >&2
for program in "${windows:-$stage/windows/programs}"/*.exe; do
    says_in_file "$program"
done
mv "$stage/windows"/*.msi "$stage/files/"

python3 "$here/sbom.py" "$version" "$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)" \
    >"$stage/files/sbom.cdx.json"
python3 "$here/licences.py" >"$stage/files/THIRD-PARTY-LICENSES.txt"
mv "$notes" "$stage/files/notes.md"
chmod 644 "$stage/files"/*
HCM_RELEASE_KEY=$key HCM_RELEASE_KEY_PEM=$key_pem \
    "$here/sign.sh" --version "$version" --released "$released" "$stage/files" >&2
mv "$stage/files"/* "$out/"
printf '%s\n' "$out"/*
