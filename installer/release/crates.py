"""The crates that are linked into the programs of this repository, as cargo resolves them."""

import functools
import json
import pathlib
import re
import subprocess
import tomllib

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
# Everything that a package may hold; the static programs for Linux have a part of it.
TARGETS = ("x86_64-unknown-linux-gnu", "x86_64-pc-windows-gnu")
# A line of `cargo tree --prefix depth`; those seen before end with (*).
LINE = re.compile(r"(?P<depth>\d+)(?P<name>\S+) v(?P<version>\S+)( \(.*\))?")


class Crate:
    """A crate of one version: what it says of itself, and which it uses on which targets."""

    def __init__(self, said, checksum):
        self.name, self.version = said["name"], said["version"]
        self.licence = spdx(said["license"]) if said["license"] else None
        self.authors, self.source = said["authors"], said["repository"]
        self.folder = pathlib.Path(said["manifest_path"]).parent
        self.checksum = checksum
        self.uses, self.targets = set(), set()

    @property
    def key(self):
        return self.name, self.version

    def __str__(self):
        return f"{self.name} {self.version}"


def spdx(licence):
    """A licence as SPDX writes it: older crates have a slash between those to choose from."""
    return re.sub(r"\s*/\s*", " OR ", licence)


def cargo(*arguments):
    command = ["cargo", *arguments, "--locked"]
    return subprocess.run(
        command, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


@functools.cache
def linked():
    """The package itself, and all crates that are linked into its programs, by name."""
    metadata = json.loads(cargo("metadata", "--format-version", "1", "--all-features"))
    locked = tomllib.loads((REPOSITORY / "Cargo.lock").read_text(encoding="utf-8"))
    checksums = {(one["name"], one["version"]): one.get("checksum") for one in locked["package"]}
    said = {(one["name"], one["version"]): one for one in metadata["packages"]}
    found = {}
    for target in TARGETS:
        tree = cargo(
            "tree", "--all-features", "--edges", "normal,no-proc-macro", "--target", target,
            "--prefix", "depth", "--charset", "ascii", "--format", "{p}",
        )  # fmt: skip
        above = []
        for line in tree.splitlines():
            match = LINE.fullmatch(line)
            key, depth = (match["name"], match["version"]), int(match["depth"])
            if key not in found:
                found[key] = Crate(said[key], checksums[key])
            found[key].targets.add(target)
            above[depth:] = [key]
            if depth:
                found[above[depth - 1]].uses.add(key)
    own, *others = sorted(found.values(), key=lambda one: (one.checksum is not None, one.key))
    return own, others


def toolchain():
    """The version of Rust, whose standard library is in each program."""
    said = subprocess.run(["rustc", "--version"], check=True, stdout=subprocess.PIPE, text=True)
    return said.stdout.split()[1]
