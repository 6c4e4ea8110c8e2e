# shellcheck shell=bash
# Sourced by the stories of upgrades that the service does: one on each way of installation, whose
# functions `install_old`, `back`, `version` and `installer` are. `installer` is the process that
# replaces the files.
# shellcheck source=tests/linux/packages/common.sh
source /test/common.sh
upgrader=$name-upgrade.service
state=/var/lib/$name
left=$state/upgrade
own=/var/lib/$name-upgrade
feed=/srv/feed/stable

# offer VERSION: in the feed, as a release is.
offer() {
    mkdir -p $feed
    rm -f $feed/*
    cp "/packages/releases/$1"/* $feed/
}
# The feed is slow after `slowly`, and as fast as it can be after `fast`.
serve() {
    systemctl reset-failed feed.service 2>/run/null || true
    systemctl stop feed.service 2>/run/null || true
    systemd-run -q --unit=feed /test/relay-emulator feed /srv/feed --port 8000 "$@"
    soon says "available\|newest" hcm version
}
known() { says "newest  *$1 is available" hcm version; }
failed_with() { says "\"Code\": *\"$1\"" hcm status -o json; }
nothing_left() {
    gone $left/request.json && gone $own/working && is "" "$(ls -A $left 2>/run/null)"
}
at_rest() { says '^inactive\|^failed' systemctl is-active $upgrader && gone $own/working; }
runs() { soon says "^service  *$1\$" hcm version && is "$(version)" "$1" && connected; }
# whole VERSION: the machine is in order, whatever has happened to it before.
whole() { patience=600 soon at_rest && runs "$1" && in_order; }
upgrade() { hcm upgrade --yes; }
begin() { upgrade >/run/upgrading 2>&1 & upgrading=$!; }
# at_once COMMAND…: as soon, without a pause: what is waited for does not last.
at_once() {
    local until=$((SECONDS + 60))
    while ! "$@" >/run/soon 2>&1; do
        [ $SECONDS -lt $until ] || { cat /run/soon; return 1; }
    done
}
part() { find $left -name '*.part' -size +0 | grep .; }
# started_since STARTS: the new version, after so many starts.
started_since() { [ "$(starts)" -gt "$1" ]; }
process_of() { grep -qx "$1" /proc/[0-9]*/comm; }
ended() { wait "$upgrading"; }
kill_unit() { systemctl kill --kill-whom=main -s KILL "$1"; }
# as_service COMMAND…: as somebody who has taken the service over.
as_service() { runuser -u $name -- "$@"; }

# leave VERSION: what a service leaves for the upgrader, put there by its account.
leave() {
    as_service sh -c "mkdir -p -m 700 $left && rm -rf $left/*"
    # shellcheck disable=SC2154 # that of the story
    for file in "/packages/releases/$1"/*; do
        as_service sh -c "cat >$left/${file##*/}" <"$file"
    done
}
# refuses CODE VERSION: the upgrader, when it is asked for the version, and changes nothing.
refuses() {
    rm -f $own/outcome.json
    as_service sh -c "cat >$left/request.new && mv $left/request.new $left/request.json" <<ASKED
{"form": 1, "version": "$2", "asked": "2026-01-01T00:00:00Z"}
ASKED
    soon says "\"code\": *\"$1\"" cat $own/outcome.json && soon gone $left/request.json &&
        soon at_rest && is "$(version)" "$old" && is "$(starts)" "$was"
}

check_refusals() {
    was=$(starts)
    leave "$old"
    check "the version that runs is refused" refuses release-replayed "$old"
    leave "$new"
    as_service sh -c "printf x >>$left/manifest.json"
    check "a manifest that was changed is refused" refuses release-not-trusted "$new"
    leave "$new"
    as_service sh -c ": >$left/manifest.json.sig"
    check "one without a signature is refused" refuses release-not-trusted "$new"
    as_service sh -c "cat >$left/manifest.json.sig" </packages/strangers/manifest.json.sig
    check "one that a stranger has signed is refused" refuses release-not-trusted "$new"
    leave "$new"
    # shellcheck disable=SC2016 # the shell of that account
    as_service sh -c 'for file in '$left'/*.deb '$left'/*.rpm '$left'/*.gz; do
        printf "%4096s" | dd of="$file" conv=notrunc bs=4096 seek=9 2>/dev/null
    done'
    check "a package that was changed is refused" refuses release-damaged "$new"
    as_service sh -c "rm $left/manifest.json && ln -s /etc/shadow $left/manifest.json"
    check "a link is not followed" refuses release-damaged "$new"
    check "and tells nothing of where it leads" not says 'root:' cat $own/outcome.json
    as_service sh -c "rm -rf $left/*"
    check "Connected all the while" connected
}

# The feed, as people and administrators see it.
check_feed() {
    check "a feed is set" hcm settings set upgrade.feed http://127.0.0.1:8000/
    check "it is served" serve
    check "a newer version is told" known "$new"
    check "hcm upgrade --check says so" says "$new" hcm upgrade --check
    rm $feed/manifest.json.sig
    check "an unsigned one is told as such" says "is not trusted" hcm version
    cp /packages/strangers/manifest.json.sig $feed/
    check "and one of a stranger" says "is not trusted" hcm version
    offer "$new"
}

check_upgrade() {
    patience=600 check "an upgrade with an open stream" once with_a_stream upgrade
    check "ends with the new version, Connected" whole "$new"
    check "and leaves nothing behind" soon nothing_left
    check "an upgrade to what is there does nothing" upgrade
    check "what runs is the newest" not says "is available" hcm version
}

# From the first installation to the first upgrade; or all that there is after the power was cut.
check_what_all_have_in_common() {
    # shellcheck disable=SC2154 # how often this system has booted
    if [ "$boot" = 2 ]; then
        check "after the power has gone the new version runs, with what it had" whole "$new"
        done_with
        exit
    fi
    offer "$new"
    check "the version before is installed" install_old
    check "a connection is added and Connected" add_connection
    check_feed
    check_refusals
    check_upgrade
}

# What is killed, and when; afterwards one version runs whole, with all connections.
check_kills() {
    back
    check "the version before" runs "$old"
    serve --slow 2000000
    begin
    check "a download" soon part
    kill_unit $unit
    ended || true
    check "is broken off with the service, and the old version runs on" whole "$old"
    check "what was fetched is kept" part
    serve
    check "and gone on from" upgrade
    check "to the new version" whole "$new"

    back
    begin
    check "the upgrader begins" at_once test -e $own/working/plan.json
    kill_unit $upgrader
    check "and goes on after it was killed" whole "$new"
    ended || true

    back
    begin
    check "the installer begins" at_once installer
    kill_unit $upgrader
    check "and is begun again after it was killed" whole "$new"
    ended || true

    back
    begin
    check "the new version is started" at_once started_since "$(starts)"
    kill_unit $upgrader || true
    kill_unit $unit || true
    check "and runs after both were killed" whole "$new"
    ended || true
    check "nothing is left of all this" soon nothing_left
}

# The power goes while files are being replaced; the harness starts the system again.
cut_power() {
    back
    begin
    check "the installer begins once more" at_once installer
    sync -f /told
    done_with
    systemctl poweroff -ff
    sleep 60
}
