"""git over smart HTTP: git http-backend behind a small CGI server."""
import hashlib
import http.server
import json
import os
import ssl
import subprocess
import sys
import threading
from urllib.parse import urlsplit

ROOT, LOG = os.environ["GIT_ROOT"], os.environ["LOG"]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        data = b""
        while True:
            n = int(self.rfile.readline().split(b";")[0], 16)
            data += self.rfile.read(n)
            self.rfile.readline()
            if n == 0:
                return data

    def do_GET(self):
        body = self.body()
        with open(LOG, "a") as f:
            f.write(json.dumps({"at": self.command + " " + self.path, "headers": list(self.headers.items()),
                                "bytes": len(body), "body": hashlib.sha256(body).hexdigest()[:16]}) + "\n")
        u = urlsplit(self.path)
        env = dict(os.environ, GIT_PROJECT_ROOT=ROOT, GIT_HTTP_EXPORT_ALL="1", PATH_INFO=u.path, QUERY_STRING=u.query,
                   REQUEST_METHOD=self.command, CONTENT_TYPE=self.headers.get("Content-Type", ""),
                   CONTENT_LENGTH=str(len(body)), HTTP_CONTENT_ENCODING=self.headers.get("Content-Encoding", ""),
                   GIT_PROTOCOL=self.headers.get("Git-Protocol", ""), REMOTE_USER="me", REMOTE_ADDR="127.0.0.1")
        out = subprocess.run(["git", "http-backend"], input=body, env=env, stdout=subprocess.PIPE).stdout
        head, _, answer = out.partition(b"\r\n\r\n")
        fields = [l.split(": ", 1) for l in head.decode().split("\r\n")]
        status = next((v for k, v in fields if k == "Status"), "200 OK")
        self.send_response_only(int(status.split()[0]))
        for k, v in fields:
            if k != "Status":
                self.send_header(k, v)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_GET


servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) for _ in range(2)]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(os.environ["CERT"], os.environ["KEY"])
servers[1].socket = context.wrap_socket(servers[1].socket, server_side=True, do_handshake_on_connect=False)
threading.Thread(target=servers[1].serve_forever, daemon=True).start()
print(json.dumps([s.server_address[1] for s in servers]), flush=True)
servers[0].serve_forever()
