"""Everything around the window: display, emulator, service, endpoint, and their end."""

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

WINDOW_MANAGER = """<?xml version="1.0"?>
<JWM><FocusModel>click</FocusModel><Desktops width="1" height="1"/>
<Key mask="A" key="F4">close</Key></JWM>
"""
NAMESPACE, NAME = "demo", "web"


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


class Echo:
    """An endpoint that sends back what it gets, and can be broken and mended."""

    def __init__(self):
        self.port, self.listener = 0, None
        self.mend()

    def mend(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, args=[self.listener], daemon=True).start()

    def break_down(self):
        # Wakes the thread that accepts; to close alone would leave the port open under it.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _serve(self, listener):
        while True:
            try:
                stream, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._echo, args=[stream], daemon=True).start()

    @staticmethod
    def _echo(stream):
        with stream:
            try:
                while data := stream.recv(65536):
                    stream.sendall(data)
                stream.shutdown(socket.SHUT_WR)
            except OSError:
                pass


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

    def start_display(self, width=1280, height=800, managed=True):
        """A display of which nobody else knows, with a window manager."""
        reader, writer = os.pipe()
        screen = f"{width}x{height}x24"
        process = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writer), "-screen", "0", screen, "-dpi", "96",
             "-nolisten", "tcp", "-noreset"],
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

    def start_emulator(self, connections):
        """The emulator with `connections`: names and the endpoints they lead to."""
        command = [self.program("relay-emulator"), "run", "--port", "0", "--log", "warn"]
        for name, endpoint in connections:
            command += ["--hybrid-connection", f"{NAMESPACE}/{name}={endpoint}"]
        emulator = self.start(command, "emulator.log")
        wait("the emulator", 30, lambda: "CA certificate" in self.said("emulator.log")
             or emulator.poll() is not None)
        if emulator.poll() is not None:
            raise Failed("the emulator did not start: " + self.said("emulator.log"))

    def connection_string(self, name=NAME):
        return self.run(self.program("relay-emulator"), "connection-string",
                        f"{NAMESPACE}/{name}", "--rule", "defaultListener").strip()

    def trust_emulator(self):
        self.hcm("settings", "set", "network.extra_ca_certificates", str(self.relay / "ca.pem"))

    def start_service(self):
        service = self.start([self.program("hybrid-connection-manager-service"), "run"],
                             "service.log")
        wait("the service", 30, lambda: self.service_pid() == service.pid)
        return service

    def start_sender(self, name=NAME):
        """An app in Azure: a local port, each connection to which is a stream."""
        log = f"sender-{name}.log"
        command = [self.program("relay-emulator"), "send", "--local", "0", f"{NAMESPACE}/{name}"]
        self.start(command, log)

        def port():
            for word in self.said(log).replace("\n", " ").split():
                host, _, port = word.strip(".,;").rpartition(":")
                if host == "127.0.0.1" and port.isdigit():
                    return int(port)
            return None
        return wait("the sender's port", 30, port)


def round_trip(port, size):
    """Sends `size` bytes through `port`, and fails unless the same bytes come back."""
    sent = os.urandom(size)
    with socket.create_connection(("127.0.0.1", port), timeout=60) as stream:
        def send():
            stream.sendall(sent)
            stream.shutdown(socket.SHUT_WR)
        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        digest = hashlib.sha256()
        while data := stream.recv(65536):
            digest.update(data)
        sender.join()
    if digest.digest() != hashlib.sha256(sent).digest():
        raise Failed(f"{size} bytes did not come back as they were sent")


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
