#!/usr/bin/env bash
# Makes a release of packages: the manifest that names them, and its signature.
#
#   HCM_RELEASE_KEY=FILE installer/release/sign.sh --version X.Y.Z[-PREVIEW] [--released TIME] FOLDER
#   HCM_RELEASE_KEY=FILE installer/release/sign.sh --check-key
#   installer/release/sign.sh --new-key FILE
#
# FOLDER holds the packages and gets manifest.json and manifest.json.sig; all of it is what a feed
# offers. What is new is read from CHANGELOG.md. HCM_RELEASE_KEY is a private ed25519 key in PEM;
# where secrets come as variables, HCM_RELEASE_KEY_PEM is the PEM itself. --check-key looks whether
# it is one of those that the programs trust: of assets/release-keys.txt, or of the file that
# HCM_RELEASE_KEYS names. --new-key makes one, and prints the line for that file. It needs openssl
# and python3.
set -euo pipefail
here=$(realpath "$(dirname "$0")")
repository=$(realpath "$here/../..")

usage() {
    sed -n '2,14s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

fail() {
    echo "$0: $1" >&2
    exit 2
}

# The private key, to standard output: no other program has it on its command line.
key() {
    if [ -n "${HCM_RELEASE_KEY:-}" ]; then
        cat "$HCM_RELEASE_KEY"
    else
        printf '%s\n' "$HCM_RELEASE_KEY_PEM"
    fi
}

check_key() {
    local name=HCM_RELEASE_KEY_PEM
    if [ -n "${HCM_RELEASE_KEY:-}" ]; then
        name=$HCM_RELEASE_KEY
        [ -r "$name" ] || fail "$name cannot be read; HCM_RELEASE_KEY has to name a private key"
    elif [ -z "${HCM_RELEASE_KEY_PEM:-}" ]; then
        fail "HCM_RELEASE_KEY does not name a private key; --new-key makes one"
    fi
    key | openssl pkey -noout -text 2>/dev/null | grep -q '^ED25519 Private-Key' ||
        fail "$name is no private ed25519 key in PEM"
}

# public: the line for assets/release-keys.txt of the private key on standard input.
public() {
    printf 'ed25519 %s\n' "$(openssl pkey -pubout -outform DER | tail -c 32 | base64)"
}

check_trust() {
    local trusted=${HCM_RELEASE_KEYS:-$repository/assets/release-keys.txt} own
    own=$(key | public)
    grep -q -F -- "$own" "$trusted" ||
        fail "no program trusts this key: put the line \"$own\" into $trusted, and build with it"
}

version='' released='' folder=''
while [ $# -gt 0 ]; do
    case $1 in
        --new-key)
            if [ $# != 2 ] || [ -e "$2" ]; then usage; fi
            (umask 077 && openssl genpkey -algorithm ed25519 -out "$2")
            public <"$2"
            exit
            ;;
        --check-key)
            [ $# = 1 ] || usage
            check_key
            check_trust
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
check_key

manifest=$folder/manifest.json
trap 'rm -f "$manifest.new" "$manifest.sig.new"' EXIT
PYTHONDONTWRITEBYTECODE=1 python3 "$here/manifest.py" "$folder" "$version" \
    "${released:-$(date -u +%Y-%m-%dT%H:%M:%SZ)}" "$repository/CHANGELOG.md" >"$manifest.new"
signature=$(openssl pkeyutl -sign -inkey <(key) -rawin -in "$manifest.new" | base64 -w 0)
printf '%s %s\n' "$(key | public)" "$signature" >"$manifest.sig.new"
mv "$manifest.sig.new" "$manifest.sig"
mv "$manifest.new" "$manifest"
printf '%s\n' "$manifest" "$manifest.sig"
