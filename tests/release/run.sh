#!/usr/bin/env bash
# Plays a publisher: makes a release out of programs that are there, and looks at all of it.
#
#   tests/release/run.sh FOLDER_OF_THE_PROGRAMS PROGRAMS_FOR_LINUX PROGRAMS_FOR_WINDOWS
#
# The first are those of cargo; the others what installer/linux/programs.sh and
# installer/windows/build.sh have made, of the version in Cargo.toml. What looks at the bill of
# materials is installed into release-checks beside the first folder, once. The last line says how
# many checks passed; the exit code is 0 when none failed.
set -uo pipefail
linux=$(realpath "${2:-.}") windows=$(realpath "${3:-.}")
set -- "${1:-}"
# shellcheck source=tests/clients.sh
source "$(dirname "$0")/../clients.sh"
scratch=$work
# shellcheck source=tests/linux/checks.sh
source ../linux/checks.sh
repository=$(realpath ../..)
unset HCM_RELEASE_KEY HCM_RELEASE_KEY_PEM HCM_RELEASE_KEYS

version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$repository/Cargo.toml" | head -n 1)
sign=$repository/installer/release/sign.sh
out=$work/out/stable
make() { # make KEY VERSION FOLDER
    HCM_RELEASE_KEY=$1 HCM_RELEASE_KEYS=$work/keys.txt "$repository/installer/release/build.sh" \
        --version "$2" --released 2026-11-18T09:00:00Z --profile dev --out "$3" \
        --linux-programs "$linux" --windows-programs "$windows"
}
refused() { ! "$@"; }
nothing_in() { [ -z "$(ls -A "$1" 2>/dev/null)" ]; }

"$sign" --new-key "$work/key.pem" >"$work/keys.txt"
"$sign" --new-key "$work/strange.pem" >/dev/null

# What cannot become a release.
check "without a key there is none" says "HCM_RELEASE_KEY does not name a private key" \
    make "" "$version" "$out"
check "with a key that no program trusts there is none" says "no program trusts this key" \
    make "$work/strange.pem" "$version" "$out"
check "of a version without notes there is none" says "CHANGELOG.md has nothing of 98.7.6" \
    make "$work/key.pem" 98.7.6 "$out"
check "of what is no version there is none" refused make "$work/key.pem" "$version+1" "$out"
check "of programs of another version there is none" \
    says "says that it is version $version, and not $version-rc.1" \
    make "$work/key.pem" "$version-rc.1" "$out"
check "nothing was left of these" nothing_in "$out"
check "nor beside it" is "$(find "$work/out" -mindepth 1 ! -name stable | wc -l)" 0

# The release.
check "a release is made" make "$work/key.pem" "$version" "$out"
check "nothing of another key or version gets between it" says "is not empty" \
    make "$work/key.pem" "$version" "$out"
cd "$out" || exit 1
name=hybrid-connection-manager
check "it has the packages of all systems, and its papers" is "$(echo ./*)" \
    "./THIRD-PARTY-LICENSES.txt ./$name-$version-1.x86_64.rpm ./$name-$version-x86_64.tar.gz \
./$name-$version.msi ./$name-gui-$version-1.x86_64.rpm ./$name-gui_$version-1_amd64.deb \
./${name}_$version-1_amd64.deb ./manifest.json ./manifest.json.sig ./notes.md ./sbom.cdx.json"
hashes() {
    python3 -c 'import json
for file in json.load(open("manifest.json"))["files"]: print(file["sha256"], "", file["name"])'
}
check "the manifest names each of them" is "$(hashes | wc -l)" 9
check "with its hash" sh -c "$(declare -f hashes); hashes | sha256sum --check --strict"
check "the notes are those of the changelog" \
    grep -qxF -- "$(sed -n '/^- /{p;q}' "$repository/CHANGELOG.md")" notes.md
again=$work/again
check "it is made again" make "$work/key.pem" "$version" "$again"
check "and is the same to the byte" diff -r . "$again"

# The licences of what is linked in are wherever the programs are.
licences=THIRD-PARTY-LICENSES.txt
for package in "${name}" "${name}-gui"; do
    check "$package.deb has the licences" says "$licences" dpkg-deb -c "${package}_$version-1_amd64.deb"
    check "$package.rpm has the licences" says "$licences" rpm -qlp "$package-$version-1.x86_64.rpm"
done
check "the archive has the licences" says "$licences" tar -tzf "$name-$version-x86_64.tar.gz"
check "the installer has the licences" says "$licences" msiinfo export "$name-$version.msi" File

# The bill of materials.
cd "$repository/tests/release" || exit 1
python_environment release-checks
check "the bill of materials is as CycloneDX has it, and complete" \
    "$environment/bin/python" sbom.py "$out/sbom.cdx.json" "$out/$licences" "$version" \
    "$repository/Cargo.lock"
check "a wrong one is found" refused "$environment/bin/python" sbom.py "$out/sbom.cdx.json" \
    "$out/notes.md" "$version" "$repository/Cargo.lock"

# A feed offers it, and a service that does not trust its key says so.
"$emulator" feed "$work/out" >"$work/feed" 2>"$work/log" &
started+=($!)
wait_for "$work/feed" "The feed is" "the feed"
feed=$(sed -n 's/^The feed is //p' "$work/feed")
export HCM_HOME=$work/home
"$programs/hybrid-connection-manager-service" run --quiet 2>"$work/log" &
started+=($!)
check "a service runs" soon "$programs/hcm" version -o json
check "it is told of the feed" "$programs/hcm" settings set upgrade.feed "$feed"
check "it does not trust what others have signed" says "a key that is not trusted" \
    "$programs/hcm" version

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
