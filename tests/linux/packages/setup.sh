#!/usr/bin/env bash
# An administrator with the .tar.gz, in the system of the story.
# shellcheck source=tests/linux/packages/common.sh
source /test/common.sh

for version in "$old" "$new"; do
    tar -xzf "/packages/$name-$version-x86_64.tar.gz" -C /srv
done
before() { "/srv/$name-$old-x86_64/setup.sh" "$@"; }
after() { "/srv/$name-$new-x86_64/setup.sh" "$@"; }
own=/usr/lib/$name/setup
up() { after --yes; }
down() { before --yes --downgrade; }
version() { cat $own/version; }
refused() { # refused CODE PATTERN COMMAND…
    local code=$1 pattern=$2 said ended=0
    shift 2
    said=$("$@" 2>&1) || ended=$?
    echo "$said"
    is $ended "$code" && grep -q -- "$pattern" <<<"$said"
}
something_new() { find / -xdev -name "*.$name-new" | grep .; }

check "without root it says so" refused 1 "only root may" \
    runuser -u nobody -- "/srv/$name-$old-x86_64/setup.sh" --yes
check "an unknown option is told" refused 2 "\"--fast\" is not known" before --fast
check "so is one of the other command" refused 2 "belongs to remove" before --purge
check "without a terminal it does not ask" refused 1 "with --yes nothing is asked" before
answers() { echo "$1" | script -qec "/srv/$name-$old-x86_64/setup.sh" /dev/null; }
check "whoever says no gets nothing" says "nothing was changed" answers n
check "another processor is told" refused 1 "this is for x86_64" setarch i686 \
    "/srv/$name-$old-x86_64/setup.sh" --yes
check "what is not installed is not removed" refused 1 "nothing is installed here by setup.sh" \
    before remove --yes
mv "/srv/$name-$old-x86_64/service/usr/bin/hcm" /srv/
check "a part that is missing is told" refused 1 "usr/bin/hcm is missing" before --yes
cp /bin/true /usr/bin/hcm
mv /srv/hcm "/srv/$name-$old-x86_64/service/usr/bin/"
check "another product's hcm is left alone" refused 1 "belongs to another product" before --yes
rm /usr/bin/hcm
check "none of this has left anything" leftovers -not -path '/srv/*'

by_hand() {
    local tree=/srv/$name-$old-x86_64/service/usr
    cp "$tree/bin/"* /usr/bin/ && cp "$tree/lib/systemd/system/$unit" /etc/systemd/system/ &&
        systemd-sysusers "$tree/lib/sysusers.d/$name.conf" && systemctl daemon-reload &&
        systemctl start $unit
}
check "what was put there by hand" by_hand
rm /etc/systemd/system/$unit
check "is taken over, with the window" once before --yes --gui
check_installed
check "the window is found" says "^hybrid-connection-manager-gui 0" $name-gui --version

# The disk is full half way: here the folder of one of the later files.
mkdir -p /usr/share/zsh/site-functions
mount -t tmpfs -o size=16k tmpfs /usr/share/zsh/site-functions
was=$(starts)
check "on a full disk an upgrade ends in words" refused 1 "version $old is as it was" after --yes
umount /usr/share/zsh/site-functions
check "and leaves nothing half" not something_new
check "and the old version" is "$(version) $(systemctl is-active $unit)" "$old active"
check "which goes on" is "$(starts)" "$was"
cp -r "/srv/$name-$new-x86_64" /srv/cut
head -c 1000000 "/srv/$name-$new-x86_64/service/usr/bin/hcm" >/srv/cut/service/usr/bin/hcm
check "a program that was cut short replaces none" refused 1 "does not run on this system" \
    /srv/cut/setup.sh --yes
check "and the old one answers" connected

check_upgrades up down
check "an older version is refused" refused 1 "with --downgrade" before --yes
check "the window has stayed" test -x /usr/bin/$name-gui
check "until it is not wanted" after --yes --no-gui
check "then it is gone" gone /usr/bin/$name-gui
check "with its menu entry" gone /usr/share/applications/$name-gui.desktop
check "a package leaves it alone" says "setup.sh has installed it here" \
    dpkg -i "/packages/${name}_$new-1_amd64.deb"
dpkg --purge --force-all $name >/run/purge 2>&1

check "what is installed installs nothing" refused 1 "has no version to install" $own/setup.sh --yes
check "it is removed by its own copy" $own/setup.sh remove --yes
check_removed
check "its folders are gone" gone /usr/share/fish
check "a new installation" after --yes
check "is Connected without adding" connected
rm -r "/etc/systemd/system/$unit.d"
check "a purge" after remove --purge --yes
check "leaves nothing" leftovers -not -path '/srv/*'
check "and ends the service" not process
done_with
