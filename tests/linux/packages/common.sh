# shellcheck shell=bash
# Sourced by the stories under systemd.
# shellcheck source=tests/linux/checks.sh
source /test/checks.sh
# shellcheck disable=SC2034 # what the stories use
# The versions, and how often this system has booted.
read -r old new boot </test/versions
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive LC_ALL=C
unset HCM_HOME NOTIFY_SOCKET
name=hybrid-connection-manager
unit=$name.service
exec </dev/null

connected() { hcm status --wait 30 && says '^Connected .*web' hcm list; }
gone() { [ ! -e "$1" ] || { ls -la "$1"; return 1; }; }
not() { ! "$@"; }
# process: of the service, by the name that the kernel keeps of it.
process() { grep -xH hybrid-connecti /proc/[0-9]*/comm; }
state() { echo "$(systemctl is-enabled $unit) $(systemctl is-active $unit)"; }
# starts: how often the service has been started in this boot.
starts() { journalctl -q -b -o json -u $unit MESSAGE_ID=39f53479d3a045ac8e11786248231fbf | wc -l; }
# once COMMAND…: the command starts the service anew exactly once.
once() {
    local before
    before=$(starts)
    "$@" || return 1
    soon is "$(($(starts) - before))" 1
}

# add_connection: as an administrator, with the emulator of this system.
add_connection() {
    soon test -s /var/relay/ca.pem
    install -D -m 644 /var/relay/ca.pem /etc/ssl/relay.pem
    hcm settings set network.extra_ca_certificates /etc/ssl/relay.pem &&
        /test/relay-emulator --state /var/relay connection-string contoso/web |
        hcm add - && connected
}
# with_a_stream COMMAND…: while a stream is open, which goes on until it is closed.
with_a_stream() {
    local port sender upgrade ended=0
    /test/relay-emulator --state /var/relay send --local 0 contoso/web >/run/sender &
    sender=$!
    soon grep -q '127.0.0.1:' /run/sender || return 1
    port=$(grep -o '127.0.0.1:[0-9]*' /run/sender | head -n 1)
    exec 3<>"/dev/tcp/127.0.0.1/${port#*:}"
    echoes before || return 1
    "$@" >/run/upgrade 2>&1 3>&- &
    upgrade=$!
    soon says deactivating systemctl is-active $unit && echoes meanwhile || ended=1
    exec 3>&-
    wait $upgrade || ended=1
    cat /run/upgrade
    kill $sender
    return $ended
}
# echoes TEXT: through the open stream and back.
echoes() {
    local back
    echo "$1" >&3 && read -r -t 10 back <&3 && is "$back" "$1"
}

# leftovers: what is left of the product, besides the accounts.
leftovers() {
    local found
    found=$(find / -xdev \( -name "*$name*" -o -name hcm -o -name _hcm -o -name hcm.fish \) \
        -not -path '/proc/*' -not -path '/var/cache/apt/*' "$@")
    [ -z "$found" ] || { echo "$found"; return 1; }
}

# check_installed: what holds after every first installation.
check_installed() {
    check "the service runs and is enabled" is "$(state)" "enabled active"
    check "it has a process" process
    check "what is installed is found" not leftovers
    check "the local channel answers" says "^service  *0.1.0" hcm version
    check "there is the account" says "/var/lib/$name:/.*nologin$" getent passwd $name
    check "there is the group" getent group hcm
    check "a connection is added and Connected" add_connection
    check "a restart" once systemctl restart $unit
    check "is followed by Connected" connected
    check "it reads its settings again" systemctl reload $unit
    mkdir -p "/etc/systemd/system/$unit.d"
    printf '[Service]\nEnvironment=MINE=yes\n' >"/etc/systemd/system/$unit.d/override.conf"
    systemctl daemon-reload
}
# check_upgrades UP DOWN: by two commands, while the service runs, is stopped, and is disabled.
check_upgrades() {
    check "an upgrade restarts the service once, and lets a stream end" once with_a_stream "$1"
    check "it is the new version" is "$(version)" "$new"
    check "and Connected with what it had" connected
    check "changes of systemctl edit stay" says MINE property $unit Environment
    systemctl stop $unit
    check "a stopped service" "$2"
    check "stays stopped over it" is "$(state)" "enabled inactive"
    systemctl disable -q $unit
    check "a disabled service" "$1"
    check "stays disabled over it" is "$(state)" "disabled inactive"
    systemctl enable -q --now $unit
    check "it is Connected once it is enabled" connected
}
check_removed() {
    check "the service does not run" not process
    check "it is not enabled any more" gone "/etc/systemd/system/multi-user.target.wants/$unit"
    check "its unit is gone" says "could not be found" systemctl status $unit
    check "and its programs" gone /usr/bin/hcm
    check "and the other one" gone /usr/bin/$name-service
    check "the connections are there" test -s /var/lib/$name/connections.json
}
done_with() { echo "$passed passed, $failed failed"; }
