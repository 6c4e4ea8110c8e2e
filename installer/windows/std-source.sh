#!/usr/bin/env bash
# Puts the source of Rust's standard library where cargo looks for it, from Debian's package
# of our compiler's version. Nothing is installed. For machines that reach a mirror of Debian
# and no server of Rust.
set -euo pipefail
version=$(rustc --version | cut -d' ' -f2)
library=$(rustc --print sysroot)/lib/rustlib/src/rust/library
[ ! -d "$library" ] || exit 0

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# The mirror that this machine uses already, with the suite that has new compilers.
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
    grep -oE 'https?://[^ ]+/debian/?' | head -1)
[ -n "$mirror" ] || { echo "$0: this machine has no mirror of Debian" >&2; exit 2; }
list=/etc/apt/sources.list.d/rust-source.list
echo "deb $mirror trixie-backports main" >"$list"
trap 'rm -rf "$folder" "$list"' EXIT
apt-get update -qq
cd "$folder"
package=$(apt-cache madison rust-src | awk -v version="$version" '$3 ~ "^" version { print $3; exit }')
[ -n "$package" ] || { echo "$0: Debian has no rust-src $version" >&2; exit 2; }
apt-get download -qq "rust-src=$package"
dpkg -x rust-src_*.deb source
mkdir -p "$(dirname "$library")"
cp -r "source/usr/src/rustc-$version/library" "$library"
