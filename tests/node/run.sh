#!/usr/bin/env bash
# Microsoft's own clients for Node against the emulator and the service: hyco-ws streams
# and hyco-https requests, bytes out against bytes back.
#
#   tests/node/run.sh FOLDER_OF_THE_PROGRAMS
#
# The last line says how many passed; the exit code is 0 when none failed.
set -uo pipefail

source "$(dirname "$0")/../clients.sh"

npm ci --no-audit --no-fund --loglevel=error >"$work/log" 2>&1 || give_up "npm ci failed"

node echo-endpoint.js >"$work/endpoint" 2>"$work/log" &
started+=($!)
wait_for "$work/endpoint" listening "the endpoint"
endpoint=127.0.0.1:$(cut -d ' ' -f 2 "$work/endpoint")

export RELAY_EMULATOR_STATE="$work/state"
"$emulator" run --port 0 --log warn --hybrid-connection contoso/ws=127.0.0.1:9 \
    --hybrid-connection contoso/https=127.0.0.1:9 \
    --hybrid-connection "contoso/service=$endpoint" >"$work/emulator" 2>"$work/log" &
started+=($!)
wait_for "$work/emulator" "CA certificate" "the emulator"

# listen SCRIPT NAME: starts a listener and waits until it listens.
listen() {
    HYBRID_CONNECTION=$(string "$2" defaultListener) node "$1" >"$work/$2" 2>>"$work/log" &
    started+=($!)
    wait_for "$work/$2" listening "$1"
}

string() {
    "$emulator" connection-string "contoso/$1" --rule "$2"
}

export NODE_EXTRA_CA_CERTS="$RELAY_EMULATOR_STATE/ca.pem"
export NODE_OPTIONS="--require $PWD/localhost.js --no-deprecation"

# round_trip NAME SCRIPT BYTES: what goes out comes back.
round_trip() {
    head -c "$3" /dev/urandom >"$work/out"
    if HYBRID_CONNECTION=$(string "$1" defaultSender) timeout 60 node "$2" \
        <"$work/out" >"$work/back" 2>"$work/error" &&
        [ "$(sha256sum <"$work/out")" = "$(sha256sum <"$work/back")" ]; then
        echo "ok: $2, $3 bytes"
        passed=$((passed + 1))
    else
        echo "FAILED: $2, $3 bytes out, $(stat -c %s "$work/back") back: $(cat "$work/error")"
        failed=$((failed + 1))
    fi
}

listen ws-listener.js ws
for bytes in 0 1 65536 5242880; do
    round_trip ws ws-sender.js "$bytes"
done
listen https-listener.js https
for bytes in 0 1 65536 5242880; do
    round_trip https https-sender.js "$bytes"
done

# Our own listener, and Microsoft's sender.
export HCM_HOME="$work/home"
"$programs/hybrid-connection-manager-service" run 2>"$work/log" &
started+=($!)
for _ in $(seq 100); do
    "$programs/hcm" version >/dev/null 2>&1 && break
    sleep 0.1
done
{
    "$programs/hcm" settings set network.extra_ca_certificates "$NODE_EXTRA_CA_CERTS" &&
        string service defaultListener | "$programs/hcm" add - &&
        "$programs/hcm" status --wait 20
} || give_up "the service did not connect"
for bytes in 0 1 65536 5242880; do
    round_trip service ws-sender.js "$bytes"
done

[ "$failed" -eq 0 ] || tail -n 20 "$work/log" >&2
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
