#!/usr/bin/env bash
# Builds the programs for Linux, as they are in packages and images.
#
#   installer/linux/programs.sh [--profile dev|release] [--version X.Y.Z[-PREVIEW]] [--gui]
#                               --out FOLDER
#
# hcm and hybrid-connection-manager-service are static: they run on every distribution, and in an
# empty root. With --gui the window is there too; it loads what draws from the system, and needs
# the C library of this machine or a newer one. Debug information is left out. Without --version
# they say that they are of the version of the package. It needs gcc and musl-tools.
set -euo pipefail
repository=$(realpath "$(dirname "$0")/../..")
target=x86_64-unknown-linux-musl
static=(hcm hybrid-connection-manager-service)

usage() {
    sed -n '2,10s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

profile=release version='' gui='' out=''
while [ $# -gt 0 ]; do
    case $1 in
        --gui) gui=yes ;;
        --profile | --version | --out)
            [ $# -ge 2 ] || usage
            printf -v "${1#--}" %s "$2"
            shift
            ;;
        *) usage ;;
    esac
    shift
done
case $profile in dev | release) ;; *) usage ;; esac
[ -n "$out" ] || usage
[ -z "$version" ] || export HCM_VERSION=$version
command -v musl-gcc >/dev/null || {
    echo "$0: musl-gcc is missing; install musl-tools" >&2
    exit 2
}
[ -d "$(rustc --print sysroot)/lib/rustlib/$target/lib" ] || rustup target add "$target" || {
    echo "$0: the standard library for $target is missing; add it with: rustup target add $target" >&2
    exit 2
}
mkdir -p "$out"
out=$(realpath "$out")

cd "$repository"
built=${CARGO_TARGET_DIR:-target}
folder=${profile/dev/debug}
put() { # put FOLDER PROGRAM
    strip --strip-all -o "$out/$2.new" "$1/$2"
    chmod 755 "$out/$2.new"
    mv "$out/$2.new" "$out/$2"
    echo "$out/$2"
}
CC_x86_64_unknown_linux_musl=musl-gcc cargo build --locked --profile "$profile" \
    --no-default-features --target "$target" "${static[@]/#/--bin=}"
for program in "${static[@]}"; do
    # A loader in it would be missed only where there is none.
    if readelf --program-headers "$built/$target/$folder/$program" | grep -q INTERP; then
        echo "$0: $program is not static" >&2
        exit 1
    fi
    put "$built/$target/$folder" "$program"
done
if [ -n "$gui" ]; then
    window=hybrid-connection-manager-gui
    cargo build --locked --profile "$profile" --all-features --bin $window
    put "$built/$folder" $window
fi
