#!/usr/bin/env bash
# Microsoft's own clients for Python against the emulator's Azure: azure-identity signs in,
# azure-mgmt-subscription and azure-mgmt-relay list what there is.
#
#   tests/python/run.sh FOLDER_OF_THE_PROGRAMS
#
# Their packages are installed into azure-clients beside that folder, once. The last line
# says how many passed; the exit code is 0 when none failed.
set -uo pipefail

source "$(dirname "$0")/../clients.sh"

python_environment azure-clients

export RELAY_EMULATOR_STATE="$work/state"
"$emulator" run --config config.json --port 0 --log warn >"$work/emulator" 2>"$work/log" &
started+=($!)
wait_for "$work/emulator" "Azure Resource Manager" "the emulator"
port=$(sed -n 's/^Azure Resource Manager: https:\/\/localhost://p' "$work/emulator")
[ -n "$port" ] || give_up "the emulator did not start"

export REQUESTS_CA_BUNDLE="$work/state/ca.pem" NO_PROXY=localhost no_proxy=localhost
export IDENTITY_ENDPOINT="http://localhost:$port/msi/token"
IDENTITY_HEADER=$(sed -n 's/.*"header": "\([^"]*\)".*/\1/p' config.json)
export IDENTITY_HEADER
timeout 300 "$environment/bin/python" azure_clients.py "$emulator" config.json "$port"
