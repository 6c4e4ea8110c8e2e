"""Prints what is new in a version, as Markdown: notes.py CHANGELOG VERSION."""

import pathlib
import re
import sys


def notes_of(changelog, version):
    """What `changelog` says of `version`, whose head may still say "unreleased".

    What a preview brings stands under the version that it is a preview of, unless it has a head of
    its own.
    """
    text = pathlib.Path(changelog).read_text(encoding="utf-8")
    sections = {}
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        head, _, body = section.partition("\n")
        sections[head.split()[0]] = body.strip() + "\n"
    for name in (version, version.partition("-")[0]):
        if name in sections:
            return sections[name]
    sys.exit(f"CHANGELOG.md has nothing of {version}; say there what is new")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    sys.stdout.write(notes_of(*sys.argv[1:]))
