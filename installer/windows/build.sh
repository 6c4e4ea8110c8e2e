#!/usr/bin/env bash
# Builds the programs for Windows, and the installer of them, on Linux.
#
#   installer/windows/build.sh [--profile dev|release] [--version X.Y.Z] [--out FOLDER]
#   installer/windows/build.sh --lint
#
# The version is that of the package unless another is given: tests of upgrades need two.
# The installer is put into FOLDER (installer/windows/out). It needs gcc-mingw-w64-x86-64,
# wixl, msitools and python3. With --lint nothing is built: clippy looks at what only Windows
# compiles, and warnings are errors.
set -euo pipefail
here=$(realpath "$(dirname "$0")")
repository=$(realpath "$here/../..")
target=x86_64-pc-windows-gnu
programs=(hcm hybrid-connection-manager-service hybrid-connection-manager-gui relay-emulator)

usage() {
    sed -n '2,10s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

profile=release version= out=$here/out lint=
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
        *) usage ;;
    esac
    [ $# -ge 2 ] || usage
    shift 2
done
case $profile in dev | release) ;; *) usage ;; esac
[ -n "$version" ] ||
    version=$(sed -n 's/^version = "\([0-9.]*\)"$/\1/p' "$repository/Cargo.toml" | head -1)
[[ $version =~ ^[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,5}$ ]] || {
    echo "$0: \"$version\" is no version that Windows Installer takes: three numbers, X.Y.Z" >&2
    exit 2
}
for tool in x86_64-w64-mingw32-gcc x86_64-w64-mingw32-windres wixl msibuild python3; do
    command -v "$tool" >/dev/null || {
        echo "$0: $tool is missing; install gcc-mingw-w64-x86-64 wixl msitools python3" >&2
        exit 2
    }
done

cd "$repository"
std=()
if ! rustup target add "$target" >/dev/null 2>&1 &&
    [ ! -d "$(rustc --print sysroot)/lib/rustlib/$target/lib" ]; then
    # No server for ready-made parts: the standard library is built from its source.
    "$here/std-source.sh"
    export RUSTC_BOOTSTRAP=1
    std=(-Zbuild-std=std,panic_abort,panic_unwind)
fi
if [ -n "$lint" ]; then
    cargo clippy --locked "${std[@]}" --all-features --target "$target" --lib --bins -- -D warnings
    exit
fi
cargo build --locked "${std[@]}" --profile "$profile" --all-features --target "$target" \
    "${programs[@]/#/--bin=}"

built=${CARGO_TARGET_DIR:-target}/$target/${profile/dev/debug}
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
for program in "${programs[@]}"; do
    x86_64-w64-mingw32-strip -o "$stage/$program.exe" "$built/$program.exe"
done
cp "$here"/product.wx[si] "$here/hcm-prompt.cmd" assets/icon/icon.ico "$stage"
cp "$here"/policy/*.admx "$here"/policy/*/*.adml "$stage"
sed 's/$/\r/' LICENSE >"$stage/LICENSE.txt"

mkdir -p "$out"
out=$(realpath "$out")
msi=$out/hybrid-connection-manager-$version.msi
# One version is one product: the same input has the same identifier.
upgrade_code=$(sed -n 's/.*UpgradeCode = "\(.*\)".*/\1/p' "$here/product.wxi")
product_code=$(python3 -c "import sys, uuid
print(str(uuid.uuid5(uuid.UUID(sys.argv[1]), sys.argv[2])).upper())" "$upgrade_code" "$version")
(
    cd "$stage"
    wixl -a x64 -o "$msi.unfinished" -D "Version=$version" -D "ProductCode=$product_code" product.wxs
)
PYTHONDONTWRITEBYTECODE=1 python3 "$here/tables.py" "$msi.unfinished"
mv "$msi.unfinished" "$msi"
mkdir -p "$out/programs"
cp "$stage"/*.exe "$out/programs"
echo "$msi"
