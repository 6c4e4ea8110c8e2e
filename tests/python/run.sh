#!/usr/bin/env bash
# Microsoft's own clients for Python against the emulator's Azure: azure-identity signs in,
# azure-mgmt-subscription and azure-mgmt-relay list what there is.
#
#   tests/python/run.sh FOLDER_OF_THE_PROGRAMS
#
# Their packages are installed into azure-clients beside that folder, once. The last line
# says how many passed; the exit code is 0 when none failed.
set -uo pipefail

if [ $# -ne 1 ] || [ ! -x "$1/relay-emulator" ]; then
    echo "usage: $0 FOLDER_OF_THE_PROGRAMS" >&2
    exit 2
fi
programs=$(realpath "$1")
emulator=$programs/relay-emulator
cd "$(dirname "$0")" || exit 2
work=$(mktemp -d)
pid=

finish() {
    if [ -n "$pid" ]; then
        kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
    fi
    rm -rf "$work"
}
trap finish EXIT

give_up() {
    echo "$1" >&2
    [ -f "$work/log" ] && tail -n 20 "$work/log" >&2
    echo "0 passed, 1 failed"
    exit 1
}

# What is installed already needs no network.
environment=$programs/../azure-clients
if ! cmp -s requirements.txt "$environment/installed.txt"; then
    python3 -m venv --clear "$environment" >"$work/log" 2>&1 || give_up "python3 -m venv failed"
    "$environment/bin/pip" install --quiet --disable-pip-version-check -r requirements.txt \
        >"$work/log" 2>&1 || give_up "pip install failed"
    cp requirements.txt "$environment/installed.txt"
fi

export RELAY_EMULATOR_STATE="$work/state"
"$emulator" run --config config.json --port 0 --log warn >"$work/emulator" 2>"$work/log" &
pid=$!
for _ in $(seq 200); do
    grep -q "^Azure Resource Manager" "$work/emulator" 2>/dev/null && break
    sleep 0.1
done
port=$(sed -n 's/^Azure Resource Manager: https:\/\/localhost://p' "$work/emulator")
[ -n "$port" ] || give_up "the emulator did not start"

export REQUESTS_CA_BUNDLE="$work/state/ca.pem" NO_PROXY=localhost no_proxy=localhost
export IDENTITY_ENDPOINT="http://localhost:$port/msi/token"
IDENTITY_HEADER=$(sed -n 's/.*"header": "\([^"]*\)".*/\1/p' config.json)
export IDENTITY_HEADER
timeout 300 "$environment/bin/python" azure_clients.py "$emulator" config.json "$port"
