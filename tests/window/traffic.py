"""Both ends of the streams: endpoints in this network, and apps in Azure."""

import hashlib
import math
import os
import socket
import threading
import time

from stage import Failed

MOST_AT_ONCE = 32 << 10


class Echo:
    """An endpoint that sends back what it gets, and can be broken and mended."""

    def __init__(self, port=0):
        self.port, self.listener = port, None
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
            threading.Thread(target=self._answer, args=[stream], daemon=True).start()

    @staticmethod
    def _answer(stream):
        with stream:
            try:
                while data := stream.recv(65536):
                    stream.sendall(data)
                stream.shutdown(socket.SHUT_WR)
            except OSError:
                pass


class Numbers(Echo):
    """An endpoint that answers each line, a number, with so many bytes."""

    @staticmethod
    def _answer(stream):
        with stream, stream.makefile("rb") as lines:
            try:
                for line in lines:
                    stream.sendall(bytes(int(line)))
            except OSError:
                pass


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


class App:
    """An app that holds `streams` streams to a [`Numbers`] open, and gets about `rate` bytes a
    second through them, in waves of `wave` seconds."""

    PAUSE = 0.25

    def __init__(self, port, streams, rate, wave=20.0):
        self.port, self.rate, self.wave = port, rate, wave
        self.streams = [socket.create_connection(("127.0.0.1", port)) for _ in range(streams)]
        self.going = threading.Event()
        self.going.set()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        turn = 0
        while True:
            self.going.wait()
            height = 0.15 + 0.85 * math.sin(time.monotonic() * math.pi / self.wave) ** 2
            size = int(self.rate * self.PAUSE * height * (0.5 + os.urandom(1)[0] / 256))
            stream = self.streams[turn % len(self.streams)]
            turn += 1
            try:
                while size > 0:
                    part = min(size, MOST_AT_ONCE)
                    stream.sendall(f"{part:<{max(part // 8, 8)}}\n".encode())
                    size -= part
                    while part > 0:
                        part -= len(stream.recv(part)) or part
            except OSError:
                return
            time.sleep(self.PAUSE)
