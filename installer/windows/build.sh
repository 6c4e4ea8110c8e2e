#!/usr/bin/env bash
# Builds the programs for Windows, and the installer of them, on Linux.
#
#   installer/windows/build.sh [--profile dev|release] [--version X.Y.Z[-PREVIEW]] [--out FOLDER]
#                              [--programs FOLDER]
#   installer/windows/build.sh --lint
#
# The version is that of the package unless another is given: previews and tests of upgrades have
# one. The installer is put into FOLDER (installer/windows/out), and the programs beside it. With
# --programs nothing is compiled: they are there, and say of themselves what they were built with.
# It needs gcc-mingw-w64-x86-64, wixl, msitools and python3. With --lint nothing is built: clippy
# looks at what only Windows compiles, and warnings are errors.
set -euo pipefail
here=$(realpath "$(dirname "$0")")
repository=$(realpath "$here/../..")
target=x86_64-pc-windows-gnu
programs=(hcm hybrid-connection-manager-service hybrid-connection-manager-gui relay-emulator)

usage() {
    sed -n '2,12s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

profile=release version='' out=$here/out programs_from='' lint=''
while [ $# -gt 0 ]; do
    if [ "$1" = --lint ]; then
        lint=yes
        shift
        continue
    fi
    case $1 in
        --profile) profile=${2:-} ;;
        --version) version=${2:-} ;;
        --out) out=${2:-} ;;
        --programs) programs_from=${2:-} ;;
        *) usage ;;
    esac
    [ $# -ge 2 ] || usage
    shift 2
done
case $profile in dev | release) ;; *) usage ;; esac
[ -n "$version" ] ||
    version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$repository/Cargo.toml" | head -1)
[[ $version =~ ^([0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,5})(-[0-9A-Za-z]+(\.[0-9A-Za-z]+)*)?$ ]] || {
    echo "$0: \"$version\" is no version that Windows Installer takes: three numbers, X.Y.Z, and for a preview X.Y.Z-rc.N" >&2
    exit 2
}
# Windows Installer knows numbers alone: a preview has those of its version (tables.py).
numbers=${BASH_REMATCH[1]}
tools=(wixl msibuild msiinfo python3)
[ -n "$programs_from" ] || tools+=(x86_64-w64-mingw32-gcc x86_64-w64-mingw32-windres)
for tool in "${tools[@]}"; do
    command -v "$tool" >/dev/null || {
        echo "$0: $tool is missing; install gcc-mingw-w64-x86-64 wixl msitools python3" >&2
        exit 2
    }
done

std=()
prepare_std() {
    if ! rustup target add "$target" >/dev/null 2>&1 &&
        [ ! -d "$(rustc --print sysroot)/lib/rustlib/$target/lib" ]; then
        # No server for ready-made parts: the standard library is built from its source.
        "$here/std-source.sh"
        export RUSTC_BOOTSTRAP=1
        std=("-Zbuild-std=std,panic_abort,panic_unwind")
    fi
}

# compile FOLDER: builds the programs into it, without what only a debugger reads.
compile() {
    local built=${CARGO_TARGET_DIR:-target}/$target/${profile/dev/debug} program
    prepare_std
    HCM_VERSION=$version cargo build --locked "${std[@]}" --profile "$profile" --all-features \
        --target "$target" "${programs[@]/#/--bin=}"
    for program in "${programs[@]}"; do
        x86_64-w64-mingw32-strip -o "$1/$program.exe" "$built/$program.exe"
    done
}

[ -z "$programs_from" ] || programs_from=$(realpath "$programs_from")
cd "$repository"
if [ -n "$lint" ]; then
    prepare_std
    cargo clippy --locked "${std[@]}" --all-features --target "$target" --lib --bins -- -D warnings
    exit
fi
# The same input gives the same installer.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
if [ -n "$programs_from" ]; then
    for program in "${programs[@]}"; do
        cp "$programs_from/$program.exe" "$stage"
    done
else
    compile "$stage"
fi
cp "$here"/product.wx[si] "$here/hcm-prompt.cmd" assets/icon/icon.ico "$stage"
cp "$here"/policy/*.admx "$here"/policy/*/*.adml "$stage"
sed 's/$/\r/' LICENSE >"$stage/LICENSE.txt"
PYTHONDONTWRITEBYTECODE=1 python3 installer/release/licences.py |
    sed 's/$/\r/' >"$stage/THIRD-PARTY-LICENSES.txt"

mkdir -p "$out"
out=$(realpath "$out")
msi=$out/hybrid-connection-manager-$version.msi
# One version is one product: the same input has the same identifier.
upgrade_code=$(sed -n 's/.*UpgradeCode = "\(.*\)".*/\1/p' "$here/product.wxi")
identifier() { # identifier TEXT: one for each text.
    python3 -c "import sys, uuid
print(str(uuid.uuid5(uuid.UUID(sys.argv[1]), sys.argv[2])).upper())" "$upgrade_code" "$1"
}
product_code=$(identifier "$version")
package_code=$(identifier "$version $(cd "$stage" && sha256sum ./* | sha256sum)")
touch --date="@$SOURCE_DATE_EPOCH" "$stage"/*
(
    cd "$stage"
    wixl -a x64 -o "$msi.unfinished" -D "Version=$numbers" -D "ProductCode=$product_code" product.wxs
)
PYTHONDONTWRITEBYTECODE=1 python3 "$here/tables.py" "$msi.unfinished" "$stage"
PYTHONDONTWRITEBYTECODE=1 python3 "$here/summary.py" "$msi.unfinished" \
    "$package_code" "$SOURCE_DATE_EPOCH"
mv "$msi.unfinished" "$msi"
if [ -z "$programs_from" ]; then
    mkdir -p "$out/programs"
    cp "$stage"/*.exe "$out/programs"
fi
echo "$msi"
