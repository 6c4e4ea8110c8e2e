"""Looks at a bill of materials: sbom.py BILL LICENCES VERSION CARGO_LOCK."""

import json
import pathlib
import sys
import tomllib

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from license_expression import get_spdx_licensing
from packageurl import PackageURL

NAME = "hybrid-connection-manager"


def problems(text, licences, version, locked):
    """What is wrong with a bill; nothing where it is right."""
    if error := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        yield str(error)
    bill = json.loads(text)
    own = bill["metadata"]["component"]
    if (own["name"], own["version"]) != (NAME, version):
        yield f"it is of {own['name']} {own['version']}"
    spdx = get_spdx_licensing()
    known = {own["bom-ref"]}
    for component in bill["components"]:
        name = f"{component['name']} {component['version']}"
        known.add(component["bom-ref"])
        for licence in component.get("licenses", [{"expression": "none"}]):
            for error in spdx.validate(licence["expression"]).errors:
                yield f"{name}: {error}"
        if f"\n{name} (" not in licences:
            yield f"{name}: its licence is not among those of the release"
        if component["name"] == "rust-std":
            continue
        purl = PackageURL.from_string(component["purl"])
        if (purl.type, purl.name, purl.version) != ("cargo", *name.split(" ")):
            yield f"{name}: {purl} is something else"
        if component["hashes"][0]["content"] != locked.get(tuple(name.split(" "))):
            yield f"{name}: its hash is not that of Cargo.lock"
    graph = {node["ref"]: node["dependsOn"] for node in bill["dependencies"]}
    if set(graph) != known:
        yield f"these have no place in the graph: {set(graph) ^ known}"
    reached, next_ones = set(), [own["bom-ref"]]
    while next_ones:
        one = next_ones.pop()
        if one not in reached:
            reached.add(one)
            next_ones += graph.get(one, [])
    if reached != known:
        yield f"these are used by nobody: {known ^ reached}"
    # What every program has, what only Windows and Linux have, and what is only for tests.
    names = {component["name"] for component in bill["components"]}
    if missing := {"tokio", "rustls", "aws-lc-rs", "egui", "windows-sys", "rustix"} - names:
        yield f"there is nothing of {missing}"
    if strange := {"proptest", "egui_kittest", "winresource", "serde_derive"} & names:
        yield f"these are not linked in: {strange}"


def main(bill, licences, version, lock):
    packages = tomllib.loads(pathlib.Path(lock).read_text(encoding="utf-8"))["package"]
    locked = {(one["name"], one["version"]): one.get("checksum") for one in packages}
    texts = (pathlib.Path(file).read_text(encoding="utf-8") for file in (bill, licences))
    found = list(problems(*texts, version, locked))
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
