#!/usr/bin/env bash
# A service from the .tar.gz whose newer versions do not run: it goes back to the one before, or
# changes nothing.
# shellcheck source=tests/linux/packages/by-setup.sh
source /test/by-setup.sh
after=${new%.*}.$((${new##*.} + 1))

# unchanged COMMAND…: the command, and the service runs on as it was.
unchanged() {
    local before
    before=$(starts)
    "$@" && is "$(starts)" "$before"
}
goes_back() { grep going_back $own/working/plan.json; }

offer "$new"
check "the version before is installed" install_old
check "a connection is added and Connected" add_connection
check "a feed is set" hcm settings set upgrade.feed http://127.0.0.1:8000/
check "it is served" serve

offer unfit
check "a version that does not run here is offered" known "$after"
check "an upgrade to it changes nothing, and restarts nothing" \
    unchanged says "Nothing was changed" upgrade
check "the version before runs, Connected" whole "$old"
check "it says so afterwards too" failed_with upgrade-failed

offer fleeting
check "a version that answers and ends is offered" known "$new"
begin
patience=900 check "it is gone back from" soon failed_with upgrade-rolled-back
check "in words" says "did not run on" hcm status -o json
check "and the version before is back, Connected" whole "$old"
ended || true

offer broken
check "a version that does not answer is offered" known "$after"
begin
patience=900 check "it is gone back from" soon goes_back
kill_unit $upgrader
check "also after the upgrader was killed" whole "$old"
ended || true
check "and it is told in words" says "the one before is back" cat /run/upgrading
check "nothing is tried again" failed_with upgrade-rolled-back
check "the window has stayed" says " $old\$" $name-gui --version

offer "$new"
check "a version that runs is offered" known "$new"
patience=600 check "an upgrade to it" once upgrade
check "ends with the new version, Connected" whole "$new"
check "and leaves nothing behind" soon nothing_left
done_with
