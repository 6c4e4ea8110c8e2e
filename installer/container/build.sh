#!/usr/bin/env bash
# Builds the container image, with podman, buildah or docker.
#
#   installer/container/build.sh [--tag NAME:TAG] [--programs FOLDER] [--ca-bundle FILE]
#                                [--with podman|buildah|docker]
#
# Without --programs, installer/linux/programs.sh builds them. The CAs are those of this machine,
# unless --ca-bundle names a PEM file. The tag is hybrid-connection-manager:VERSION, with the
# version of Cargo.toml, unless one is given. Nothing is fetched: the image begins empty.
set -euo pipefail
# What is laid out is for every account in the container.
umask 022
here=$(realpath "$(dirname "$0")")
repository=$here/../..
programs=(hcm hybrid-connection-manager-service)

usage() {
    sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

fail() {
    echo "$0: $1" >&2
    exit 1
}

version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$repository/Cargo.toml" | head -n 1)
tag=hybrid-connection-manager:$version folder='' bundle='' tool=''
while [ $# -gt 0 ]; do
    [ $# -ge 2 ] || usage
    case $1 in
        --tag) tag=$2 ;;
        --programs) folder=$2 ;;
        --ca-bundle) bundle=$2 ;;
        --with) tool=$2 ;;
        *) usage ;;
    esac
    shift 2
done
case $tag in
    *:latest) fail "the tag latest says nothing about what is in the image; choose another" ;;
    *:*) ;;
    *) fail "$tag has no tag; write $tag:$version for example" ;;
esac

# docker's program is of no use without its engine.
works() {
    case $1 in
        docker) docker info >/dev/null 2>&1 ;;
        podman | buildah) command -v "$1" >/dev/null ;;
        *) usage ;;
    esac
}
if [ -n "$tool" ]; then
    works "$tool" || fail "$tool is not installed, or does not answer"
else
    for one in podman buildah docker; do
        if works "$one"; then
            tool=$one
            break
        fi
    done
    [ -n "$tool" ] || fail "none of podman, buildah and docker works here; install one"
fi

# Where distributions keep their CAs, as one file.
if [ -z "$bundle" ]; then
    for one in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt \
        /etc/ssl/ca-bundle.pem /etc/ssl/cert.pem; do
        if [ -s "$one" ]; then
            bundle=$one
            break
        fi
    done
fi
[ -n "$bundle" ] || fail "this machine has no CA certificates; install ca-certificates, or name a file with --ca-bundle"
grep -q -- '-----BEGIN CERTIFICATE-----' "$bundle" || fail "$bundle is no PEM file with certificates"

context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
if [ -z "$folder" ]; then
    folder=$context/programs
    "$repository/installer/linux/programs.sh" --out "$folder"
fi
for program in "${programs[@]}"; do
    [ -x "$folder/$program" ] || fail "there is no program $folder/$program"
    # In an empty root there is no loader and no library.
    if readelf --program-headers "$folder/$program" | grep -q INTERP; then
        fail "$folder/$program is not static; build it with installer/linux/programs.sh"
    fi
    install -D -m 755 "$folder/$program" "$context/root/usr/bin/$program"
done
install -D -m 644 "$bundle" "$context/root/etc/ssl/certs/ca-certificates.crt"
documents=$context/root/usr/share/doc/hybrid-connection-manager
install -D -m 644 "$repository/LICENSE" "$documents/LICENSE"
PYTHONDONTWRITEBYTECODE=1 python3 "$repository/installer/release/licences.py" \
    >"$documents/THIRD-PARTY-LICENSES.txt"
install -d -m 755 "$context/data"
rm -rf "$context/programs"
cp "$here/Containerfile" "$context/"

options=(--file "$context/Containerfile" --build-arg "VERSION=$version" --tag "$tag")
case $tool in
    # The other form of images has no health check.
    podman | buildah) "$tool" build --format docker --quiet "${options[@]}" "$context" >/dev/null ;;
    docker) docker build --quiet "${options[@]}" "$context" >/dev/null ;;
esac
echo "$tag"
