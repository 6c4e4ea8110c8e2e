#!/usr/bin/env bash
# An administrator with rpm, in the system of the story. It is a Debian: what dpkg has installed is
# unknown to rpm, so dependencies are not asked for here; files.sh looks at them.
# shellcheck source=tests/linux/packages/common.sh
source /test/common.sh

package() { echo "/packages/$1-$2-1.x86_64.rpm"; }
rpm() { command rpm --force-debian "$@"; }
up() { rpm -U --nodeps "$(package $name "$new")"; }
down() { rpm -U --nodeps --oldpackage "$(package $name "$old")"; }
version() { rpm -q --queryformat '%{VERSION}' $name; }

check "the package is installed" rpm -i --nodeps "$(package $name "$old")"
check_installed
check_upgrades up down
check "rpm refuses a downgrade" says "newer" rpm -U --nodeps "$(package $name "$old")"
check "what it has installed is as it was made" rpm -V --nodeps $name

check "the window is installed" rpm -i --nodeps "$(package $name-gui "$new")"
check "and is found" says "^hybrid-connection-manager-gui 0" $name-gui --version
check "it goes alone" rpm -e $name-gui
check "and the service stays" connected

tar -xzf "/packages/$name-$new-x86_64.tar.gz" -C /srv
check "setup.sh leaves it to rpm" says "the package $name is installed here" \
    "/srv/$name-$new-x86_64/setup.sh" --yes
rm -r "/srv/$name-$new-x86_64"

check "it is removed" rpm -e --nodeps $name
check_removed
mkdir -p /etc/systemd/system-preset
echo "disable $unit" >/etc/systemd/system-preset/10-mine.preset
check "where a preset forbids it, an installation" rpm -i --nodeps "$(package $name "$new")"
check "starts nothing" is "$(state)" "disabled inactive"
rm -r /etc/systemd/system-preset
check "it is removed again" rpm -e --nodeps $name
check "a new installation" rpm -i --nodeps "$(package $name "$new")"
check "is Connected without adding" connected
check "it is removed for good" rpm -e --nodeps $name
rm -r "/etc/systemd/system/$unit.d" /var/lib/$name /var/log/$name
check "and nothing is left besides its data" leftovers
done_with
