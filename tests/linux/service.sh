#!/usr/bin/env bash
# Plays an administrator and two people with the service under a real systemd, which runs as the
# first process of namespaces of its own: nothing of this machine is seen or changed by it. As
# root, with systemd, util-linux and python3. Called with the folder of the programs.
set -euo pipefail
if [ $# -lt 1 ] || [ ! -x "$1/hybrid-connection-manager-service" ]; then
    echo "usage: $0 FOLDER_OF_THE_PROGRAMS" >&2
    exit 2
fi
programs=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
name=hybrid-connection-manager

# Outside: a cgroup, namespaces, and the end of both.
if [ "${2:-}" != inside ]; then
    # shellcheck source=tests/linux/namespaces.sh
    source "$here/namespaces.sh"
    work=$(mktemp -d)
    trap 'leave_namespaces; rm -rf "$work"' EXIT
    cp "$programs/$name-service" "$programs/hcm" "$here/checks.sh" "$work/"
    cp -r "$here/../../installer/linux" "$work/installer"
    cp "$0" "$work/play.sh"
    touch "$work/said"
    in_namespaces hcm-test-$$ "$work/console" "" "$work/play.sh" "$work" inside
    await_result "$work/said" 180 && result=0 || result=1
    cat "$work/said"
    if [ "$result" != 0 ]; then
        echo "--- the console of systemd:" >&2
        tail -n 40 "$work/console" >&2
        exit 1
    fi
    exit 0
fi

# Inside, as the first process: a machine with nothing but this service on it.
if [ $$ = 1 ]; then
    mount --make-rprivate /
    mount -t proc proc /proc
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    mkdir -p "$programs/etc" "$programs/etc.work"
    mount -t tmpfs tmpfs "$programs/etc"
    mkdir "$programs/etc/up" "$programs/etc/work"
    mount -t overlay overlay -o "lowerdir=/etc,upperdir=$programs/etc/up,workdir=$programs/etc/work" /etc
    for folder in /run /var/lib /var/log /etc/systemd/system /lib/systemd/system-generators; do
        mount -t tmpfs tmpfs "$folder"
    done
    mkdir -p "$programs/units"
    cp /lib/systemd/system/systemd-journald*.s* "$programs/units/"
    for target in sysinit basic sockets shutdown multi-user final umount; do
        printf '[Unit]\nDefaultDependencies=no\n' >"$programs/units/$target.target"
    done
    sed -i '/^Requires=systemd-journald-audit/d' "$programs/units/systemd-journald.service"
    mount -t tmpfs tmpfs /lib/systemd/system
    cp "$programs/units/"* /lib/systemd/system/
    cp "$programs/installer/systemd/$name.service" /lib/systemd/system/
    mkdir -p /run/bin && cp "$programs/$name-service" "$programs/hcm" /run/bin/
    chmod 755 /run/bin /run/bin/*
    mkdir -p "/etc/systemd/system/$name.service.d"
    # /usr/bin belongs to the machine that this runs on.
    printf '[Service]\nExecStart=\nExecStart=/run/bin/%s-service run\n' $name \
        >"/etc/systemd/system/$name.service.d/path.conf"
    cat >/etc/systemd/system/play.service <<UNIT
[Unit]
Wants=systemd-journald.socket
After=systemd-journald.socket systemd-journald-dev-log.socket
[Service]
Type=oneshot
ExecStart=/bin/bash $programs/play.sh $programs inside
StandardOutput=file:$programs/said
StandardError=inherit
TimeoutStartSec=170
FailureAction=exit-force
UNIT
    # As on every machine that systemd has started: what it mounts for a service is seen there.
    mount --make-rshared /
    export container=other
    exec /lib/systemd/systemd --system --unit=play.service --show-status=no \
        --log-target=console --log-level=warning
fi

# Inside, as the administrator.
export PATH=/run/bin:$PATH HOME=/run/admin
unset HCM_HOME NOTIFY_SOCKET
# shellcheck source=tests/linux/checks.sh
source "$programs/checks.sh"
mode() { stat -c '%a %U %G' "$1"; }

systemd-sysusers "$programs/installer/sysusers.d/$name.conf"
for person in member stranger; do
    useradd --no-log-init --no-create-home --home-dir "/run/$person" --shell /bin/sh "$person"
done
usermod -aG hcm member
member() { runuser -u member -- env HOME=/run/member "$@"; }
stranger() { runuser -u stranger -- env HOME=/run/stranger "$@"; }

check "one that is stopped is started by its unit, and not beside it" bash -c \
    'hcm list 2>&1 | grep "Start it: sudo systemctl start '$name' (and at every start.*enable" |
        grep -v "service run"'
systemctl mask --quiet $name
check "one that is masked is said to be" says "unmask $name && .*has masked it" hcm list
systemctl unmask --quiet $name
check "the service starts" systemctl start $name
check "it is ready" is "$(property $name ActiveState)" active
main=$(property $name MainPID)
check "it runs as its own account" is "$(stat -c %U "/proc/$main")" $name
check "it has no privilege" is "$(awk '/^CapBnd/ { print $2 }' "/proc/$main/status")" 0000000000000000
check "and cannot get one" is "$(awk '/^NoNewPrivs/ { print $2 }' "/proc/$main/status")" 1
# As many as the unit says, or as this machine lets systemd give.
most=$(awk '/^Max open files/ { print $5 }' /proc/1/limits)
check "it may open files for 10,000 streams" is \
    "$(awk '/^Max open files/ { print $5 }' "/proc/$main/limits")" $((most < 65536 ? most : 65536))
check "it says how it does" soon says "No connection is enabled" property $name StatusText
check "its folder is its own" is "$(mode /var/lib/$name)" "700 $name hcm"
check "its sockets are the group's" is "$(mode /run/$name) $(mode /run/$name/service.sock)" \
    "750 $name hcm 660 $name hcm"
check "the status is everybody's" is "$(mode /run/$name-status/read.sock)" "666 $name hcm"

string='Endpoint=sb://127.0.0.1:1/;SharedAccessKeyName=listen;SharedAccessKey=bm90IGEga2V5;EntityPath=sql'
check "root manages it" hcm settings set service.drain_seconds 10
check "a member manages it" member hcm add - <<<"$string"
check "its key is for it alone" is "$(mode /var/lib/$name/connections.json)" "600 $name hcm"
check "a stranger reads the status" says sql stranger hcm list
check "and hears how to do more" says 'sudo usermod -aG hcm \$USER' stranger hcm remove 127.0.0.1:1/sql
hcm settings set service.status_for_all off
check "a stranger is kept out where that is off, and hears how to get in" \
    soon says 'sudo usermod -aG hcm \$USER' stranger hcm list
check "the status follows" soon says "0 of 1 connected" property $name StatusText

fields() { journalctl -o json -u $name | grep -c "\"$1\""; }
check "the journal has what was done, with its connection" soon fields CONNECTION
check "and faults with their code" soon fields CODE
check "and no key" test "$(journalctl -o json | grep -c bm90IGEga2V5)" = 0

sed -i 's/"level": *"info"/"level": "debug"/' /var/lib/$name/settings.json
check "a reload" systemctl reload $name
check "takes what has changed" soon says debug hcm settings get log.level
check "and the service stays" is "$(property $name MainPID)" "$main"
echo '{' >/var/lib/$name/settings.json
systemctl reload $name
check "a file of no use changes nothing and is said" soon says settings-not-reloaded hcm status -o json
check "so the old settings hold" says debug hcm settings get log.level
hcm settings set log.level info
systemctl reload $name

kill -STOP "$main"
check "one that hangs is not alive" soon says "deactivating\|activating\|failed" \
    timeout 50 bash -c "until systemctl show -p ActiveState $name | grep -v =active; do sleep 0.5; done"
check "and is started again" soon says active systemctl is-active $name

check "it stops in order" systemctl stop $name
check "well" is "$(property $name Result)" success
check "and takes its sockets along" test ! -e /run/$name

head -c 32 /dev/urandom >/run/key
mkdir -p /etc/credstore.encrypted
systemd-creds encrypt --with-key=host --name=$name.key /run/key /etc/credstore.encrypted/$name.key
check "with a credential" systemctl start $name
check "keys are sealed" grep -q systemd-credential /var/lib/$name/connections.json
check "and not there in plain text" test "$(grep -c bm90IGEga2V5 /var/lib/$name/connections.json)" = 0
systemctl stop $name

chmod 777 /var/lib/$name
mkdir -p /etc/systemd/system/$name.service.d
chown root: /var/lib/$name/connections.json
check "with a file of root it does not start" bash -c "! systemctl start $name"
check "and says the command that mends it" soon says 'sudo chown' journalctl -u $name -n 20
command=$(journalctl -u $name -o cat | grep -o 'sudo chown .*' | tail -n 1)
# Here is no sudo, and no need of it.
check "after which it starts" bash -c "sudo() { \"\$@\"; }; $command && systemctl start $name"
check "and has its connection" soon says sql hcm list
systemctl stop $name
groupdel -f hcm
check "without its group it does not start" bash -c "! systemctl start $name"
check "and says why" says "216\|group" systemctl status $name
check "and hcm says where" says "it has failed; .*journalctl -u $name" hcm list
echo "$passed passed, $failed failed"
