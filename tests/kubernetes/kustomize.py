"""What `kustomize build` makes of our folders, for machines without it.

Only what our kustomizations use is understood; anything else is an error.
"""

import base64
import hashlib
import json
import pathlib

import yaml

KNOWN = {
    "apiVersion", "kind", "resources", "configMapGenerator", "secretGenerator",
    "namespace", "images", "replicas",
}
# Kinds that are in no namespace.
OF_CLUSTER = {"Namespace"}


def build(folder):
    """The objects of `folder`, each generated one with the hash in its name."""
    objects = _collect(pathlib.Path(folder))
    names = {}
    for one in objects:
        if one.pop("generated", False):
            kind, name = one["kind"], one["metadata"]["name"]
            one["metadata"]["name"] = names[kind, name] = f"{name}-{_hash(one)}"
    for one in objects:
        if one["kind"] == "Deployment":
            for volume in one["spec"]["template"]["spec"]["volumes"]:
                for member, key, kind in [
                    ("configMap", "name", "ConfigMap"),
                    ("secret", "secretName", "Secret"),
                ]:
                    if member in volume:
                        name = volume[member][key]
                        volume[member][key] = names.get((kind, name), name)
    return objects


def _collect(folder):
    text = yaml.safe_load((folder / "kustomization.yaml").read_text())
    assert set(text) <= KNOWN, f"{folder}: {set(text) - KNOWN} is not understood here"
    objects = []
    for name in text["resources"]:
        path = folder / name
        found = _collect(path) if path.is_dir() else list(yaml.safe_load_all(path.read_text()))
        objects.extend(found)
    for kind in ("ConfigMap", "Secret"):
        for generator in text.get(kind[0].lower() + kind[1:] + "Generator", []):
            _generate(folder, kind, generator, objects)
    for image in text.get("images", []):
        _image(image, objects)
    for replicas in text.get("replicas", []):
        [deployment] = [one for one in objects if one["kind"] == "Deployment"]
        assert deployment["metadata"]["name"] == replicas["name"], replicas
        deployment["spec"]["replicas"] = replicas["count"]
    if "namespace" in text:
        for one in objects:
            if one["kind"] not in OF_CLUSTER:
                one["metadata"]["namespace"] = text["namespace"]
    return objects


def _generate(folder, kind, generator, objects):
    assert set(generator) <= {"name", "behavior", "files"}, generator
    data = {}
    for entry in generator["files"]:
        key, _, path = entry.rpartition("=")
        path = folder / path
        content = path.read_bytes()
        data[key or path.name] = content.decode() if kind == "ConfigMap" else _base64(content)
    one = {"apiVersion": "v1", "kind": kind, "metadata": {"name": generator["name"]}}
    one |= {"data": data, "generated": True} | ({"type": "Opaque"} if kind == "Secret" else {})
    same = [
        at for at, known in enumerate(objects)
        if (known["kind"], known["metadata"]["name"]) == (kind, generator["name"])
    ]
    replaces = generator.get("behavior", "create") == "replace"
    assert len(same) == int(replaces), f"{kind} {generator['name']}: {len(same)} are there"
    if replaces:
        objects[same[0]] = one
    else:
        objects.append(one)


def _base64(content):
    """In lines of 70 characters; without a line end where one is enough."""
    text = base64.b64encode(content).decode()
    if len(text) < 70:
        return text
    return "".join(f"{text[at:at + 70]}\n" for at in range(0, len(text), 70))


def _image(image, objects):
    used = 0
    for one in objects:
        if one["kind"] == "Deployment":
            for container in one["spec"]["template"]["spec"]["containers"]:
                name, _, tag = container["image"].rpartition(":")
                if name == image["name"]:
                    container["image"] = (
                        f"{image.get('newName', name)}:{image.get('newTag', tag)}"
                    )
                    used += 1
    assert used, f"no container has the image {image['name']}"


def _hash(one):
    # It takes the name for a path, and finds none.
    parts = {"data": one["data"], "kind": one["kind"], "name": ""}
    if one["kind"] == "Secret":
        parts["type"] = one["type"]
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    # As Go writes JSON.
    for char in "<>&":
        text = text.replace(char, f"\\u{ord(char):04x}")
    digest = hashlib.sha256(text.encode()).hexdigest()[:10]
    return digest.translate(str.maketrans("013ae", "ghkmt"))
