"""Prints the licences of what others have written and is linked into the programs of all systems.

Each text stands there once, under the names of all that it is of. The texts are those in the
crates (cargo's folder of their sources), in the notices of the compiler for its standard library,
and in the folder `licences` for the C libraries.
"""

import html
import os
import pathlib
import re
import subprocess
import sys

import crates

HEAD = """\
The Hybrid Connection Manager is free software under the MIT licence, and is built from parts that
others have written. Here are their licences: each text once, under the names of the parts that it
is of. A part whose licence lets one choose may be used under any of those that it names.
"""
RULE = "=" * 100
FILE = re.compile(
    r"(licen[cs]es?|unlicense|copying|copyright|notice|ofl|ufl|patents)([-_.].*)?", re.IGNORECASE
)
NO_TEXT = re.compile(r".*\.(rs|html|py|sh|json|toml|spdx|c|h|go)", re.IGNORECASE)
# What is not compiled in.
ASIDE = {"tests", "test", "benches", "examples", "target", ".github"}
APACHE = re.compile(
    r"apache license\s+version 2\.0, january 2004.*?end of terms and conditions", re.S | re.I
)
# In the order in which one is taken for a crate that brings no text along.
STANDARD = {
    "MIT": re.compile(r"permission is hereby granted, free of charge.*?in the\s+software\.", re.S | re.I),
    "BSL-1.0": re.compile(r"boost software license.*?dealings in the software\.", re.S | re.I),
    "Apache-2.0": APACHE,
}  # fmt: skip
C_LIBRARIES = {
    "musl.txt": "musl, in hcm and the service for Linux",
    "mingw-w64.txt": "mingw-w64, in the programs for Windows",
}
# A part in the notices of the compiler for its standard library.
NOTICE = re.compile(r"<h3>\W*(?P<name>[^<]+)</h3>(?P<rest>.*?)(?=<h3>|\Z)", re.S)
PREFORMATTED = re.compile(r"<pre>(.*?)</pre>", re.S)


def tidy(text):
    lines = text.replace("\r\n", "\n").replace("\f", "\n").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip("\n")


def same(text):
    """What tells a text from others: not how its lines are broken."""
    return " ".join(text.split()).casefold()


def texts_in(folder):
    """The licences in the files of `folder`, and of those below it."""
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in ASIDE)
        for name in sorted(files):
            if FILE.fullmatch(name) and not NO_TEXT.fullmatch(name):
                path = pathlib.Path(place, name)
                yield tidy(path.read_text(encoding="utf-8", errors="replace"))


def standard_text(what, licence, authors, texts):
    """The text of a licence that a part names and does not bring along, with who wrote it."""
    for name, form in STANDARD.items():
        found = name in licence and next(filter(None, map(form.search, texts)), None)
        if found:
            return f"Copyright (c) {authors}\n\n{found[0]}"
    sys.exit(f"{what} is under {licence} and has no text of it; add one to {__file__}")


def of_crates():
    _, others = crates.linked()
    found = [(crate, list(texts_in(crate.folder))) for crate in others]
    every = [text for _, texts in found for text in texts]
    for crate, texts in found:
        if not texts:
            authors = ", ".join(crate.authors) or f"the authors of {crate.name}"
            texts = [standard_text(crate, crate.licence or "", authors, every)]
        name = f"{crate} ({crate.licence})"
        # The licence of this crate asks to say where its source is.
        if crate.licence == "MPL-2.0":
            name += f", source: {crate.source}"
        yield name, texts


def of_standard_library():
    sysroot = subprocess.run(
        ["rustc", "--print", "sysroot"], check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()
    notices = pathlib.Path(sysroot, "share/doc/rust/COPYRIGHT-library.html")
    if not notices.exists():
        sys.exit(f"{notices} is missing: it says whose parts the standard library has")
    own = pathlib.Path(sysroot, "share/doc/rust/licenses/MIT.txt").read_text(encoding="utf-8")
    text = standard_text("rust-std", "MIT", "The Rust Project Developers", [own])
    yield f"rust-std {crates.toolchain()} (MIT OR Apache-2.0)", [text]
    for part in NOTICE.finditer(notices.read_text(encoding="utf-8")):
        texts = map(html.unescape, PREFORMATTED.findall(part["rest"]))
        yield f"{part['name'].strip()}, in rust-std", list(map(tidy, texts))


def of_c_libraries():
    folder = pathlib.Path(__file__).with_name("licences")
    for file, name in C_LIBRARIES.items():
        yield name, [tidy((folder / file).read_text(encoding="utf-8"))]


def shortened(text, apache):
    """`text`, with a reference in place of the terms that stand at the end."""
    found = APACHE.search(text)
    if not found or same(found[0]) != same(apache):
        return text
    return tidy(f"{text[: found.start()]}\n[The terms of the Apache License, Version 2.0, stand at"
                f" the end of this file.]\n{text[found.end() :]}")  # fmt: skip


def main():
    parts = [*of_crates(), *of_standard_library(), *of_c_libraries()]
    every = [text for _, texts in parts for text in texts]
    apache = tidy(next(filter(None, map(APACHE.search, every)))[0])
    names, shown = {}, {}
    for name, texts in parts:
        for text in texts:
            text = shortened(text, apache)
            names.setdefault(same(text), []).append(name)
            shown.setdefault(same(text), text)
    pieces = [HEAD]
    for key, text in shown.items():
        of = "\n".join(dict.fromkeys(names[key]))
        pieces.append(f"{RULE}\n{of}\n{'-' * len(RULE)}\n\n{text}\n")
    pieces.append(f"{RULE}\nTerms of the Apache License, Version 2.0\n{'-' * len(RULE)}\n\n{apache}\n")
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    print("\n".join(pieces), end="")


if __name__ == "__main__":
    main()
