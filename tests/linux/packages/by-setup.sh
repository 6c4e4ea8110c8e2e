# shellcheck shell=bash
# Sourced by the stories of services from the .tar.gz that upgrade themselves.
# shellcheck source=tests/linux/packages/upgrade.sh
source /test/upgrade.sh

setup=/usr/lib/$name/setup
tar -xzf "/packages/$name-$old-x86_64.tar.gz" -C /srv
before() { "/srv/$name-$old-x86_64/setup.sh" "$@"; }
install_old() { before --yes --gui; }
back() { before --yes --downgrade >/run/back 2>&1; }
version() { cat $setup/version; }
something_new() { find / -xdev -name "*.$name-new" -o -path "$own/working" | grep .; }
in_order() {
    not something_new && says "^hcm $(version)\$" hcm --version &&
        says " $(version)\$" $name-service --version && test -x /usr/bin/$name-gui
}
# The files are being replaced.
installer() { compgen -G "/usr/bin/*.$name-new"; }
