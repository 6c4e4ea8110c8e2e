#!/usr/bin/env bash
# Takes the network away from the real service and gives it back, in a network namespace of its own
# with the real emulator as Azure: the service has to notice by itself, long before its next attempt.
# With iproute2, as root. Called with the folder of the programs.
set -euo pipefail
name=hybrid-connection-manager
if [ $# -lt 1 ] || [ ! -x "$1/$name-service" ] || [ ! -x "$1/relay-emulator" ]; then
    echo "usage: $0 FOLDER_OF_THE_PROGRAMS" >&2
    exit 2
fi
if [ "${2:-}" != inside ]; then
    exec unshare --net --mount --pid --fork --kill-child "$(realpath "$0")" "$(realpath "$1")" inside
fi
here=$(realpath "$(dirname "$0")")
programs=$1
mount -t proc proc /proc
# shellcheck source=tests/linux/stage.sh
source "$here/stage.sh"
patience=600
ip link set lo up
ip link add wire type veth peer name far
ip addr add 10.66.0.1/24 dev wire
ip link set wire up
ip link set far up

azure() {
    relay-emulator --state "$work/azure" run --port 4433 --log error \
        --hybrid-connection contoso/hc=127.0.0.1:1 >"$work/azure.said" &
    children+=($!)
    soon grep -q EntityPath=hc "$work/azure.said"
}
azure
mkdir -m 700 "$HCM_HOME"
$name-service run >"$work/said" 2>&1 </dev/null &
children+=($!)
soon hcm status --check live
hcm settings set network.extra_ca_certificates "$work/azure/ca.pem" >"$work/last"
relay-emulator --state "$work/azure" connection-string contoso/hc | hcm add - >"$work/last"
check "the connection is connected" hcm status contoso/hc --wait 30

changes() { grep -c "the network of this machine has changed" "$work/said" || true; }
# noticed COMMAND…: the command changes the network, and within 2 s the service says so.
noticed() {
    local before
    before=$(changes)
    "$@"
    for _ in $(seq 20); do
        [ "$(changes)" -gt "$before" ] && return 0
        sleep 0.1
    done
    cat "$work/said"
    return 1
}
# unnoticed COMMAND…: nothing is said within as long.
unnoticed() { ! noticed "$@" >"$work/noticed"; }
check "an address that comes is noticed" noticed ip addr add 10.66.0.7/24 dev wire
check "one that goes, too" noticed ip addr del 10.66.0.7/24 dev wire
check "so is a wire that is cut" noticed ip link set far down
check "and one that is whole again" noticed ip link set far up
check "and a way to everywhere" noticed ip route add default via 10.66.0.2
check "and the same after the interface was down" noticed ip link set wire down
check "up again" noticed ip link set wire up
check "with its way" noticed ip route add default via 10.66.0.2
other() {
    ip link add other type veth peer name elsewhere
    ip addr add 10.77.0.1/24 dev other
    ip link set other up
    ip link set elsewhere up
}
check "another interface" noticed other
check "its way" noticed ip route add default via 10.77.0.2 metric 100
check "an address that comes to the first" noticed ip addr add 10.66.0.7/24 dev wire
check "and goes" noticed ip addr del 10.66.0.7/24 dev wire
check "and then the way of the other" noticed ip route del default via 10.77.0.2 metric 100
containers() {
    ip link add container type veth peer name inside
    ip link set container up
    ip link set inside up
    ip link set inside down
    ip link del container
}
check "interfaces without an address, as those at a bridge, are none of its business" unnoticed containers
again() { ip addr change 10.66.0.1/24 dev wire valid_lft 3600 preferred_lft 3600; }
check "nor is an address that stays" unnoticed again

# Azure is away for so long that the next attempt is seconds away, and is there again.
kill -9 "${children[0]}"
waits() { says "\"Attempt\": *$1" hcm show contoso/hc -o json; }
soon waits 6
azure
waiting() { says '"State": *"waiting"' hcm show contoso/hc -o json; }
check "the service waits" waiting
begun=$(date +%s%N)
check "an address comes" noticed ip addr add 10.66.0.8/24 dev wire
check "and it is connected" hcm status contoso/hc --wait 30
took=$((($(date +%s%N) - begun) / 1000000))
echo "$took ms"
quick() { [ "$took" -lt 4000 ]; }
check "at once" quick

[ "$failed" = 0 ] || tail -n 20 "$work/said"
echo "$passed passed, $failed failed, in $SECONDS s"
[ "$failed" = 0 ]
