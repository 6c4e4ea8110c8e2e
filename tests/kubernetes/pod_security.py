"""The rules of the Pod Security Standards' level "restricted", those of "baseline" included.

Written from https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

VOLUMES = {
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim",
    "projected", "secret",
}
SECCOMP = {"RuntimeDefault", "Localhost"}
# The sysctls that do not reach beyond the pod.
SYSCTLS = {
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range",
}


def violations(pod):
    """What of a pod's `spec` breaks the rules, in words."""
    found = []
    context = pod.get("securityContext", {})
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(name):
            found.append(name)
    for volume in pod.get("volumes", []):
        if not set(volume) - {"name"} <= VOLUMES:
            found.append(f"the volume {volume['name']}")
    for sysctl in context.get("sysctls", []):
        if sysctl["name"] not in SYSCTLS:
            found.append(f"the sysctl {sysctl['name']}")
    found += _of_context("the pod", context)
    containers = pod["containers"] + pod.get("initContainers", []) + pod.get("ephemeralContainers", [])
    for container in containers:
        found += _of_container(container, context)
    return found


def _of_context(of, context):
    found = []
    if context.get("runAsUser") == 0:
        found.append(f"{of} runs as root")
    if context.get("windowsOptions", {}).get("hostProcess"):
        found.append(f"{of} is a process of the host")
    profile = context.get("appArmorProfile", {}).get("type", "RuntimeDefault")
    if profile not in ("RuntimeDefault", "Localhost"):
        found.append(f"{of} has the AppArmor profile {profile}")
    options = context.get("seLinuxOptions", {})
    allowed = {None, "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
    if options.get("type") not in allowed or options.get("user") or options.get("role"):
        found.append(f"{of} has SELinux options")
    profile = context.get("seccompProfile", {}).get("type")
    if profile is not None and profile not in SECCOMP:
        found.append(f"{of} has the seccomp profile {profile}")
    return found


def _of_container(container, pod):
    of, context = f"the container {container['name']}", container.get("securityContext", {})
    found = _of_context(of, context)
    effective = {**pod, **context}
    if effective.get("runAsNonRoot") is not True:
        found.append(f"{of} may run as root")
    if effective.get("seccompProfile", {}).get("type") not in SECCOMP:
        found.append(f"{of} has no seccomp profile")
    if context.get("allowPrivilegeEscalation") is not False:
        found.append(f"{of} may get more privileges")
    if context.get("privileged"):
        found.append(f"{of} is privileged")
    if context.get("procMount", "Default") != "Default":
        found.append(f"{of} sees all of /proc")
    capabilities = context.get("capabilities", {})
    if "ALL" not in capabilities.get("drop", []):
        found.append(f"{of} does not drop ALL")
    if set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}:
        found.append(f"{of} adds capabilities")
    for port in container.get("ports", []):
        if port.get("hostPort"):
            found.append(f"{of} takes a port of the host")
    handlers = [container.get(f"{name}Probe", {}) for name in ("startup", "readiness", "liveness")]
    handlers += container.get("lifecycle", {}).values()
    for handler in handlers:
        if any(handler.get(kind, {}).get("host") for kind in ("httpGet", "tcpSocket")):
            found.append(f"{of} has a probe of another host")
    return found
