#!/usr/bin/env bash
# Builds the packages for Linux: .deb and .rpm of the service with hcm, and of the window, and a
# .tar.gz with setup.sh for other systems.
#
#   installer/linux/build.sh [--profile dev|release] [--version X.Y.Z[-PREVIEW]] [--out FOLDER]
#                            [--programs FOLDER]
#
# The version is that of the package unless another is given: previews and tests of upgrades have
# one. The packages are put into FOLDER (installer/linux/out). With --programs nothing is compiled:
# they are what programs.sh --gui has put there, and say of themselves what they were built with.
# With dev they are packed fast and large. It needs what programs.sh needs, dpkg-deb, rpm and
# python3.
set -euo pipefail
here=$(realpath "$(dirname "$0")")
repository=$(realpath "$here/../..")
name=hybrid-connection-manager
unset HCM_HOME

usage() {
    sed -n '2,13s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

profile=release version='' out=$here/out programs=''
while [ $# -gt 0 ]; do
    case $1 in
        --profile | --version | --out | --programs) ;;
        *) usage ;;
    esac
    [ $# -ge 2 ] || usage
    printf -v "${1#--}" %s "$2"
    shift 2
done
case $profile in dev | release) ;; *) usage ;; esac
[ -n "$version" ] ||
    version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$repository/Cargo.toml" | head -1)
[[ $version =~ ^([0-9]+)\.([0-9]+)\.[0-9]+(-[0-9A-Za-z]+(\.[0-9A-Za-z]+)*)?$ ]] || {
    echo "$0: \"$version\" is no version: X.Y.Z, or X.Y.Z-rc.N for a preview" >&2
    exit 2
}
# Package managers have a preview before its version with a tilde.
package_version=${version/-/\~}
# The window and the service of one line understand each other in full.
line=${BASH_REMATCH[1]}.${BASH_REMATCH[2]}
next_line=${BASH_REMATCH[1]}.$((BASH_REMATCH[2] + 1))
for tool in dpkg-deb rpmbuild objdump python3; do
    command -v "$tool" >/dev/null || {
        echo "$0: $tool is missing; install dpkg, rpm, binutils and python3" >&2
        exit 2
    }
done

# The same input gives the same packages.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$repository" log -1 --format=%ct)}
export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC
umask 022
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
mkdir -p "$out"
out=$(realpath "$out")
if [ -z "$programs" ]; then
    programs=$stage/programs
    "$here/programs.sh" --profile "$profile" --version "$version" --gui \
        --out "$programs" >&2
fi
programs=$(realpath "$programs")

# put MODE FILE PATH: into the tree that is filled at the moment.
put() { install -D -m "$1" "$2" "$tree/$3"; }

cd "$repository"
tree=$stage/service
put 755 "$programs/hcm" usr/bin/hcm
put 755 "$programs/$name-service" usr/bin/$name-service
for kind in .service -upgrade.service -upgrade.path; do
    put 644 "$here/systemd/$name$kind" usr/lib/systemd/system/$name$kind
done
put 644 "$here/systemd/80-$name.preset" usr/lib/systemd/system-preset/80-$name.preset
put 644 "$here/sysusers.d/$name.conf" usr/lib/sysusers.d/$name.conf
for shell in bash/bash-completion/completions/hcm zsh/zsh/site-functions/_hcm \
    fish/fish/vendor_completions.d/hcm.fish; do
    "$programs/hcm" completions "${shell%%/*}" >"$stage/completions"
    put 644 "$stage/completions" "usr/share/${shell#*/}"
done
documents=usr/share/doc/$name
PYTHONDONTWRITEBYTECODE=1 python3 installer/release/licences.py | gzip -9n >"$stage/licences.gz"
put 644 "$stage/licences.gz" $documents/THIRD-PARTY-LICENSES.txt.gz
for document in README.md CHANGELOG.md LICENSE docs/*.md; do
    [ "$document" = docs/ARCHITECTURE.md ] || put 644 "$document" "$documents/$document"
done
put 644 installer/grafana/dashboard.json $documents/grafana-dashboard.json

tree=$stage/gui
put 755 "$programs/$name-gui" usr/bin/$name-gui
put 644 assets/linux/$name-gui.desktop usr/share/applications/$name-gui.desktop
for metadata in assets/linux/*.metainfo.xml; do
    [ ! -e "$metadata" ] || put 644 "$metadata" "usr/share/metainfo/${metadata##*/}"
done
icons=usr/share/icons/hicolor
for icon in assets/icon/icon-*.png; do
    size=${icon##*-} size=${size%.png}
    put 644 "$icon" "$icons/${size}x$size/apps/$name.png"
done
put 644 assets/icon/icon.svg $icons/scalable/apps/$name.svg
put 644 LICENSE usr/share/doc/$name-gui/LICENSE
put 644 "$stage/licences.gz" usr/share/doc/$name-gui/THIRD-PARTY-LICENSES.txt.gz
put 644 assets/fonts/OFL.txt usr/share/doc/$name-gui/OFL.txt
# What an installation has come from, for the upgrader.
came_from() { # came_from KIND TREE
    mkdir -p "$2/usr/lib/$name"
    echo "$1" >"$2/usr/lib/$name/package"
}
find "$stage" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +

build_deb() { # build_deb PACKAGE TREE LICENCE…
    local package=$1 tree=$stage/deb/$1 glibc
    local documents=$tree/usr/share/doc/$1
    mkdir -p "$tree/DEBIAN"
    cp -a "$stage/$2/." "$tree"
    [ "$2" = gui ] || came_from deb "$tree"
    shift 2
    cat "$@" >"$documents/copyright"
    rm -f "$documents/LICENSE" "$documents/OFL.txt" "$documents/CHANGELOG.md"
    gzip -9n <CHANGELOG.md >"$documents/changelog.gz"
    gzip -9n >"$documents/changelog.Debian.gz" <<ENTRY
$package ($package_version-1) stable; urgency=medium

  * What is new stands in changelog.gz.

 -- Hybrid Connection Manager contributors <noreply@$name.invalid>  $(date -R -d "@$SOURCE_DATE_EPOCH")
ENTRY
    if [ -d "$tree/usr/share/zsh/site-functions" ]; then
        mv "$tree/usr/share/zsh/site-functions" "$tree/usr/share/zsh/vendor-completions"
    fi
    glibc=$(objdump -T "$programs/$name-gui" | grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -n 1)
    sed -e "s/@VERSION@/$package_version-1/; s/@LINE@/$line/; s/@NEXT_LINE@/$next_line/" \
        -e "s/@GLIBC@/${glibc#GLIBC_}/; s/@SIZE@/$(du -sk "$tree/usr" | cut -f 1)/" \
        "$here/packages/deb/$package.control" >"$tree/DEBIAN/control"
    if [ -e "$here/packages/deb/$package.lintian-overrides" ]; then
        install -D -m 644 "$here/packages/deb/$package.lintian-overrides" \
            "$tree/usr/share/lintian/overrides/$package"
    fi
    if [ "$package" = $name ]; then
        for script in preinst postinst prerm postrm; do
            with_accounts "$here/packages/deb/$script" "$tree/DEBIAN/$script"
        done
    fi
    (cd "$tree" && find usr -type f -exec md5sum {} + | sort -k 2) >"$tree/DEBIAN/md5sums"
    chmod 644 "$tree/DEBIAN/md5sums"
    find "$tree" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
    dpkg-deb --root-owner-group "${deb_packing[@]}" --build "$tree" \
        "$out/${package}_$version-1_amd64.deb" >/dev/null
    echo "$out/${package}_$version-1_amd64.deb"
}

# with_accounts SCRIPT TARGET: the script with accounts.sh in it.
with_accounts() {
    sed -e "/^#ACCOUNTS#$/{r $here/packages/accounts.sh" -e 'd}' "$1" >"$2"
    chmod 755 "$2"
}

build_rpms() {
    local tree rpm file
    came_from rpm "$stage/service"
    for tree in service gui; do
        (
            cd "$stage/$tree"
            find usr -type d \( -path "*/doc/$name*" -o -path "usr/lib/$name" \) -printf '%%%%dir "/%p"\n'
            find usr -type f -path '*/doc/*' -name '*LICENSE*' -printf '%%%%license "/%p"\n'
            find usr -type f -path '*/doc/*' ! -name '*LICENSE*' -printf '%%%%doc "/%p"\n'
            find usr -type f ! -path '*/doc/*' -printf '"/%p"\n'
        ) | sort >"$stage/$tree.files"
    done
    rpmbuild -bb --quiet --target x86_64-linux --define "_topdir $stage/rpm" \
        --define "_rpmdir $stage/rpms" --define "_binary_payload $rpm_packing" \
        --define "_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm" \
        --define "_buildhost localhost" --define "use_source_date_epoch_as_buildtime 1" \
        --define "clamp_mtime_to_source_date_epoch 1" --define "stage $stage" \
        --define "scripts $here/packages" --define "package_version $package_version" \
        --define "package_line $line" --define "package_next_line $next_line" \
        "$here/packages/rpm/$name.spec" >&2
    for rpm in "$stage"/rpms/*.rpm; do
        # As the other files: a tilde in a name does not come through every web server.
        file=${rpm##*/}
        mv "$rpm" "$out/${file/\~/-}"
        echo "$out/${file/\~/-}"
    done
}

build_tar() {
    local folder=$name-$version-x86_64 tree
    mkdir -p "$stage/tar/$folder"
    for tree in service gui; do
        [ $tree = gui ] || came_from tar-gz "$stage/$tree"
        cp -a "$stage/$tree" "$stage/tar/$folder/"
        (cd "$stage/$tree" && find usr -type f | sort) >"$stage/tar/$folder/$tree.files"
    done
    echo "$version" >"$stage/tar/$folder/version"
    cp LICENSE "$stage/tar/$folder/"
    with_accounts "$here/packages/setup.sh" "$stage/tar/$folder/setup.sh"
    tar -C "$stage/tar" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 \
        --numeric-owner --format=gnu -c "$folder" | gzip "$tar_packing" -n >"$stage/$folder.tar.gz"
    mv "$stage/$folder.tar.gz" "$out/"
    echo "$out/$folder.tar.gz"
}

if [ "$profile" = dev ]; then
    deb_packing=(-Zgzip -z1) rpm_packing=w1.gzdio tar_packing=-1
else
    deb_packing=(-Zxz) rpm_packing=w6.xzdio tar_packing=-9
fi
build_deb $name service LICENSE
build_deb $name-gui gui LICENSE assets/fonts/OFL.txt
build_rpms
build_tar
