"""What an upgrade by the service comes to, also where something is killed in its midst or somebody
has taken the service over; upgrade.sh starts it.

Weaker than on Windows, because Wine 8 does not do it: Windows Installer brings nothing back, so that
what was killed must be finished; a program that was killed has ended well, and two installations go on at
once, so that Windows Installer and who waits for it are killed together; access lists are not asked and
links are no reparse points, so that what the service's account may do is not tried; no service that has
failed is started again.
"""

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

from stage import Failed, wait
from traffic import Echo
from wine import PRODUCT, SERVICE, Wine

BEGUN = time.monotonic()
OLD, NEW, RELEASES, EMULATOR = sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4]
UPGRADER = f"{SERVICE}-upgrade"
PROGRAM = f"{SERVICE}-service.exe"
NAMES = ["old", "web"]
# How long the service gives open streams, in seconds: longer than the test needs one.
DRAIN = "60"
# Of the feed, in bytes each second: a download is seen.
SLOW = "8000000"
# How long an upgrade may take, whatever was killed, in seconds.
LIMIT = 120
# How long the service may be silent while something is expected of it, in seconds.
SILENCE = 60


def step(what):
    print(f"{time.monotonic() - BEGUN:6.1f} s  {what}", flush=True)


def check(holds, what):
    if not holds:
        raise Failed(f"this must hold: {what}")


def installer(version):
    [found] = (RELEASES / version).glob("*.msi")
    return found


class Channel:
    """A window's conversation with the service."""

    def __init__(self, wine):
        pipe = [str(wine.world / "channel.exe"), rf"\\.\pipe\{SERVICE}"]
        self.process = subprocess.Popen(
            ["wine", *pipe], env=wine.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, start_new_session=True, bufsize=0)
        self.others = wine.started
        self.others.append(self.process)
        self.asked = 0
        self._send(type="hello", protocol=1, oldest_protocol=1, program="test", version=OLD)
        said = self.next()
        # None where no service answers.
        self.version = said and said["version"]

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(SILENCE)
        self.others.remove(self.process)

    def _send(self, **message):
        text = json.dumps(message).encode()
        # A service that has gone is noticed when it does not answer.
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(struct.pack("<I", len(text)) + text)

    def _read(self, length):
        got = b""
        while len(got) < length:
            ready, *_ = select.select([self.process.stdout], [], [], SILENCE)
            if not ready:
                raise Failed(f"the service says nothing for {SILENCE} s")
            part = self.process.stdout.read(length - len(got))
            if not part:
                return None
            got += part
        return got

    def next(self):
        """What the service says next; None at the end."""
        head = self._read(4)
        text = head and self._read(struct.unpack("<I", head)[0])
        return text and json.loads(text)

    def ask(self, do, **more):
        """The answer to a request, and what is said meanwhile."""
        self.asked += 1
        self._send(type="request", id=self.asked, request={"do": do, **more})
        while (said := self.next()) is not None:
            if said["type"] == "response" and said["id"] == self.asked:
                return said["outcome"]
        raise Failed(f"the service ended before it answered {do}")


class Machine(Wine):
    """A Windows with the product, and Azure and a feed that are not on it."""

    def __init__(self, world):
        super().__init__(world, world)
        self.left = self.data / "upgrade"
        self.own = self.drive / "ProgramData" / "Hybrid Connection Manager Upgrade"
        self.echo = Echo()
        self.feed = self.feed_port = None

    def emulate(self):
        """Azure, as long as the test runs."""
        command = [EMULATOR, "run", "--port", "0", "--state", str(self.world / "relay")]
        for name in NAMES:
            command += ["--hybrid-connection", f"demo/{name}=127.0.0.1:{self.echo.port}"]
        self.start(command, "emulator.log")
        wait("the emulator", 30, lambda: "CA certificate" in self.said("emulator.log"))
        self.hcm("settings", "set", "network.extra_ca_certificates", f"Z:{self.world}/relay/ca.pem")
        rule = ["--rule", "defaultListener", "--state", str(self.world / "relay")]
        strings = [self.run(EMULATOR, "connection-string", f"demo/{name}", *rule) for name in NAMES]
        self.hcm("add", "-", given="".join(strings))
        self.are_connected()

    def offer(self, version, *options):
        """Serves a release, which is what the feed has from now on."""
        stable = self.world / "feed/stable"
        shutil.rmtree(stable, ignore_errors=True)
        shutil.copytree(RELEASES / version, stable)
        if self.feed is not None:
            os.killpg(self.feed.pid, signal.SIGKILL)
            self.feed.wait()
        port = self.feed_port or free_port()
        command = [EMULATOR, "feed", str(stable.parent), "--port", str(port), *options]
        self.feed = self.start(command, "feed.log")
        wait("the feed", 30, lambda: answers(port))
        if self.feed_port is None:
            self.hcm("settings", "set", "upgrade.feed", f"http://127.0.0.1:{port}/")
            self.feed_port = port

    def open_stream(self):
        """A stream from an app in Azure; what goes in comes back."""
        log = f"send-{len(self.started)}.log"
        self.start([EMULATOR, "send", "demo/web", "--local", "0", "--state", str(self.world / "relay")], log)
        at = wait("the sender", 30, lambda: self.said(log).rpartition("127.0.0.1:")[2])
        stream = socket.create_connection(("127.0.0.1", int(at.split()[0].strip(".,;"))))
        stream.settimeout(20)
        return stream

    def are_connected(self):
        self.hcm("status", "--wait", "30", limit=40)
        found = sorted((it["Name"], it["Status"]) for it in self.connections())
        check(found == [(name, "Connected") for name in NAMES], f"all are Connected: {found}")

    def version(self):
        """Of the service that answers; None without one. Not asked by hcm: a program that runs cannot
        be replaced without a restart of the machine."""
        channel = Channel(self)
        channel.close()
        return channel.version

    def runs(self, version):
        """The machine is in order, whatever has happened to it before."""
        wait(f"{version} answers", LIMIT, lambda: self.version() == version)
        wait("the upgrader is done", LIMIT, lambda: not (self.own / "working").exists())
        self.are_connected()
        check(len(self.installed()) == 1, f"one version is installed: {self.installed()}")
        waits = self.registry(r"SYSTEM\CurrentControlSet\Control\Session Manager", "PendingFileRenameOperations")
        check(not waits, f"nothing waits for a restart of the machine: {waits}")
        config = self.service_config(UPGRADER)
        check("0x3" in config and "Program Files" in config,
              f"the upgrader is started on demand, from where it was installed: {config}")

    def outcome(self):
        """What the upgrader has left, as the code of its fault; None without one."""
        try:
            return json.loads((self.own / "outcome.json").read_text()).get("fault", {}).get("code", "done")
        except FileNotFoundError:
            return None

    def pids(self, *words):
        """Processes of this machine whose command line has all of `words`."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                mine = str(self.world).encode() in (process / "environ").read_bytes()
            except OSError:
                continue
            if mine and all(word in line for word in words):
                found.append(int(process.name))
        return found

    def kill(self, *each):
        """Kills processes at once, each named by words of its command line, as nothing but a person
        with a tool or the system does."""
        found = [pid for words in each for pid in wait(f"a process {words}", 20, lambda: self.pids(*words))]
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        wait(f"the end of {each}", 20, lambda: not any(Path(f"/proc/{pid}").exists() for pid in found))

    def goes_back(self):
        """To the version before, with what it had."""
        self.msiexec("/x", *self.installed())
        shutil.rmtree(self.own, ignore_errors=True)
        self.msiexec("/i", installer(OLD))
        self.runs(OLD)

    def tell(self, failed):
        """Says what failed, with what runs and the last lines of every log."""
        super().tell(failed)
        logs = [*sorted((self.data / "logs").glob("*.log")), self.own / "upgrader.log"]
        for log in filter(Path.exists, logs):
            lines = log.read_text(errors="replace").splitlines()[-25:]
            print(f"-- {log.name}", *lines, sep="\n   ", file=sys.stderr)
        for pid in self.pids(".exe"):
            line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            print(f"-- {pid} {line}", file=sys.stderr)
        left = [str(path) for path in self.own.rglob("*")]
        print("-- left:", *left, sep="\n   ", file=sys.stderr)

    def begins(self):
        """Asks for the upgrade, as the window does; the service and its window go on."""
        wait("it is told", 30, lambda: "is available" in self.hcm("version"))
        channel = Channel(self)
        check(channel.version == OLD, f"{OLD} answers: {channel.version}")
        done = channel.ask("upgrade", version=NEW)
        check(done["outcome"] == "ok", f"it begins: {done}")
        return channel


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        return True
    except ConnectionRefusedError:
        return False


def is_set_up(machine):
    step("the version before is installed, with two connections")
    machine.msiexec("/i", installer(OLD))
    machine.emulate()
    machine.hcm("settings", "set", "service.drain_seconds", DRAIN)
    machine.runs(OLD)
    config = machine.service_config(UPGRADER)
    check("LocalSystem" in config, f"the upgrader is the system's: {config}")


def is_told(machine):
    step("what the feed offers is told, and refused where nobody trusted has signed it")
    machine.offer(NEW)
    told = machine.hcm("version")
    check(f"{NEW} is available" in told, f"the newer version is told: {told}")
    machine.offer("strangers")
    told = machine.hcm("version")
    check("release-not-trusted" in machine.hcm("version", "-o", "json"), f"a stranger's is refused: {told}")
    machine.offer(NEW)


def trusts_nobody(machine):
    step("whatever the service leaves for the upgrader is looked at again")
    pids = machine.pids(PROGRAM, " service")

    def unsigned(left):
        (left / "manifest.json.sig").write_bytes(b"")

    def changed(left):
        with (left / "manifest.json").open("a") as manifest:
            manifest.write(" ")

    def damaged(left):
        [package] = left.glob("*.msi")
        with package.open("r+b") as package:
            package.seek(1 << 20)
            package.write(b"something else")

    for release, change, code in [
        (OLD, None, "release-replayed"),
        ("strangers", None, "release-not-trusted"),
        (NEW, unsigned, "release-not-trusted"),
        (NEW, changed, "release-not-trusted"),
        (NEW, damaged, "release-damaged"),
    ]:
        shutil.rmtree(machine.left, ignore_errors=True)
        shutil.copytree(RELEASES / release, machine.left)
        if change is not None:
            change(machine.left)
        (machine.own / "outcome.json").unlink(missing_ok=True)
        asked = datetime.now(timezone.utc).isoformat().replace("+00:00", "Z")
        version = OLD if release == OLD else NEW
        request = json.dumps({"form": 1, "version": version, "asked": asked})
        (machine.left / "request.json").write_text(request)
        machine.wine("sc", "start", UPGRADER)
        wait(f"{release} is looked at", 30, machine.outcome)
        name = change.__name__ if change else release
        check(machine.outcome() == code, f"{name} is refused with {code}: {machine.outcome()}")
        wait("the upgrader has ended", 20, lambda: machine.service_state(UPGRADER) == "STOPPED")
    check(not (machine.left / "request.json").exists(), "nothing is asked any more")
    check(machine.pids(PROGRAM, " service") == pids, "the service has run on")
    shutil.rmtree(machine.left)
    machine.runs(OLD)


def upgrades(machine):
    step("an upgrade with an open stream")
    machine.offer(NEW, "--slow", SLOW)
    stream = machine.open_stream()
    echoes(stream, b"before")
    watcher = Channel(machine)
    watcher.ask("subscribe")
    machine.begins()
    steps, drains = [], False
    while (said := watcher.next()) is not None and not drains:
        service = told_of_service(said)
        progress = service.get("upgrade", {}).get("progress")
        if progress and progress["step"] not in steps:
            steps.append(progress["step"])
        drains = service.get("draining", False)
    check(steps == ["downloading", "installing"], f"each step is told: {steps}")
    check(drains, "the streams that are open get time to end")
    step("  the service drains; the stream goes on")
    echoes(stream, b"while it drains")
    check(machine.pids(PROGRAM, " service") != [], "the version before runs until it has ended")
    stream.close()
    machine.runs(NEW)
    check(machine.outcome() == "done", f"it is done: {machine.outcome()}")
    wait("nothing is left of it", 20, lambda: not any(machine.left.iterdir()))
    stream = machine.open_stream()
    echoes(stream, b"after")
    stream.close()
    told = machine.hcm("version")
    check("newest" in told and "is available" not in told, f"it is the newest: {told}")


def told_of_service(said):
    """What a message says of the service; empty where it is about something else."""
    if said["type"] == "snapshot":
        return said["snapshot"]["service"]
    return said.get("event", {}).get("service", {})


def echoes(stream, text):
    stream.sendall(text)
    got = b""
    while len(got) < len(text):
        got += stream.recv(len(text))
    check(got == text, f"what goes in comes back: {got}")


def goes_on_after_a_kill(machine):
    step("the service is killed while it downloads")
    machine.goes_back()
    machine.offer(NEW, "--slow", SLOW)
    machine.begins()
    fetched = lambda: sum(part.stat().st_size for part in machine.left.glob("*.part"))
    wait("a part is there", 30, fetched)
    machine.kill([PROGRAM, " service"])
    machine.restart()
    machine.runs(OLD)
    check(fetched() > 0, "what was fetched is kept")
    machine.offer(NEW)
    machine.begins()
    machine.runs(NEW)

    step("the upgrader is killed while it looks at what was left")
    machine.goes_back()
    machine.begins()
    wait("it has begun", 60, (machine.own / "working/request.json").exists)
    machine.kill([PROGRAM, "--here"])
    machine.runs(NEW)

    step("the upgrader and Windows Installer are killed at work")
    machine.goes_back()
    machine.begins()
    wait("Windows Installer runs", 60, lambda: machine.pids("msiexec.exe", "/i"))
    machine.kill([PROGRAM, "--here"], ["msiexec.exe", "/i"])
    machine.runs(NEW)


def goes_on_after_a_power_cut(machine):
    for what, is_there in [
        ("the upgrader has a plan", lambda: (machine.own / "working/plan.json").exists()),
        ("Windows Installer runs", lambda: machine.pids("msiexec.exe", "/i")),
        ("the service is replaced", lambda: not (machine.folder / PROGRAM).exists() or
         (machine.folder / PROGRAM).stat().st_mtime_ns != machine.replaced),
    ]:
        step(f"the power goes when {what}")
        machine.goes_back()
        machine.replaced = (machine.folder / PROGRAM).stat().st_mtime_ns
        machine.begins()
        wait(what, 60, is_there)
        machine.restart()
        machine.runs(NEW)


def is_switched_off(machine):
    step("an administrator switches it off")
    machine.goes_back()
    # What "sc config … start= disabled" does, which Wine's sc does not know.
    key = rf"HKLM\SYSTEM\CurrentControlSet\Services\{UPGRADER}"
    machine.wine("reg", "add", key, "/v", "Start", "/t", "REG_DWORD", "/d", "4", "/f")
    machine.restart()
    machine.are_connected()
    machine.hcm("version")
    refused = Channel(machine).ask("upgrade", version=NEW)
    check(refused["outcome"] == "error" and refused["error"]["code"] == "not-upgraded",
          f"the service does it no more: {refused}")
    machine.msiexec("/i", installer(NEW))
    wait(f"{NEW} answers", LIMIT, lambda: machine.version() == NEW)
    check("0x4" in machine.service_config(UPGRADER), "an installation by hand leaves it so")
    machine.msiexec("/x", *machine.installed())
    check(machine.service_state(UPGRADER) is None, "and removes it with all the rest")
    check(not machine.own.exists(), "its folder is gone")


def story(machine):
    machine.start_display(managed=False)
    step("a new Windows")
    machine.boot()
    is_set_up(machine)
    is_told(machine)
    trusts_nobody(machine)
    upgrades(machine)
    goes_on_after_a_kill(machine)
    goes_on_after_a_power_cut(machine)
    is_switched_off(machine)
    step("done")


def main():
    with Machine(os.environ["WORLD"]) as machine:
        try:
            story(machine)
        except Failed as failed:
            machine.tell(f"{time.monotonic() - BEGUN:6.1f} s  {failed}")
            sys.exit(1)


main()
