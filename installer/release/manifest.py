"""Prints the manifest of a release: manifest.py FOLDER VERSION RELEASED CHANGELOG."""

import hashlib
import json
import pathlib
import re
import sys

from notes import notes_of

# What installs each package, by the end of its name.
KINDS = {".msi": "msi", ".deb": "deb", ".rpm": "rpm", ".tar.gz": "tar-gz"}
# What belongs to it besides, for whoever wants to know; no program needs it.
PAPERS = {
    "notes.md": "notes",
    "sbom.cdx.json": "sbom",
    "THIRD-PARTY-LICENSES.txt": "licences",
}
ARCH = "x86_64"
# As semver.org has it, without a build.
VERSION = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}(-[0-9A-Za-z]+(\.[0-9A-Za-z]+)*)?")
RELEASED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def kind_of(name, version):
    """Of which kind the file `name` is; nothing where it is not of this version."""
    package = re.escape(version) + r"(-\d+)?([._-](amd64|x86_64))?"
    match = re.fullmatch(rf"[a-z-]+[_-]{package}(?P<end>\.[a-z]\w*(\.\w+)?)", name)
    return KINDS.get(match["end"]) if match else None


def file_of(path, kind, arch):
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    size = path.stat().st_size
    return {"name": path.name, "kind": kind, "arch": arch, "size": size, "sha256": digest}


def files_in(folder, version):
    packages, papers = [], []
    for path in sorted(pathlib.Path(folder).iterdir()):
        if kind := kind_of(path.name, version):
            packages.append(file_of(path, kind, ARCH))
        elif kind := PAPERS.get(path.name):
            papers.append(file_of(path, kind, "any"))
    if not packages:
        sys.exit(f"there is no package of {version} in {folder}")
    return packages + papers


def main(folder, version, released, changelog):
    if not VERSION.fullmatch(version):
        sys.exit(f"{version!r} is no version of a release: X.Y.Z, or X.Y.Z-rc.N for a preview")
    if not RELEASED.fullmatch(released):
        sys.exit(f"{released!r} is no time; write it as 2026-11-18T09:00:00Z")
    manifest = {
        "form": 1,
        "product": "hybrid-connection-manager",
        "version": version,
        "released": released,
        "notes": notes_of(changelog, version),
        "files": files_in(folder, version),
    }
    json.dump(manifest, sys.stdout, indent=2, ensure_ascii=False)
    print()


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    main(*sys.argv[1:])
