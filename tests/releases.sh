# shellcheck shell=bash
# Sourced in the repository by what makes releases for stories of upgrades: keys that are made up, and
# manifests that they sign. `work` is a folder for both.

# A version that is made up has nothing in the list of changes of this one.
tools=$work/tools
mkdir -p "$tools/installer"
cp -r installer/release "$tools/installer/"
ln -s "$PWD/assets" "$tools/assets"
for key in own stranger; do
    installer/release/sign.sh --new-key "$work/$key.pem" >"$work/$key.txt"
done
# What is built from here on trusts the one, and not the other.
export HCM_RELEASE_KEYS=$work/own.txt

# release VERSION KEY RELEASE PACKAGE…: puts the packages into the folder RELEASE, signed with the key.
release() {
    local version=$1 key=$2 release=$3
    shift 3
    printf '# Changelog\n\n## %s\n\n- Show what was made up for a test.\n' "$version" \
        >"$tools/CHANGELOG.md"
    mkdir -p "$release"
    ln "$@" "$release/"
    # All of one day: none is older than another.
    HCM_RELEASE_KEY=$work/$key.pem "$tools/installer/release/sign.sh" --version "$version" \
        --released 2026-01-01T00:00:00Z "$release" >&2
}
