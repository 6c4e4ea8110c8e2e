#!/usr/bin/env bash
# Plays what an administrator gets wrong around the service, with the real programs: a read-only
# home, a full disk, files and folders of somebody else, a missing group. As root, in a mount
# namespace of its own: nothing of this machine is changed. With util-linux, passwd and python3.
# Called with the folder of the programs.
set -euo pipefail
name=hybrid-connection-manager
if [ $# -ne 1 ] || [ ! -x "$1/$name-service" ] || [ ! -x "$1/relay-emulator" ]; then
    echo "usage: $0 FOLDER_OF_THE_PROGRAMS" >&2
    exit 2
fi
if [ -z "${HCM_INSIDE:-}" ]; then
    HCM_INSIDE=1 exec unshare --mount --propagation private "$0" "$1"
fi

here=$(realpath "$(dirname "$0")")
programs=$1
# shellcheck source=tests/linux/stage.sh
source "$here/stage.sh"
leave() {
    for mounted in /etc "$work/full" "$work/read only/run" "$work/read only"; do
        umount -l "$mounted"
    done
}
# Other accounts reach what is here, through a path that a shell takes apart.
chmod 755 "$work"
mkdir "$work/bin"
cp "$programs/$name-service" "$programs/hcm" "$programs/relay-emulator" "$work/bin/"
export PATH=$work/bin:$PATH
unset HCM_HOME
has() { grep -q -- "$1" "$2" || { cat "$2"; return 1; }; }
# refuses PATTERN COMMAND…: the command fails and says why.
refuses() {
    local pattern=$1 said
    shift
    if said=$("$@" 2>&1); then
        echo "it succeeds: $said"
        return 1
    fi
    grep -q -- "$pattern" <<<"$said" || { echo "$said"; return 1; }
}
mode() { stat -c '%a %U %G' "$1"; }
# The commands that the service prints are for a person who is not root.
sudo() { "$@"; }
export -f sudo

# start HOME [WRAPPER…]: the service in the background.
start() {
    local home=$1
    shift
    "$@" $name-service run --home "$home" >"$work/said" 2>&1 </dev/null &
    service=$!
    children+=("$service")
}
stop() {
    kill -TERM "$service"
    wait "$service"
}
# faults HOME: the codes of what is wrong with the service.
faults() {
    hcm --home "$1" status -o json | python3 -c '
import json, sys
print(*sorted(fault["Code"] for fault in json.load(sys.stdin)["Service"]["Faults"]))'
}
has_faults() { is "$(faults "$1")" "$2"; }
# mends HOME PATTERN [WRAPPER…]: the service does not start and says why, and starts once the
# command that it prints last has been run.
mends() {
    local home=$1 pattern=$2 said command
    shift 2
    if said=$(timeout 10 "$@" $name-service run --quiet --home "$home" 2>&1); then
        echo "it has started"
        return 1
    fi
    grep -q -- "$pattern" <<<"$said" || { echo "$said"; return 1; }
    command=${said##*: }
    bash -c "$command" || { echo "does not work: $command"; return 1; }
    start "$home" "$@"
    soon hcm --home "$home" list || { cat "$work/said"; return 1; }
    stop
}

# Azure, and an endpoint that sends everything back.
cat >"$work/echo.py" <<'PY'
import socketserver


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(65536):
            self.request.sendall(data)


with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
    print(server.server_address[1], flush=True)
    server.serve_forever()
PY
python3 "$work/echo.py" >"$work/endpoint" &
children+=($!)
soon test -s "$work/endpoint"
endpoint=127.0.0.1:$(cat "$work/endpoint")
mkdir "$work/azure"
relay-emulator --state "$work/azure" run --port 0 --log error --hybrid-connection contoso/hc="$endpoint" \
    --hybrid-connection contoso/other="$endpoint" >"$work/azure.said" &
children+=($!)
soon grep -q EntityPath=other "$work/azure.said"
cp "$work/azure/ca.pem" "$work/ca.pem"
chmod 644 "$work/ca.pem"
string() { relay-emulator --state "$work/azure" connection-string "contoso/$1"; }
relay-emulator --state "$work/azure" send contoso/hc --local 0 >"$work/send" &
children+=($!)
soon grep -q 127.0.0.1 "$work/send"
port=$(grep -o '127.0.0.1:[0-9]*' "$work/send" | head -n 1 | cut -d : -f 2)
# carries: what an app says comes back.
carries() {
    python3 - "$port" <<'PY'
import os, socket, sys

said = os.urandom(100_000)
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20) as app:
    app.sendall(said)
    heard = b""
    while len(heard) < len(said):
        data = app.recv(65536)
        assert data, "the stream has ended"
        heard += data
assert heard == said, "other bytes"
PY
}
# furnish HOME: a service with a connection that is connected.
furnish() {
    start "$1"
    soon hcm --home "$1" list
    hcm --home "$1" settings set network.extra_ca_certificates "$work/ca.pem"
    string hc | hcm --home "$1" add -
    hcm --home "$1" status --wait 30
    # The endpoint that Azure names is on the disk, too.
    soon grep -q endpoint "$1/connections.json"
}

echo "-- a home that is read-only"
home="$work/read only"
mkdir -m 700 "$home"
check "a service with a connection" furnish "$home"
check "ends" stop
mount --bind "$home" "$home"
mount -o remount,bind,ro "$home"
check "it does not start without a place for its socket, and says what to do" \
    refuses "mounted read-only: mount it writable" $name-service run --quiet --home "$home"
mount -t tmpfs -o mode=700 tmpfs "$home/run"
start "$home"
check "with one it starts and is connected" soon hcm --home "$home" status --wait 30
check "and carries streams" carries
check "it says that no change is kept, and no log" \
    says "home-read-only logs-unwritable" faults "$home"
check "another connection is refused with what to do" \
    refuses "mounted read-only: mount it writable" hcm --home "$home" add "$(string other)"
check "and a setting" refuses "mounted read-only" hcm --home "$home" settings set log.level debug
check "a second service is kept out" \
    refuses "another" $name-service run --quiet --home "$home"
mount -o remount,bind,rw "$home"
check "once it is writable, a connection is added without a restart" \
    hcm --home "$home" add "$(string other)"
check "and the service does not say so any more" \
    bash -c "! grep -q 'home-read-only\|not-written' <<<'$(faults "$home")'"
check "it ends in order" stop
umount "$home/run" "$home"

echo "-- a disk that is full"
home=$work/full
mkdir -m 700 "$home"
mount -t tmpfs -o size=1m,mode=700 tmpfs "$home"
check "a service with a connection" furnish "$home"
fill() {
    dd if=/dev/zero of="$home/filler" bs=4k 2>/dev/null || true
    ! head -c 4096 /dev/zero >"$home/more" 2>/dev/null
}
check "the disk is full" fill
before=$(cat "$home/connections.json" "$home/settings.json")
check "a change of a connection is refused with what to do" \
    refuses "connections.json could not be written, so nothing was changed.*free space" \
    hcm --home "$home" disable contoso/hc
check "and one of a setting" \
    refuses "settings.json could not be written, so nothing was changed.*free space" \
    hcm --home "$home" settings set service.drain_seconds 7
for _ in $(seq 60); do
    # Whatever is still free of the log's last page.
    hcm --home "$home" restart contoso/hc >/dev/null
done
check "it says so of changes and logs" soon has_faults "$home" "logs-unwritable not-written"
check "the files are as they were" is "$(cat "$home/connections.json" "$home/settings.json")" "$before"
check "and nothing else is left" is "$(find "$home" -name '*.tmp')" ""
check "it stays connected" hcm --home "$home" status --wait 30
check "and carries streams" carries
check "it ends in order" stop
start "$home"
check "it starts on the full disk and is connected" soon hcm --home "$home" status --wait 30
check "and carries streams" carries
hcm --home "$home" restart contoso/hc >/dev/null
rm "$home/filler" "$home/more"
check "with free space, a change is kept" hcm --home "$home" settings set service.drain_seconds 7
check "and nothing is wrong any more" soon has_faults "$home" ""
check "the log says what is missing" soon bash -c "grep -q 'lines could not be written here' '$home'/logs/*"
check "and goes on" soon bash -c "tail -n 1 '$home'/logs/* | grep -q 'setting changed\|status'"
check "it ends in order" stop
start "$home"
check "what was kept is there" \
    soon says "^7$" hcm --home "$home" settings get service.drain_seconds
check "and the connection is connected" soon hcm --home "$home" status --wait 30
stop
umount "$home"

echo "-- what is not its own"
home="$work/some body's"
nobody=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
mkdir -m 700 "$home"
check "a folder of another account" mends "$home" "belongs to root" "${nobody[@]}"
check "is its own then" is "$(stat -c %U "$home")" nobody
for file in connections.json settings.json; do
    echo '{"version":1,"connections":[]}' >"$home/$file"
    check "a file of root" mends "$home" "$file belongs to root" "${nobody[@]}"
    check "is its own then" is "$(mode "$home/$file" | cut -d ' ' -f 1,2)" "600 nobody"
done
chown root "$home/run"
check "the folder of the socket" mends "$home" "run belongs to root" "${nobody[@]}"
rm -rf "$home/run" "$home/service.lock"
chmod 500 "$home"
check "a folder in which it may not write" mends "$home" "let it write there" "${nobody[@]}"
echo >"$home/run/service.sock"
check "a file in the place of the socket is named" refuses "is in the way and is not a socket" \
    timeout 10 "${nobody[@]}" $name-service run --quiet --home "$home"

echo "-- a machine without the group"
mkdir "$work/etc"
mount -t tmpfs tmpfs "$work/etc"
cp -a /etc/. "$work/etc/"
mount --bind "$work/etc" /etc
umount -l "$work/etc"
sed -i '/^hcm:/d' /etc/group /etc/gshadow
for folder in /run /var/lib /var/log; do
    mount -t tmpfs tmpfs "$folder"
done
serve() {
    "$work/bin/$name-service" run >"$work/said" 2>&1 </dev/null &
    service=$!
    children+=("$service")
    soon hcm list
}
check "the machine's service starts" serve
check "root manages it" hcm settings set log.level debug
check "its socket is root's alone" is "$(mode /run/$name/service.sock)" "600 root root"
check "it says what to do" has "groupadd --system hcm" "$work/said"
stop
command=$(grep -o 'groupadd --system hcm' "$work/said" | head -n 1)
check "the command that it says" bash -c "$command"
check "it starts again" serve
check "its socket is the group's" is "$(mode /run/$name/service.sock)" "660 root hcm"
check "and it says nothing of the group" bash -c "! grep -q groupadd '$work/said'"
useradd --no-log-init --no-create-home --shell /bin/sh -G hcm member
check "whose members manage it" runuser -u member -- hcm settings set log.level info
stop

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
