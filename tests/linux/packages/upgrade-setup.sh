#!/usr/bin/env bash
# A service from the .tar.gz that upgrades itself, and goes back to what ran before where the new
# version does not answer.
# shellcheck source=tests/linux/packages/upgrade.sh
source /test/upgrade.sh

setup=/usr/lib/$name/setup
tar -xzf "/packages/$name-$old-x86_64.tar.gz" -C /srv
before() { "/srv/$name-$old-x86_64/setup.sh" "$@"; }
install_old() { before --yes --gui; }
back() { before --yes --downgrade >/run/back 2>&1; }
version() { cat $setup/version; }
something_new() { find / -xdev -name "*.$name-new" -o -path $own/working | grep .; }
in_order() {
    not something_new && says "^hcm $(version)\$" hcm --version &&
        says " $(version)\$" $name-service --version && test -x /usr/bin/$name-gui
}
# The files are being replaced.
installer() { compgen -G "/usr/bin/*.$name-new"; }

check_what_all_have_in_common

offer broken
check "a version that does not answer is offered" known "${new%.*}.$((${new##*.} + 1))"
check "an upgrade to it fails in words" says "the one before is back" upgrade
check "and the version before is back, Connected" whole "$new"
check "it says so afterwards too" failed_with upgrade-rolled-back
check "the window has stayed" says " $old\$" $name-gui --version

offer "$new"
check_kills
cut_power
