#!/bin/sh
# Installs, upgrades and removes the Hybrid Connection Manager where there is no package for it.
#
#   ./setup.sh [install] [--yes] [--gui|--no-gui] [--downgrade]
#   ./setup.sh remove [--purge] [--yes]
#   ./setup.sh save FOLDER
#
# As root. install puts the service and hcm into /usr, makes the service's account and the group
# of those who may manage it, and starts the service; over an older version it upgrades that, and
# restarts a service that runs. The window is installed with --gui, and stays over upgrades until
# --no-gui. An older version than the installed one is taken with --downgrade. remove leaves
# connections, settings and logs where they are; --purge removes them too. With --yes nothing is
# asked. With --no-restart a service that runs goes on as it is. save puts what is installed into
# FOLDER, as an archive unpacks it: the upgrader goes back to it. An installation has its own copy:
# /usr/lib/hybrid-connection-manager/setup/setup.sh
set -u
umask 022
unset HCM_HOME NOTIFY_SOCKET

name=hybrid-connection-manager
unit=$name.service
own=/usr/lib/$name/setup
# What is written lies beside its place until all of it is there.
new=.$name-new
here=$(cd "$(dirname "$0")" && pwd) || exit 1
action='' yes='' gui='' purge='' downgrade='' norestart='' saved=''
made='' before=''

#ACCOUNTS#

say() { printf '%s\n' "$*"; }

fail() {
    printf 'setup.sh: %s\n' "$*" >&2
    exit 1
}

usage() {
    printf 'setup.sh: %s\n\n' "$*" >&2
    sed -n '4,15s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

confirm() {
    [ -z "$yes" ] || return 0
    [ -t 0 ] || fail "there is no terminal to ask at; with --yes nothing is asked"
    printf '%s [y/N] ' "$1"
    read -r answer || answer=
    case $answer in
        y | Y | yes | YES) ;;
        *) fail "nothing was changed" ;;
    esac
}

has_systemd() { command -v systemctl >/dev/null 2>&1; }
systemd_runs() { [ -d /run/systemd/system ] && has_systemd; }
# lines FILE: nothing where there is none.
lines() { [ ! -e "$1" ] || cat "$1"; }
installed() { lines $own/version; }

# in_order VERSION…: the numbers of each as fields, and a preview before its version.
in_order() {
    printf '%s\n' "$@" | sed -e 's/-/.0./' -e t -e 's/$/.1/' |
        sort -t . -k 1,1n -k 2,2n -k 3,3n -k 4,4n -k 5,5 -k 6,6n
}

# older FIRST SECOND: of two versions, X.Y.Z or X.Y.Z-rc.N.
older() {
    [ "$1" != "$2" ] || return 1
    [ "$(in_order "$1" "$2" | head -n 1)" = "$(in_order "$1")" ]
}

# What is in the way.

check_machine() {
    [ "$(id -u)" = 0 ] || fail "only root may do this: sudo $0"
    [ "$(uname -s)" = Linux ] || fail "this is for Linux, and here is $(uname -s)"
    case $(uname -m) in
        x86_64 | amd64) ;;
        *) fail "this is for x86_64, and this machine is $(uname -m)" ;;
    esac
}

# The package that has hcm here, and how it is removed.
check_packages() {
    [ -e /usr/bin/hcm ] && [ ! -e $own/files ] || return 0
    if package=$(dpkg-query --search /usr/bin/hcm 2>/dev/null); then
        fail "the package ${package%%:*} is installed here; upgrade it with apt, or remove it first: apt remove ${package%%:*}"
    elif package=$(rpm --query --file --queryformat '%{NAME}' /usr/bin/hcm 2>/dev/null); then
        fail "the package $package is installed here; upgrade it with dnf or zypper, or remove it first: rpm --erase $package"
    fi
}

check_strangers() {
    [ -e /usr/bin/hcm ] && [ ! -e $own/files ] && [ ! -e /usr/bin/$name-service ] || return 0
    fail "/usr/bin/hcm is there already and belongs to another product; move it away"
}

check_tree() {
    [ -e "$here/service.files" ] ||
        fail "$here has no version to install; unpack the .tar.gz, and call setup.sh in its folder"
    for tree in $trees; do
        for file in $(files_of "$tree"); do
            [ -f "$here/$tree/$file" ] ||
                fail "$here/$tree/$file is missing; unpack the .tar.gz again, as a whole"
        done
    done
}

check_version() {
    version=$(cat "$here/version")
    before=$(installed)
    if [ -n "$before" ] && [ -z "$downgrade" ] && older "$version" "$before"; then
        fail "$before is installed, and $version is older; with --downgrade it is installed all the same. Nothing was changed"
    fi
}

# Installation.

# files_of TREE: the files to install, without a leading slash.
files_of() {
    if has_systemd; then
        cat "$here/$1.files"
    else
        grep -v '^usr/lib/systemd/' "$here/$1.files"
    fi
}

choose_trees() {
    trees=service
    if [ -z "$gui" ] && [ -e $own/files ] && grep -q "^/usr/bin/$name-gui\$" $own/files; then
        gui=yes
    fi
    [ "$gui" != yes ] || trees="service gui"
}

make_folder() {
    [ ! -d "$1" ] || return 0
    make_folder "$(dirname "$1")" && mkdir "$1" && made="$1 $made"
}

# Leaves everything as it was before.
give_up() {
    trap - HUP INT TERM
    forget_new
    for folder in $made; do
        rmdir "$folder" 2>/dev/null
    done
    fail "$*. Nothing was changed${before:+, version $before is as it was}"
}

forget_new() {
    for tree in service gui; do
        for file in $(lines "$here/$tree.files"); do
            rm -f "/$file$new"
        done
    done
    for file in files folders version setup.sh; do
        rm -f "$own/$file$new"
    done
}

# write_beside SOURCE TARGET MODE
write_beside() {
    if ! make_folder "$(dirname "$2")" || ! cp "$1" "$2$new" || ! chmod "$3" "$2$new"; then
        give_up "$2 cannot be written"
    fi
}

write_tree() {
    for file in $(files_of "$1"); do
        case $file in
            usr/bin/*) mode=755 ;;
            *) mode=644 ;;
        esac
        write_beside "$here/$1/$file" "/$file" $mode
    done
}

write_own() {
    write_beside "$here/version" $own/version 644
    write_beside "$here/setup.sh" $own/setup.sh 755
    for tree in $trees; do
        files_of "$tree" | sed 's|^|/|'
    done >"$own/files$new" || give_up "$own cannot be written"
    { lines $own/folders && say "${made% }" | tr ' ' '\n'; } >"$own/folders$new" ||
        give_up "$own cannot be written"
}

# A program that was cut short, or that this system cannot run, does not replace one that runs.
check_programs() {
    for program in hcm $name-service; do
        "/usr/bin/$program$new" --version >/dev/null 2>&1 ||
            give_up "/usr/bin/$program does not run on this system"
    done
    [ "$gui" != yes ] || "/usr/bin/$name-gui$new" --version >/dev/null 2>&1 ||
        give_up "the window does not run here; it needs the GNU C library, as new as that of Debian 12. Without --gui the rest is installed"
}

put_in_place() {
    trap '' HUP INT TERM
    dropped=$(lines $own/files)
    for file in $(cat "$own/files$new") $own/setup.sh $own/folders $own/files $own/version; do
        mv -f "$file$new" "$file" ||
            fail "$file cannot be replaced, and others have been; mend that and call setup.sh again"
    done
    for file in $dropped; do
        grep -q "^$file\$" $own/files || rm -f "$file"
    done
    remove_folders "$(lines $own/folders)"
}

start_service() {
    [ -z "$norestart" ] || return 0
    if ! has_systemd; then
        say "There is no systemd here, so nothing starts or restarts the service. Let the service"
        say "manager of this system run it; how is said in"
        say "/usr/share/doc/$name/docs/LINUX.md, \"Without systemd\"."
        return
    fi
    [ -n "$before" ] || systemctl --quiet --no-reload preset $unit
    if ! systemd_runs; then
        say "systemd does not run here; the service starts when it does."
        return
    fi
    systemctl daemon-reload
    if [ -n "$before" ]; then
        # One that is stopped or disabled stays so.
        systemctl try-restart $unit || fail "the service does not start: systemctl status $unit"
    elif systemctl --quiet is-enabled $unit; then
        # It may run from an installation by hand.
        systemctl restart $unit || fail "the service does not start: systemctl status $unit"
    else
        say "A preset of this system leaves the service off: systemctl enable --now $unit"
    fi
}

tell_desktop() {
    [ "$gui" = yes ] || return 0
    ! command -v update-desktop-database >/dev/null 2>&1 ||
        update-desktop-database -q /usr/share/applications
    ! command -v gtk-update-icon-cache >/dev/null 2>&1 ||
        gtk-update-icon-cache -q -t -f /usr/share/icons/hicolor
}

install_all() {
    check_packages
    check_strangers
    choose_trees
    check_tree
    check_version
    confirm "Install the Hybrid Connection Manager $version${before:+ over $before} into /usr?"
    trap 'give_up "Interrupted"' HUP INT TERM
    make_folder $own || give_up "$own cannot be made"
    for tree in $trees; do
        write_tree "$tree"
    done
    write_own
    check_programs
    make_accounts "$here/service/usr/lib/sysusers.d/$name.conf" ||
        give_up "the account $name or the group hcm cannot be made"
    sync
    put_in_place
    tell_desktop
    say "The Hybrid Connection Manager $version is installed."
    start_service
}

# Keeping what is installed.

save_all() {
    [ -e $own/files ] || fail "nothing is installed here by setup.sh"
    [ ! -e "$saved" ] || fail "$saved is there already"
    part=$saved.unfinished
    rm -rf "$part"
    mkdir -p "$part/service" "$part/gui" || fail "$part cannot be made"
    for file in $(lines $own/files); do
        if ! mkdir -p "$part/service$(dirname "$file")" || ! cp -p "$file" "$part/service$file"; then
            fail "$file cannot be kept in $part"
        fi
    done
    sed 's|^/||' $own/files >"$part/service.files" || fail "$part cannot be written"
    : >"$part/gui.files"
    cp $own/version $own/setup.sh "$part/" || fail "$part cannot be written"
    sync
    mv "$part" "$saved" || fail "$saved cannot be written"
}

# Removal.

# remove_folders LIST: those that are empty, of the folders that setup.sh has made.
remove_folders() {
    for folder in $(say "$1" | sort -ru); do
        rmdir "$folder" 2>/dev/null
    done
    return 0
}

stop_service() {
    if has_systemd; then
        systemctl --quiet --no-reload disable $unit 2>/dev/null
        ! systemd_runs || systemctl stop $name-upgrade.path $unit
    fi
    case $(/usr/bin/hcm status >/dev/null 2>&1; echo $?) in
        0 | 7 | 8 | 10) fail "a service still runs that systemd did not start; end it first" ;;
    esac
}

remove_files() {
    for file in $(lines $own/files); do
        rm -f "$file" "$file$new" || fail "$file cannot be removed"
    done
    folders=$(lines $own/folders)
    rm -f $own/setup.sh $own/files $own/version $own/folders
    remove_folders "$folders"
    ! systemd_runs || systemctl daemon-reload
    ! systemd_runs || systemctl --quiet reset-failed $unit 2>/dev/null
}

purge_data() {
    rm -rf /var/lib/$name /var/lib/$name-upgrade /var/log/$name /etc/credstore.encrypted/$name.key ||
        fail "not all data could be removed"
    say "Connections, settings, logs and the credential are removed."
}

remove_all() {
    check_packages
    if [ -e $own/files ]; then
        confirm "Remove the Hybrid Connection Manager $(installed)${purge:+, its connections, settings and logs}?"
        stop_service
        remove_files
        say "The Hybrid Connection Manager is removed."
    elif [ -z "$purge" ]; then
        fail "nothing is installed here by setup.sh"
    else
        confirm "Remove the connections, settings and logs of the Hybrid Connection Manager?"
    fi
    if [ -n "$purge" ]; then
        purge_data
    elif [ -e /var/lib/$name ]; then
        say "Connections, settings and logs stay in /var/lib/$name and /var/log/$name."
    fi
}

main() {
    for argument in "$@"; do
        case $argument in
            install | remove | save)
                [ -z "$action" ] || usage "either install, remove or save"
                action=$argument
                ;;
            --yes) yes=yes ;;
            --gui) gui=yes ;;
            --no-gui) gui=no ;;
            --purge) purge=yes ;;
            --downgrade) downgrade=yes ;;
            --no-restart) norestart=yes ;;
            -h | --help)
                sed -n '2,15s/^# \{0,1\}//p' "$0"
                exit 0
                ;;
            *)
                if [ "$action" != save ] || [ -n "$saved" ]; then
                    usage "\"$argument\" is not known"
                fi
                saved=$argument
                ;;
        esac
    done
    if [ "$action" = remove ]; then
        [ -z "$gui$downgrade" ] || usage "remove knows --purge and --yes"
        check_machine
        remove_all
    elif [ "$action" = save ]; then
        [ -n "$saved" ] || usage "save into which folder?"
        check_machine
        save_all
    else
        [ -z "$purge" ] || usage "--purge belongs to remove"
        check_machine
        install_all
    fi
}

main "$@"
exit
