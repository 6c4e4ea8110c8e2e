"""Prints the manifest of a release: manifest.py FOLDER VERSION RELEASED CHANGELOG."""

import hashlib
import json
import pathlib
import re
import sys

# What installs each file, by the end of its name.
KINDS = {".msi": "msi", ".deb": "deb", ".rpm": "rpm", ".tar.gz": "tar-gz"}
ARCH = "x86_64"


def notes_of(changelog, version):
    """What CHANGELOG.md says of `version`, whose head may still say "unreleased"."""
    sections = re.split(r"^## ", changelog, flags=re.MULTILINE)[1:]
    for section in sections:
        head, _, text = section.partition("\n")
        if head.split()[0] == version:
            return text.strip() + "\n"
    sys.exit(f"CHANGELOG.md has nothing of {version}")


def file_of(path, kind):
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    size = path.stat().st_size
    return {"name": path.name, "kind": kind, "arch": ARCH, "size": size, "sha256": digest}


def main(folder, version, released, changelog):
    files = [
        file_of(path, kind)
        for path in sorted(pathlib.Path(folder).iterdir())
        for end, kind in KINDS.items()
        if path.name.endswith(end) and version in path.name
    ]
    if not files:
        sys.exit(f"there is no package of {version} in {folder}")
    manifest = {
        "form": 1,
        "product": "hybrid-connection-manager",
        "version": version,
        "released": released,
        "notes": notes_of(pathlib.Path(changelog).read_text(encoding="utf-8"), version),
        "files": files,
    }
    json.dump(manifest, sys.stdout, indent=2, ensure_ascii=False)
    print()


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
