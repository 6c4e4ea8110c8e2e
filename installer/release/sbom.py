"""Prints the software bill of materials of a version, as CycloneDX 1.6: sbom.py VERSION TIME."""

import json
import sys
import uuid

import crates

PRODUCT = "hybrid-connection-manager"
# So that one version has one serial number.
NAMESPACE = uuid.UUID("0d4a7a3a-2d83-4b0f-9a0c-3f5fb1a7a6de")


def reference(crate):
    """The address of a crate as a package (the purl specification)."""
    return f"pkg:cargo/{crate.name}@{crate.version.replace('+', '%2B')}"


def component(crate):
    made = {
        "type": "library",
        "bom-ref": reference(crate),
        "name": crate.name,
        "version": crate.version,
        "scope": "required",
        "hashes": [{"alg": "SHA-256", "content": crate.checksum}],
        "purl": reference(crate),
        "properties": [
            {"name": "cargo:target", "value": target} for target in sorted(crate.targets)
        ],
    }
    if crate.authors:
        made["authors"] = [{"name": author} for author in crate.authors]
    if crate.licence:
        made["licenses"] = [{"expression": crate.licence}]
    if crate.source:
        made["externalReferences"] = [{"type": "vcs", "url": crate.source}]
    return made


def standard_library(version):
    """What the compiler puts into each program; it comes with it and is in no lock file."""
    return {
        "type": "library",
        "bom-ref": f"rust-std@{version}",
        "name": "rust-std",
        "version": version,
        "scope": "required",
        "description": "The standard library of Rust",
        "licenses": [{"expression": "MIT OR Apache-2.0"}],
    }


def bill(version, time):
    own, others = crates.linked()
    std = standard_library(crates.toolchain())
    itself = f"{PRODUCT}@{version}"
    by_key = {crate.key: reference(crate) for crate in others} | {own.key: itself}
    graph = [
        {"ref": by_key[crate.key], "dependsOn": sorted(by_key[key] for key in crate.uses)}
        for crate in [own, *others]
    ]
    graph[0]["dependsOn"].append(std["bom-ref"])
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(NAMESPACE, f'{version} {time}')}",
        "version": 1,
        "metadata": {
            "timestamp": time,
            "component": {
                "type": "application",
                "bom-ref": itself,
                "name": PRODUCT,
                "version": version,
                "licenses": [{"license": {"id": own.licence}}],
            },
        },
        "components": [*map(component, others), std],
        "dependencies": [*graph, {"ref": std["bom-ref"], "dependsOn": []}],
    }


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    json.dump(bill(*sys.argv[1:]), sys.stdout, indent=1, ensure_ascii=False)
    print()
