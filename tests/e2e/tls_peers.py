"""Certificates made for a test, and servers that speak TLS with them."""
import http.server
import os
import socket
import ssl
import subprocess
import threading

from json_service import JsonHandler

CONFIG = """[req]
distinguished_name = dn
[dn]
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical,CA:FALSE
subjectAltName = %s
authorityKeyIdentifier = keyid
subjectKeyIdentifier = hash
"""


def openssl(*args):
    subprocess.run(["openssl", *args], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)


class Authority:
    """A CA of somebody else's, in a folder of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.file = os.path.join(folder, "their-ca.pem")
        self.key = os.path.join(folder, "their-ca.key")
        self.config("DNS:localhost")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-nodes", "-keyout", self.key, "-out", self.file, "-days", "30",
                "-subj", "/CN=their CA", "-config", self.conf, "-extensions", "ca")

    def config(self, names):
        self.conf = os.path.join(self.folder, "openssl.cnf")
        with open(self.conf, "w") as f:
            f.write(CONFIG % names)

    def leaf(self, name, names="DNS:localhost,IP:127.0.0.1", days="30"):
        """Paths of a certificate and its key; days "-1" has expired."""
        base = os.path.join(self.folder, name)
        self.config(names)
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-nodes", "-keyout", base + ".key", "-out", base + ".csr",
                "-subj", "/CN=" + name, "-config", self.conf)
        openssl("x509", "-req", "-in", base + ".csr", "-CA", self.file, "-CAkey", self.key,
                "-CAcreateserial", "-days", days, "-out", base + ".pem",
                "-extfile", self.conf, "-extensions", "leaf")
        return base + ".pem", base + ".key"


class Stock(JsonHandler):
    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.calls.append((self.command, self.path, list(self.headers.items())))
        self.answer(200, {"level": 7, "host": self.headers.get("Host")})

    do_POST = do_GET


class Quiet(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        pass


def serve(test, handler=Stock, leaf=None, client_ca=None, alpn=None, host="127.0.0.1"):
    """An HTTP server for the test's time, over TLS when it has a leaf."""
    server = Quiet((host, 0), handler)
    server.daemon_threads = True
    server.calls = []
    if leaf:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*leaf)
        if client_ca:
            context.load_verify_locations(client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
        if alpn:
            context.set_alpn_protocols(alpn)
        # The handshake belongs to the connection's thread.
        server.socket = context.wrap_socket(server.socket, server_side=True,
                                            do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()

    def stop():
        server.shutdown()
        server.server_close()
        thread.join()
    test.addCleanup(stop)
    server.port = server.server_address[1]
    return server


def serve_raw(test, talk):
    """A TCP server: talk(socket) in a thread for every connection."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept():
        while True:
            try:
                s, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=run, args=(s,), daemon=True).start()

    def run(s):
        with s:
            try:
                talk(s)
            except OSError:
                pass
    threading.Thread(target=accept, daemon=True).start()
    test.addCleanup(listener.close)
    return listener.getsockname()[1]
