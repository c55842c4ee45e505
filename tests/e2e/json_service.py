"""Answers in JSON over HTTP/1.1: what services and stocks of the tests are
built on. Services begin with the text of this file (harness.JSON_SERVICE)."""
import http.server
import json
import os
import socketserver


class JsonHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


def server(handler):
    """The service itself, where dvr expects it."""
    return Server(("127.0.0.1", int(os.environ["PORT"])), handler)
