"""Everything around the window: display, emulator, service, and their end."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

WINDOW_MANAGER = """<?xml version="1.0"?>
<JWM><FocusModel>click</FocusModel><Desktops width="1" height="1"/>
<Key mask="A" key="F4">close</Key></JWM>
"""


class Failed(Exception):
    """Something that must hold does not."""


def wait(what, limit, condition):
    """What `condition` returns as soon as that is true. Fails after `limit` seconds."""
    end = time.monotonic() + limit
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise Failed(f"waited {limit} s in vain for: {what}")
        time.sleep(0.04)


class Stage:
    """Owns every process of a test, and ends each by its id."""

    def __init__(self, programs, world):
        self.programs, self.world = Path(programs), Path(world)
        self.home = self.world / "hcm"
        self.relay = self.world / "relay"
        self.started = []
        self.environment = dict(os.environ, HCM_HOME=str(self.home))
        self.environment["RELAY_EMULATOR_STATE"] = str(self.relay)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        service = self.service_pid()
        for process in reversed(self.started):
            end(process)
        # The service that the window has started is nobody's child.
        if service is not None:
            end_stranger(service)

    def program(self, name):
        return str(self.programs / name)

    def start(self, command, log, **environment):
        """Starts `command` as the head of a process group; what it says goes to `log`."""
        with open(self.world / log, "ab") as out:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                env=self.environment | environment, start_new_session=True)
        self.started.append(process)
        return process

    def said(self, log):
        path = self.world / log
        return path.read_text(errors="replace") if path.exists() else ""

    def start_display(self, width=1280, height=800, managed=True, *options):
        """A display of which nobody else knows, with a window manager or without."""
        reader, writer = os.pipe()
        screen = f"{width}x{height}x24"
        process = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writer), "-screen", "0", screen, "-dpi", "96",
             "-nolisten", "tcp", "-noreset", *options],
            pass_fds=[writer], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True)
        self.started.append(process)
        os.close(writer)
        with os.fdopen(reader) as display:
            number = display.readline().strip()
        if not number:
            raise Failed("Xvfb did not start")
        self.environment["DISPLAY"] = os.environ["DISPLAY"] = f":{number}"
        if managed:
            config = self.world / "jwmrc"
            config.write_text(WINDOW_MANAGER)
            self.start(["jwm", "-f", str(config)], "jwm.log")
            wait("the window manager", 20, self._is_managed)

    def _is_managed(self):
        return "window id" in self.run("xprop", "-root", "_NET_SUPPORTING_WM_CHECK", check=False)

    def run(self, *command, check=True, limit=60, given=None):
        """The output of a command that ends by itself."""
        try:
            done = subprocess.run(
                command, env=self.environment, capture_output=True, text=True,
                timeout=limit, input=given)
        except subprocess.TimeoutExpired:
            raise Failed(f"{' '.join(command)} did not end within {limit} s") from None
        if check and done.returncode != 0:
            raise Failed(f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")
        return done.stdout

    def tell(self, failed):
        """Says what failed, with the last lines of every log."""
        print(f"FAILED: {failed}", file=sys.stderr)
        for log in sorted([*self.world.glob("*.log"), *self.home.glob("logs/*")]):
            lines = log.read_text(errors="replace").splitlines()[-12:]
            print(f"-- {log.name}", *lines, sep="\n   ", file=sys.stderr)

    def hcm(self, *arguments, **options):
        return self.run(self.program("hcm"), *arguments, **options)

    def connections(self):
        return json.loads(self.hcm("list", "-o", "json"))

    def service_pid(self):
        try:
            told = self.hcm("status", "-o", "json", check=False, limit=10)
            return json.loads(told)["Service"]["Pid"]
        except (ValueError, KeyError, TypeError, Failed, OSError):
            return None

    def start_emulator(self, connections, port=0):
        """The emulator with `connections`: from NAMESPACE/NAME to the endpoint."""
        command = [self.program("relay-emulator"), "run", "--port", str(port),
                   "--log", "warn"]
        for name, endpoint in connections.items():
            command += ["--hybrid-connection", f"{name}={endpoint}"]
        emulator = self.start(command, "emulator.log")
        wait("the emulator", 30, lambda: "CA certificate" in self.said("emulator.log")
             or emulator.poll() is not None)
        if emulator.poll() is not None:
            raise Failed("the emulator did not start: " + self.said("emulator.log"))

    def emulator(self, *arguments):
        return self.run(self.program("relay-emulator"), *arguments)

    def connection_string(self, name):
        return self.emulator("connection-string", name, "--rule", "defaultListener").strip()

    def trust_emulator(self):
        self.hcm("settings", "set", "network.extra_ca_certificates", str(self.relay / "ca.pem"))

    def add(self, *names):
        """Adds these connections, and waits until they are connected."""
        strings = "\n".join(map(self.connection_string, names))
        self.hcm("add", "-", given=strings)
        self.hcm("status", "--wait", "60", limit=70)

    def start_service(self):
        service = self.start([self.program("hybrid-connection-manager-service"), "run"],
                             "service.log")
        wait("the service", 30, lambda: self.service_pid() == service.pid)
        return service

    def start_sender(self, name):
        """An app in Azure: a local port, each connection to which is a stream."""
        log = f"sender-{name.replace('/', '-')}.log"
        command = [self.program("relay-emulator"), "send", "--local", "0", name]
        self.start(command, log)

        def port():
            for word in self.said(log).replace("\n", " ").split():
                host, _, port = word.strip(".,;").rpartition(":")
                if host == "127.0.0.1" and port.isdigit():
                    return int(port)
            return None
        return wait("the sender's port", 30, port)


def end(process):
    """Ends a process group that this test has started."""
    for how, limit in [(signal.SIGTERM, 10), (signal.SIGKILL, 10)]:
        try:
            os.killpg(process.pid, how)
        except ProcessLookupError:
            pass
        try:
            process.wait(limit)
            return
        except subprocess.TimeoutExpired:
            continue


def end_stranger(pid):
    try:
        os.kill(pid, signal.SIGTERM)
        wait("the end of the service", 15, lambda: not Path(f"/proc/{pid}").exists())
    except (Failed, ProcessLookupError):
        pass
