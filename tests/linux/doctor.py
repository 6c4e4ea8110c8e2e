"""Parts of doctor.sh: a DNS server, endpoints, proxies, and those who answer in Azure's place."""

import base64
import re
import socket
import ssl
import struct
import sys
import threading
import time


def each(server, serve):
    """Serves every connection by `serve`."""
    def guarded(client):
        with client:
            try:
                serve(client)
            except OSError:
                pass

    while True:
        threading.Thread(target=guarded, args=(server.accept()[0],), daemon=True).start()


def dns(zone):
    """Answers by the file `zone`: lines `NAME A ADDRESS`, `NAME CNAME TARGET` and `NAME FAILS`, where
    a NAME may be a pattern; read anew for each question. A line `silent` makes it say nothing."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.53", 53))
    while True:
        question, client = server.recvfrom(4096)
        with open(zone, encoding="ascii") as file:
            lines = [line.split() for line in file if line.strip()]
        if ["silent"] in lines:
            continue
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1 : at + 1 + question[at]].decode())
            at += 1 + question[at]
        name, kind = ".".join(labels).lower(), struct.unpack(">H", question[at + 1 : at + 3])[0]
        server.sendto(answer(question, at + 5, name, kind, lines), client)


def answer(question, end, name, kind, lines):
    """The answer to a question for `name`, which ends at `end`."""
    def encoded(name):
        return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"

    records, owner = [], b"\xc0\x0c"
    is_known = False
    while True:
        match = next((line for line in lines if re.fullmatch(line[0], name)), None)
        if match is None:
            break
        is_known = True
        if match[1] == "FAILS":
            return question[:2] + struct.pack(">HHHHH", 0x8182, 1, 0, 0, 0) + question[12:end]
        if match[1] == "CNAME":
            data = encoded(match[2])
            records.append(owner + struct.pack(">HHIH", 5, 1, 1, len(data)) + data)
            owner, name = data, match[2]
            continue
        if kind == 1:
            for line in lines:
                if re.fullmatch(line[0], name) and line[1] == "A":
                    data = socket.inet_aton(line[2])
                    records.append(owner + struct.pack(">HHIH", 1, 1, 1, 4) + data)
        break
    flags = 0x8180 if is_known else 0x8183
    head = question[:2] + struct.pack(">HHHHH", flags, 1, len(records), 0, 0)
    return head + question[12:end] + b"".join(records)


def endpoints(*addresses):
    """Endpoints that take every connection."""
    def hold(client):
        while client.recv(65536):
            pass

    for address in addresses:
        host, port = address.rsplit(":", 1)
        server = socket.create_server((host, int(port)))
        threading.Thread(target=each, args=(server, hold), daemon=True).start()
    print("ready", flush=True)
    threading.Event().wait()


def proxy(port, password="", status=""):
    """An HTTP proxy that opens the way to Azure, with a password or without; or that answers with
    `status`."""
    def serve(client):
        head = b""
        while b"\r\n\r\n" not in head:
            part = client.recv(4096)
            if not part:
                return
            head += part
        expected = b"Basic " + base64.b64encode(password.encode())
        if status:
            client.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
        elif password and expected not in head:
            client.sendall(
                b"HTTP/1.1 407 Proxy Authentication Required\r\n"
                b'Proxy-Authenticate: Basic realm="corp"\r\nContent-Length: 0\r\n\r\n'
            )
        else:
            target = head.split(b" ")[1].decode()
            with socket.create_connection(("127.0.0.1", int(target.rsplit(":", 1)[1]))) as azure:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=copy, args=(azure, client), daemon=True)
                back.start()
                copy(client, azure)
                back.join()

    server = socket.create_server(("127.0.0.1", int(port)))
    print("ready", flush=True)
    each(server, serve)


def copy(source, target):
    """Carries bytes until there are no more."""
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def stranger(kind, address, chain=""):
    """One who answers in Azure's place: `plain` without TLS, `silent` not at all, `inspector` with
    certificates of its own, `refusing` with them and with a 403 for everything."""
    answer = "403 Forbidden" if kind == "refusing" else "200 OK"

    def serve(client):
        if kind == "plain":
            client.sendall(b"220 mail.corp ESMTP\r\n")
        elif kind == "silent":
            time.sleep(60)
        else:
            with context.wrap_socket(client, server_side=True) as secured:
                secured.recv(4096)
                secured.sendall(f"HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n".encode())

    if chain:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
    server = socket.create_server((address, 443))
    print("ready", flush=True)
    each(server, serve)


globals()[sys.argv[1]](*sys.argv[2:])
