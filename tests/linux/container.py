"""The two ends of a stream, for container.sh.

    container.py endpoint PORT…     echoes on each port, until it is ended
    container.py app PORT BYTES     sends so many bytes through PORT and has them echoed
    container.py hold PORT FILE     opens a stream, says "open", and when FILE is there sends
                                    more through it to its end; says "whole" when all came back
    container.py broken PORT        opens a stream, says "open", and waits until it ends;
                                    says how: "broken" or "ended"
"""

import os
import pathlib
import socket
import socketserver
import sys
import threading
import time


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        try:
            while some := self.request.recv(65536):
                self.request.sendall(some)
        except OSError:
            pass


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def endpoint(*ports):
    for port in ports:
        server = Server(("127.0.0.1", int(port)), Echo)
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print("listening", flush=True)
    threading.Event().wait()


def connect(port):
    return socket.create_connection(("127.0.0.1", int(port)), timeout=60)


def exchange(stream, sent):
    """Sends all and the end, while it reads all."""
    def send():
        stream.sendall(sent)
        stream.shutdown(socket.SHUT_WR)
    sender = threading.Thread(target=send)
    sender.start()
    back = bytearray()
    while some := stream.recv(65536):
        back += some
    sender.join()
    if back != sent:
        sys.exit(f"{len(sent)} bytes went out, {len(back)} came back")


def opened(port):
    """A stream of which both ends are there."""
    stream = connect(port)
    stream.sendall(b"?")
    if stream.recv(1) != b"?":
        sys.exit("the stream ended before it began")
    print("open", flush=True)
    return stream


def app(port, count):
    exchange(connect(port), os.urandom(int(count)))


def hold(port, file):
    stream = opened(port)
    for _ in range(600):
        if pathlib.Path(file).exists():
            exchange(stream, os.urandom(300_000))
            print("whole", flush=True)
            return
        time.sleep(0.05)
    sys.exit(f"{file} does not come")


def broken(port):
    try:
        print("ended" if opened(port).recv(1) == b"" else "more", flush=True)
    except OSError:
        print("broken", flush=True)


{"endpoint": endpoint, "app": app, "hold": hold, "broken": broken}[sys.argv[1]](*sys.argv[2:])
