"""Holds the manifests: `check.py PROGRAMS INSTALLER WORK`; see run.sh."""

import base64
import copy
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import traceback

import kubernetes_validate
import kubernetes_validate.utils
import yaml

import kustomize
import pod_security

PROGRAMS, INSTALLER, WORK = (pathlib.Path(argument).resolve() for argument in sys.argv[1:4])
FOLDERS = [INSTALLER / "kubernetes" / name for name in ("base", "example")]
CONTAINERFILE = (INSTALLER / "container" / "Containerfile").read_text()
NAME = "hybrid-connection-manager"
# The first with all that is used here, as beta and on: matchLabelKeys, unhealthyPodEvictionPolicy.
FIRST = (1, 27)
# What the service needs for its end besides service.drain_seconds.
RESERVE = 10
# How long `hcm status --check` waits for the service.
ANSWER_LIMIT = 5


def versions():
    found = kubernetes_validate.utils.all_versions()
    found = sorted({tuple(map(int, one.split(".")[:2])) for one in found})
    return [f"{major}.{minor}" for major, minor in found if (major, minor) >= FIRST]


def only(objects, kind):
    [one] = [one for one in objects if one["kind"] == kind]
    return one


def pod_of(objects):
    return only(objects, "Deployment")["spec"]["template"]["spec"]


def container_of(objects):
    [container] = pod_of(objects)["containers"]
    return container


def declared(objects):
    return yaml.safe_load(only(objects, "ConfigMap")["data"]["connections.yaml"])


def each(test):
    """Runs `test` with what is built of each folder."""
    def run():
        for folder in FOLDERS:
            test(kustomize.build(folder))
    run.__name__ = test.__name__
    return run


@each
def all_objects_fit_the_schemas_of_every_version(objects):
    for version in versions():
        for one in objects:
            try:
                kubernetes_validate.validate(one, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                raise AssertionError(f"{one['kind']}, {version}: {error.message}") from error


def the_validator_is_strict():
    deployment = only(kustomize.build(FOLDERS[0]), "Deployment")
    deployment["spec"]["template"]["spec"]["containers"][0]["readinessProb"] = {}
    try:
        kubernetes_validate.validate(deployment, versions()[-1], strict=True)
    except kubernetes_validate.ValidationError:
        return
    raise AssertionError("a wrong name is taken")


def what_is_built_here_is_what_kustomize_builds():
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        print("  (no kubectl here to compare with)")
        return
    for folder in FOLDERS:
        done = subprocess.run(
            [kubectl, "kustomize", folder], capture_output=True, text=True, check=True
        )

        def order(objects):
            return sorted(objects, key=lambda one: one["kind"])

        theirs, ours = order(yaml.safe_load_all(done.stdout)), order(kustomize.build(folder))
        for one, other in zip(theirs, ours, strict=True):
            assert one == other, f"{one}\n    is built here as\n    {other}"


@each
def the_level_restricted_is_kept(objects):
    found = pod_security.violations(pod_of(objects))
    assert not found, found


def the_level_restricted_is_looked_at():
    pod = pod_of(kustomize.build(FOLDERS[0]))
    def broken(change):
        other = copy.deepcopy(pod)
        change(other, other["containers"][0]["securityContext"])
        return pod_security.violations(other)
    for change in [
        lambda pod, _: pod.update(hostNetwork=True),
        lambda pod, _: pod["volumes"].append({"name": "x", "hostPath": {"path": "/"}}),
        lambda pod, _: pod["securityContext"].pop("runAsNonRoot"),
        lambda pod, _: pod["securityContext"].pop("seccompProfile"),
        lambda pod, _: pod["securityContext"].update(runAsUser=0),
        lambda _, container: container.pop("allowPrivilegeEscalation"),
        lambda _, container: container.update(privileged=True),
        lambda _, container: container["capabilities"].update(drop=["NET_RAW"]),
        lambda _, container: container["capabilities"].update(add=["SYS_ADMIN"]),
    ]:
        assert len(broken(change)) == 1, broken(change)


@each
def the_pod_has_what_the_image_needs(objects):
    pod, container = pod_of(objects), container_of(objects)
    [user] = re.findall(r"^USER (\d+):(\d+)$", CONTAINERFILE, re.M)
    context = pod["securityContext"]
    assert (str(context["runAsUser"]), str(context["runAsGroup"])) == user
    assert context["fsGroup"] == context["runAsGroup"], "it may not write into its volume"
    [home] = re.findall(r"\bHCM_HOME=(\S+)", CONTAINERFILE)
    mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
    # The volume itself belongs to root: the home is a folder in it.
    assert str(pathlib.PurePath(home).parent) in mounts, home
    writable = [path for path, mount in mounts.items() if not mount.get("readOnly")]
    assert writable == [str(pathlib.PurePath(home).parent)], writable
    [volume] = [one for one in pod["volumes"] if one["name"] == mounts[writable[0]]["name"]]
    assert volume["emptyDir"]["medium"] == "Memory", "keys on the disk of the node"
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert "command" not in container and "args" not in container, "the image says what runs"
    [path] = [one["value"] for one in container["env"] if one["name"] == "HCM_DECLARED"]
    assert str(pathlib.PurePath(path).parent) in mounts, path
    assert pathlib.PurePath(path).name in only(objects, "ConfigMap")["data"], path


@each
def the_image_is_a_placeholder_with_the_version(objects):
    version = re.search(r'^version = "(.*)"', (INSTALLER.parent / "Cargo.toml").read_text(), re.M)[1]
    name, _, tag = container_of(objects)["image"].rpartition(":")
    assert tag == version, f"the tag {tag} is not the version {version}"
    assert name.split("/")[0] in ("registry.invalid", "registry.example.com"), name


@each
def there_is_time_to_drain(objects):
    drain = declared(objects)["settings"]["service.drain_seconds"]
    grace = pod_of(objects)["terminationGracePeriodSeconds"]
    assert grace >= drain + RESERVE, f"{grace} s for {drain} s"


@each
def copies_are_replaced_one_by_one_and_spread(objects):
    deployment = only(objects, "Deployment")
    spec, labels = deployment["spec"], deployment["spec"]["template"]["metadata"]["labels"]
    update = spec["strategy"]["rollingUpdate"]
    assert (update["maxUnavailable"], update["maxSurge"]) == (0, 1)
    assert spec["replicas"] >= 2 and spec["replicas"] + update["maxSurge"] <= 25
    assert labels.items() >= spec["selector"]["matchLabels"].items()
    keys = set()
    for spread in spec["template"]["spec"]["topologySpreadConstraints"]:
        assert labels.items() >= spread["labelSelector"]["matchLabels"].items()
        keys.add(spread["topologyKey"])
    assert keys == {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}
    budget = only(objects, "PodDisruptionBudget")["spec"]
    assert labels.items() >= budget["selector"]["matchLabels"].items()
    assert budget["maxUnavailable"] < spec["replicas"]
    assert budget["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


@each
def there_is_no_token(objects):
    account, pod = only(objects, "ServiceAccount"), pod_of(objects)
    assert account["metadata"]["name"] == pod["serviceAccountName"]
    assert account["automountServiceAccountToken"] is False
    assert pod["automountServiceAccountToken"] is False


def the_example_closes_the_network_and_the_namespace():
    objects = kustomize.build(FOLDERS[1])
    policy = only(objects, "NetworkPolicy")["spec"]
    labels = only(objects, "Deployment")["spec"]["template"]["metadata"]["labels"]
    assert labels.items() >= policy["podSelector"]["matchLabels"].items()
    assert policy["policyTypes"] == ["Ingress", "Egress"] and policy["ingress"] == []
    ports = {(port["protocol"], port["port"]) for rule in policy["egress"] for port in rule["ports"]}
    assert ports >= {("UDP", 53), ("TCP", 53), ("TCP", 443)}, ports
    namespace = only(objects, "Namespace")["metadata"]
    assert namespace["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    for one in objects:
        if one["kind"] != "Namespace":
            assert one["metadata"]["namespace"] == namespace["name"], one["kind"]


@each
def secrets_are_named_alike(objects):
    names = {one["connectionString"]["secret"] for one in declared(objects)["connections"]}
    made = [one for one in objects if one["kind"] == "Secret"]
    for secret in made:
        assert set(secret["data"]) == names
    [volume] = [one for one in pod_of(objects)["volumes"] if "secret" in one]
    assert not made or volume["secret"]["secretName"] == made[0]["metadata"]["name"]
    [mount] = [one for one in container_of(objects)["volumeMounts"] if one["name"] == volume["name"]]
    # Where the service looks, unless it is told another folder.
    assert mount["mountPath"] == "/run/secrets"


class Pod:
    """The container of the example as a process: its files in a folder, its environment, and the
    paths of both put there."""

    def __init__(self, objects, strings):
        self.root = WORK / "pod"
        shutil.rmtree(self.root, ignore_errors=True)
        self.mounts = {
            mount["mountPath"]: mount["name"] for mount in container_of(objects)["volumeMounts"]
        }
        for path in self.mounts:
            (self.root / path[1:]).mkdir(parents=True)
        declared_at = self.inside("/etc/hcm")
        for name, text in only(objects, "ConfigMap")["data"].items():
            (declared_at / name).write_text(text)
        for name, text in strings.items():
            (self.inside("/run/secrets") / name).write_text(text)
        [home] = re.findall(r"\bHCM_HOME=(\S+)", CONTAINERFILE)
        [log_to] = re.findall(r"\bHCM_LOG_TO=(\S+)", CONTAINERFILE)
        self.environment = {"HCM_HOME": str(self.inside(home)), "HCM_LOG_TO": log_to}
        for one in container_of(objects)["env"]:
            self.environment[one["name"]] = str(self.inside(one["value"]))

    def inside(self, path):
        return self.root / path[1:]

    def run(self, more):
        """Starts what the image starts."""
        [command] = re.findall(r'^CMD (\[.*\])$', CONTAINERFILE, re.M)
        [entry] = re.findall(r'^ENTRYPOINT (\[.*\])$', CONTAINERFILE, re.M)
        program, *arguments = json.loads(entry) + json.loads(command)
        return subprocess.Popen(
            [PROGRAMS / pathlib.PurePath(program).name, *arguments,
             "--secrets", self.inside("/run/secrets")],
            env=self.environment | more, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )

    def probe(self, probe):
        program, *arguments = probe["exec"]["command"]
        assert program.startswith("/usr/bin/"), program
        done = subprocess.run(
            [PROGRAMS / pathlib.PurePath(program).name, *arguments],
            env=self.environment, capture_output=True, text=True, timeout=probe["timeoutSeconds"],
        )
        return done.returncode, done.stdout + done.stderr


def until(what, passed):
    """Asks until `passed` says yes, twenty seconds at most."""
    for _ in range(200):
        last = passed()
        if last:
            return
        time.sleep(0.1)
    raise AssertionError(f"not within 20 s: {what}")


def emulator(*arguments):
    done = subprocess.run(
        [PROGRAMS / "relay-emulator", *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def the_pod_runs_and_its_probes_say_how_it_is():
    objects = kustomize.build(FOLDERS[1])
    names = [one["connectionString"]["secret"] for one in declared(objects)["connections"]]
    entities = [f"--hybrid-connection=contoso/{name}=127.0.0.1:9" for name in names]
    azure = subprocess.Popen(
        [PROGRAMS / "relay-emulator", "run", "--port", "0", "--log", "warn", *entities],
        stdout=subprocess.DEVNULL,
    )
    processes = [azure]
    try:
        def string(name):
            done = subprocess.run(
                [PROGRAMS / "relay-emulator", "connection-string", f"contoso/{name}",
                 "--rule", "defaultListener"], capture_output=True, text=True,
            )
            return done.stdout.strip()
        until("the emulator answers", lambda: string(names[0]).startswith("Endpoint"))
        pod = Pod(objects, {name: string(name) for name in names})
        ca = pathlib.Path(os.environ["RELAY_EMULATOR_STATE"]) / "ca.pem"
        container = container_of(objects)
        startup, readiness, liveness = (
            container[f"{name}Probe"] for name in ("startup", "readiness", "liveness")
        )
        for probe in (startup, readiness, liveness):
            assert probe["timeoutSeconds"] > ANSWER_LIMIT, "it is ended before it says why"
        code, said = pod.probe(startup)
        assert code == 3, (code, said)
        service = pod.run({"HCM_SETTING_NETWORK_EXTRA_CA_CERTIFICATES": str(ca)})
        processes.append(service)
        until("started", lambda: pod.probe(startup)[0] == 0)
        until("ready", lambda: pod.probe(readiness)[0] == 0)
        assert pod.probe(liveness) == (0, "")
        # One of them is gone: not ready, and no reason to end it.
        emulator("remove", f"contoso/{names[0]}")
        until("not ready", lambda: pod.probe(readiness)[0] == 7)
        code, said = pod.probe(readiness)
        assert f"contoso/{names[0]} is not connected" in said, said
        assert pod.probe(liveness) == (0, "")
        service.send_signal(signal.SIGTERM)
        out, err = service.communicate(timeout=20)
        assert (service.returncode, err) == (0, ""), (service.returncode, err)
        assert "service stopped" in out, out
        assert pod.probe(liveness)[0] == 3
    finally:
        for process in processes:
            process.kill()
            process.wait()


def a_secret_that_was_not_filled_in_ends_the_start_and_is_named():
    objects = kustomize.build(FOLDERS[1])
    data = only(objects, "Secret")["data"]
    pod = Pod(objects, {name: base64.b64decode(text).decode() for name, text in data.items()})
    service = pod.run({})
    out, err = service.communicate(timeout=20)
    assert (service.returncode, out) == (1, ""), (service.returncode, out)
    for name in data:
        assert f"/run/secrets/{name}" in err, err


TESTS = [
    all_objects_fit_the_schemas_of_every_version,
    the_validator_is_strict,
    what_is_built_here_is_what_kustomize_builds,
    the_level_restricted_is_kept,
    the_level_restricted_is_looked_at,
    the_pod_has_what_the_image_needs,
    the_image_is_a_placeholder_with_the_version,
    there_is_time_to_drain,
    copies_are_replaced_one_by_one_and_spread,
    there_is_no_token,
    the_example_closes_the_network_and_the_namespace,
    secrets_are_named_alike,
    the_pod_runs_and_its_probes_say_how_it_is,
    a_secret_that_was_not_filled_in_ends_the_start_and_is_named,
]


def main():
    failed = 0
    for test in TESTS:
        words = test.__name__.replace("_", " ")
        try:
            test()
            print(f"ok: {words}")
        except Exception:
            failed += 1
            print(f"FAILED: {words}")
            traceback.print_exc(file=sys.stdout)
    print(f"{len(TESTS) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
