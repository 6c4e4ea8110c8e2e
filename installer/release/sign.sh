#!/usr/bin/env bash
# Makes a release of packages: the manifest that names them, and its signature.
#
#   HCM_RELEASE_KEY=FILE installer/release/sign.sh --version X.Y.Z [--released TIME] FOLDER
#   installer/release/sign.sh --new-key FILE
#
# FOLDER holds the packages and gets manifest.json and manifest.json.sig; all of it is what a feed
# offers. What is new is read from CHANGELOG.md. HCM_RELEASE_KEY is a private ed25519 key in PEM;
# --new-key makes one, and prints the line for assets/release-keys.txt. It needs openssl and
# python3.
set -euo pipefail
here=$(realpath "$(dirname "$0")")
repository=$(realpath "$here/../..")

usage() {
    sed -n '2,11s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

# public FILE: the line for assets/release-keys.txt of a private key.
public() {
    printf 'ed25519 %s\n' "$(openssl pkey -in "$1" -pubout -outform DER | tail -c 32 | base64)"
}

version='' released='' folder=''
while [ $# -gt 0 ]; do
    case $1 in
        --new-key)
            if [ $# != 2 ] || [ -e "$2" ]; then usage; fi
            (umask 077 && openssl genpkey -algorithm ed25519 -out "$2")
            public "$2"
            exit
            ;;
        --version | --released)
            [ $# -ge 2 ] || usage
            printf -v "${1#--}" %s "$2"
            shift
            ;;
        -*) usage ;;
        *)
            [ -z "$folder" ] || usage
            folder=$1
            ;;
    esac
    shift
done
if [ -z "$version" ] || [ ! -d "$folder" ]; then usage; fi
[ -n "${HCM_RELEASE_KEY:-}" ] || {
    echo "$0: HCM_RELEASE_KEY does not name a private key; --new-key makes one" >&2
    exit 2
}
openssl pkey -in "$HCM_RELEASE_KEY" -noout -text 2>/dev/null | grep -q '^ED25519 Private-Key' || {
    echo "$0: $HCM_RELEASE_KEY is no private ed25519 key in PEM" >&2
    exit 2
}

manifest=$folder/manifest.json
python3 "$here/manifest.py" "$folder" "$version" "${released:-$(date -u +%Y-%m-%dT%H:%M:%SZ)}" \
    "$repository/CHANGELOG.md" >"$manifest.new"
signature=$(openssl pkeyutl -sign -inkey "$HCM_RELEASE_KEY" -rawin -in "$manifest.new" | base64 -w 0)
printf '%s %s\n' "$(public "$HCM_RELEASE_KEY")" "$signature" >"$manifest.sig.new"
mv "$manifest.sig.new" "$manifest.sig"
mv "$manifest.new" "$manifest"
printf '%s\n' "$manifest" "$manifest.sig"
