"""Parts of proxies.sh: a feed with TLS, and an app that talks through the relay."""

import http.server
import socket
import ssl
import sys


def feed(certificate, key):
    """A feed that has nothing, and says what it is asked for."""
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_port, flush=True)
    server.serve_forever()


def talk(port):
    """Sends some bytes to the endpoint and wants them back."""
    text = b"through the proxy" * 1000
    with socket.create_connection(("127.0.0.1", int(port)), timeout=20) as stream:
        stream.sendall(text)
        got = b""
        while len(got) < len(text):
            data = stream.recv(65536)
            if not data:
                sys.exit(f"the stream ended after {len(got)} bytes")
            got += data
    if got != text:
        sys.exit("other bytes came back")


{"feed": feed, "talk": talk}[sys.argv[1]](*sys.argv[2:])
