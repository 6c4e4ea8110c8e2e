#!/usr/bin/env bash
# Builds the container image and plays an operator with it: containers run under podman and crun,
# in namespaces of their own without a network, and nothing of this machine is changed. As root,
# with podman, crun, iproute2, util-linux and python3.
#
#   tests/linux/container.sh FOLDER_OF_THE_STATIC_PROGRAMS FOLDER_OF_THE_EMULATOR
set -euo pipefail
if [ $# -lt 2 ] || [ ! -x "$1/hybrid-connection-manager-service" ] || [ ! -x "$2/relay-emulator" ]; then
    echo "usage: $0 FOLDER_OF_THE_STATIC_PROGRAMS FOLDER_OF_THE_EMULATOR" >&2
    exit 2
fi
programs=$(realpath "$1")
emulator=$(realpath "$2")/relay-emulator
here=$(realpath "$(dirname "$0")")

# Outside: a folder and namespaces, and the end of both with all that runs in them.
if [ "${3:-}" != inside ]; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    # The sockets of podman have long names.
    unshare --mount --net --pid --fork --kill-child --mount-proc \
        "$0" "$programs" "${emulator%/*}" inside "$work"
    exit
fi

work=$4
mount --make-rprivate /
ip link set lo up
# crun wants one kind of cgroups, whichever this machine has.
umount --lazy --recursive /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 cgroup2 /sys/fs/cgroup
# The locks and the state of podman and crun.
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /run
cat >"$work/storage.conf" <<CONF
[storage]
driver = "vfs"
graphroot = "$work/images"
runroot = "$work/run"
CONF
cat >"$work/containers.conf" <<CONF
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
runtime = "crun"
static_dir = "$work/libpod"
tmp_dir = "$work/tmp"
volume_path = "$work/volumes"
[containers]
cgroups = "disabled"
default_ulimits = ["nofile=1024:4096", "nproc=1024:1024"]
log_driver = "k8s-file"
netns = "host"
CONF
export CONTAINERS_STORAGE_CONF=$work/storage.conf CONTAINERS_CONF=$work/containers.conf
export DISABLE_HC_SYSTEMD=true RELAY_EMULATOR_STATE=$work/azure

scratch=$work patience=200
# shellcheck source=tests/linux/checks.sh
source "$here/checks.sh"
# ends CODE COMMAND…: how the command ends.
ends() {
    local expected=$1 code=0
    shift
    "$@" || code=$?
    is "$code" "$expected"
}
has() { grep -q -- "$2" "$1"; }
lacks() { ! grep -- "$2" "$1"; }

# Azure and the endpoints.
python3 "$here/container.py" endpoint 7001 7002 7003 >"$work/endpoint" &
"$emulator" run --port 0 --log warn --hybrid-connection contoso/sql=127.0.0.1:7001 \
    --hybrid-connection contoso/web=127.0.0.1:7002 \
    --hybrid-connection contoso/reports=127.0.0.1:7003 >"$work/emulator" &
soon has "$work/endpoint" listening
soon "$emulator" state
string() { "$emulator" connection-string "contoso/$1" --rule defaultListener; }
listeners() { # listeners COUNT: of contoso/sql
    is "$("$emulator" state --json | python3 -c '
import json, sys
[sql] = [one for one in json.load(sys.stdin)["hybridConnections"] if one["id"].endswith("/sql")]
print(len(sql["listeners"]))')" "$1"
}
"$emulator" send contoso/sql --local 7100 >"$work/sender" &
soon bash -c ': >/dev/tcp/127.0.0.1/7100'

# What is mounted: a declared file and the CA of this Azure, and secrets.
mkdir "$work/declared" "$work/secrets"
cp "$work/azure/ca.pem" "$work/declared/"
cat >"$work/declared/connections.yaml" <<YAML
version: 1
settings:
  network.extra_ca_certificates: ca.pem
connections:
  - connectionString: {secret: sql}
  - connectionString: {env: WEB}
YAML
string sql >"$work/secrets/sql"
chmod -R a+rX "$work/declared" "$work/secrets"
chmod a+x "$work"

image=hcm-test:1
hardened=(
    --read-only --read-only-tmpfs=false --passwd=false
    --cap-drop all --security-opt no-new-privileges
    --add-host contoso.servicebus.localhost:127.0.0.1
)
configured=(
    --volume "$work/declared:/etc/hcm:ro" --volume "$work/secrets:/run/secrets:ro"
    --env HCM_DECLARED=/etc/hcm/connections.yaml --env "WEB=$(string web)"
    --env "HCM_CONNECTION_STRING_REPORTS=$(string reports)"
)
# keep NAME OPTION…: runs in the background, with "arguments".
arguments=()
keep() {
    local name=$1
    shift
    podman run --detach --name "$name" "${hardened[@]}" "$@" $image "${arguments[@]}" >/dev/null
}
# start NAME OPTION…: the same; its home is in memory.
start() { keep "$@" --tmpfs /data; }
# once OPTION…: to its end. In the foreground, podman may miss an end that comes at once.
once() {
    local code
    keep once "$@"
    soon ended once
    podman logs once
    code=$(exit_of once)
    podman rm once >/dev/null
    return "$code"
}
in_container() { podman exec "$1" /usr/bin/hcm "${@:2}"; }
# beside PID COMMAND…: as a probe runs it, without podman: also in one that podman is stopping.
beside() {
    HCM_HOME=/data/hcm nsenter --target "$1" --mount --setuid 65532 --setgid 65532 \
        /usr/bin/hcm "${@:2}"
}
pid_of() { podman inspect "$1" --format '{{.State.Pid}}'; }
exit_of() { podman inspect "$1" --format '{{.State.ExitCode}}'; }
ended() { is "$(podman inspect "$1" --format '{{.State.Running}}')" false; }
config() { podman image inspect $image --format "{{json .Config.$1}}"; }

check "the image is built" "$here/../../installer/container/build.sh" \
    --programs "$programs" --tag $image --with podman
check "no tag says nothing" ends 1 "$here/../../installer/container/build.sh" \
    --programs "$programs" --tag hcm:latest
check "its account is a number that is not root's" says '^"[1-9][0-9]*:[1-9][0-9]*"$' config User
check "it ends by SIGTERM" is "$(config StopSignal)" '"SIGTERM"'
check "its health is asked without a shell" says \
    '"Test":\["CMD","/usr/bin/hcm","status","--check"\]' config Healthcheck
check "its labels have the version" says '"org.opencontainers.image.version":"[0-9]' config Labels
podman save --quiet --format docker-dir --output "$work/saved" $image
for layer in "$work"/saved/*; do
    tar -tf "$layer" 2>/dev/null || true
done | sed 's|^\./||; s|^/||' | sort -u | grep -v '/$' >"$work/files"
check "nothing else is in it" is "$(tr '\n' ' ' <"$work/files")" \
    "etc/ssl/certs/ca-certificates.crt usr/bin/hcm usr/bin/hybrid-connection-manager-service usr/share/doc/hybrid-connection-manager/LICENSE usr/share/doc/hybrid-connection-manager/THIRD-PARTY-LICENSES.txt "

check "it starts without anything, and is healthy" start bare
check "…" soon podman healthcheck run bare
check "it has the CAs of the image" says '"Faults": \[\]' in_container bare status -o json
check "and ends at once" podman stop --time 10 bare
check "with 0" is "$(exit_of bare)" 0

check "a file, a secret and the environment declare connections" start one "${configured[@]}"
check "all of them are connected" in_container one status --wait 20
check "three" says '"Connected": 3' in_container one status -o json
check "it is healthy" podman healthcheck run one
check "and says nothing about it" is "$(in_container one status --check 2>&1)" ""
main=$(pid_of one)
status() { awk -v name="$1:" '$1 == name { print $2 }' "/proc/$main/status"; }
check "it is the first process" is "$(awk '/^NSpid/ { print $NF }' "/proc/$main/status")" 1
check "of the account of the image" is "$(status Uid)" 65532
for set in CapInh CapPrm CapEff CapBnd CapAmb; do
    check "without a capability ($set)" is "$(status $set)" 0000000000000000
done
check "and no way to get one" is "$(status NoNewPrivs)" 1
check "its root cannot be written" is \
    "$(awk '$5 == "/" { split($6, o, ","); print o[1] }' "/proc/$main/mountinfo")" ro
check "there is no /etc/passwd and no shell" bash -c \
    "! ls /proc/$main/root/etc/passwd /proc/$main/root/bin/sh 2>/dev/null"
check "its home is for it alone" is "$(stat -c '%a %u' "/proc/$main/root/data/hcm")" "700 65532"
check "it writes no log to it" test ! -e "/proc/$main/root/data/hcm/logs"
podman logs one >"$work/out" 2>"$work/err"
check "the log is on standard output" has "$work/out" "service started"
check "and nothing on standard error" is "$(cat "$work/err")" ""
check "it shows no key" lacks "$work/out" "$(string sql | sed 's/.*SharedAccessKey=\([^;]\{12\}\).*/\1/')"
check "streams are carried" python3 "$here/container.py" app 7100 3000000
check "times are shown without a time zone database" says '(G[0-9]\|Connected' \
    podman exec --env TZ=Europe/Berlin one /usr/bin/hcm show contoso/sql
check "what runs beside it leaves nothing behind" is "$(cat "/proc/$main/task/$main/children")" ""

# The time of the probe itself, without podman's: the best of ten.
probe_time() {
    local best=1000000 begin took
    for _ in $(seq 10); do
        begin=$(date +%s%6N)
        beside "$main" status --check || return 1
        took=$(($(date +%s%6N) - begin))
        [ "$took" -ge "$best" ] || best=$took
    done
    echo "    a probe takes $((best / 1000)) ms" >&3
    [ "$best" -lt 50000 ]
}
exec 3>&1
check "a probe takes less than 50 ms" probe_time

"$emulator" remove contoso/reports >/dev/null
check "one that is gone makes it unhealthy" soon ends 1 podman healthcheck run one
check "with the reason" says "contoso/reports is not connected" in_container one status --check
check "which ends with 7" ends 7 in_container one status --check
check "and is no reason to end it" in_container one status --check live
check "nor to stop carrying" python3 "$here/container.py" app 7100 1000
"$emulator" create contoso/reports --endpoint 127.0.0.1:7003 >/dev/null

# A rolling update: the second is there before the first goes.
python3 "$here/container.py" hold 7100 "$work/go" >"$work/held" &
held=$!
soon has "$work/held" open
check "a second one listens too" start two "${configured[@]}"
check "beside the first" soon listeners 2
podman stop --time 30 one >"$work/stopped" 2>&1 &
stop=$!
check "a stop closes the listener at once" soon listeners 1
check "which makes it not ready" ends 3 beside "$main" status --check
check "and leaves it alive" beside "$main" status --check live
check "new streams go to the other" python3 "$here/container.py" app 7100 100000
check "while the open one is waited for" kill -0 $stop
touch "$work/go"
check "it comes to its end" wait $held
check "whole" has "$work/held" whole
check "and with it the container" wait $stop
check "by itself" is "$(exit_of one)" 0
check "and says so" says "service stopped" podman logs one

python3 "$here/container.py" broken 7100 >"$work/broken" &
soon has "$work/broken" open
podman kill --signal TERM two >/dev/null
soon listeners 0
podman kill --signal TERM two >/dev/null
check "a second SIGTERM does not wait" soon ended two
check "and is no failure" is "$(exit_of two)" 0
check "what it cuts does not look complete" soon has "$work/broken" broken

check "the environment alone says how long" start brief --env HCM_SETTING_SERVICE_DRAIN_SECONDS=1 \
    --env "HCM_CONNECTION_STRING=$(string sql)" --volume "$work/declared:/ca:ro" \
    --env HCM_SETTING_NETWORK_EXTRA_CA_CERTIFICATES=/ca/ca.pem
check "…" in_container brief status --wait 20
python3 "$here/container.py" broken 7100 >"$work/broken" &
soon has "$work/broken" open
begin=$SECONDS
podman stop --time 30 brief >/dev/null
check "a stream that does not end is cut then" test $((SECONDS - begin)) -le 8
check "with 0" is "$(exit_of brief)" 0

# What goes wrong.
mkfifo -m 644 "$work/declared/never.yaml"
check "one that is still reading its file" start reading "${configured[@]}" \
    --env HCM_DECLARED=/etc/hcm/never.yaml
podman kill --signal TERM reading >/dev/null
check "ends by SIGTERM too" soon ended reading
rm "$work/declared/never.yaml"

echo "no connection string" >"$work/secrets/sql"
code=0
once --tmpfs /data "${configured[@]}" >"$work/said" 2>&1 || code=$?
check "a wrong secret ends the start" is $code 1
check "and is named with its place" has "$work/said" \
    "/etc/hcm/connections.yaml, line 5, column .*/run/secrets/sql"
rm "$work/secrets/sql"
check "a missing one too" says "the file /run/secrets/sql cannot be read" \
    once --tmpfs /data "${configured[@]}"
string sql | sed 's/SharedAccessKey=..../SharedAccessKey=AAAA/' >"$work/secrets/sql"
check "a key that Azure refuses" start refused "${configured[@]}"
check "is said in the log" soon says "Azure refused the key" podman logs refused
check "and to the probe" soon says "contoso/sql is not connected: Azure refused the key" \
    in_container refused status --check
check "the service goes on" in_container refused status --check live
podman stop --time 10 refused >/dev/null
string sql >"$work/secrets/sql"
check "without a mount for its home it says so" says "/data/hcm cannot be used: Read-only" once
check "a mount that hides the CAs" start hidden --tmpfs /etc/ssl:notmpcopyup
check "is a fault of the service" soon says no-ca-certificates in_container hidden status -o json
podman stop --time 10 hidden >/dev/null
check "any other account will do" start other --user 4711:0 "${configured[@]}"
check "…" in_container other status --wait 20
podman stop --time 10 other >/dev/null
arguments=(run --declared /etc/hcm/connections.yaml --secrets /elsewhere)
check "secrets may lie elsewhere" start elsewhere --volume "$work/declared:/etc/hcm:ro" \
    --volume "$work/secrets:/elsewhere:ro" --env "WEB=$(string web)"
check "…" in_container elsewhere status --wait 20
podman stop --time 10 elsewhere >/dev/null
arguments=()
check "what is in a volume is kept" keep kept --volume hcm:/data "${configured[@]}"
check "…" in_container kept status --wait 20
podman stop --time 10 kept >/dev/null
check "without what declared it" keep again --volume hcm:/data --volume "$work/declared:/etc/hcm:ro"
check "…" in_container again status --wait 20
check "all three" says '"Connected": 3' in_container again status -o json

echo "$passed passed, $failed failed"
[ $failed = 0 ]
