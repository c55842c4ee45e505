"""The service under test of the end-to-end tests: one route a behaviour.

BUG=off makes every planted failure go away (the fixed build).
"""
import http.server
import json
import os
import signal
import socketserver
import sys
import threading
import time
import traceback

BUG = os.environ.get("BUG", "on") == "on"
store = {}
lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body, headers=()):
        data = body if isinstance(body, bytes) else (json.dumps(body) + "\n").encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for k, v in headers:
            self.send_header(k, v)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            data = b""
            while True:
                n = int(self.rfile.readline().split(b";")[0], 16)
                data += self.rfile.read(n)
                self.rfile.readline()
                if n == 0:
                    return data
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def do_GET(self):
        route = self.path.split("?")[0]
        if route == "/health":
            return self.answer(200, {"ok": True})
        if route == "/boom":
            return self.answer(500 if BUG else 200, {"error": "boom"})
        if route == "/flaky-dependency":
            return self.answer(503, {"error": "expected"})
        if route == "/crash":
            if BUG:
                print("Traceback: RuntimeError: crash asked for", flush=True)
                signal.raise_signal(signal.SIGSEGV)  # before any answer
            return self.answer(200, {"ok": True})
        if route == "/exit":
            if BUG:
                os._exit(3)
            return self.answer(200, {"ok": True})
        if route == "/reset":
            if BUG:
                self.close_connection = True
                self.connection.close()
                return None
            return self.answer(200, {"ok": True})
        if route == "/hang":
            if BUG:
                threading.Event().wait()
            return self.answer(200, {"ok": True})
        if route == "/events":
            return self.events()
        if route.startswith("/items/"):
            with lock:
                item = store.get(route)
            return self.answer(200 if item else 404, item or {"error": "no such item"})
        if route == "/total":
            return self.total()
        return self.answer(404, {"error": "no route"})

    do_HEAD = do_GET

    def total(self):
        try:
            with lock:
                values = [i["price"] for i in store.values()]
            if BUG and any(v < 0 for v in values):
                raise ValueError("negative price %r" % min(values))
        except ValueError:
            traceback.print_exc()
            sys.stderr.flush()
            return self.answer(500, {"error": "internal"})
        return self.answer(200, {"total": sum(values)})

    def events(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        n = 0
        try:
            while True:
                data = b"data: %d\n\n" % n
                self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
                self.wfile.flush()
                n += 1
                time.sleep(0.02)
        except OSError:
            pass

    def do_POST(self):
        data = self.body()
        if self.path == "/login":
            token = "tok-" + os.urandom(12).hex()
            return self.answer(200, {"token": token}, [("Set-Cookie", "sid=" + os.urandom(12).hex())])
        if self.path == "/echo":
            return self.answer(200, data)
        return self.answer(404, {"error": "no route"})

    def do_PUT(self):
        data = self.body()
        try:
            item = json.loads(data)
        except ValueError:
            return self.answer(400, {"error": "not JSON"})
        with lock:
            store[self.path] = item
        return self.answer(201, item)


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 128


if os.environ.get("DIE_EARLY"):
    print("config error: DIE_EARLY is set", flush=True)
    sys.exit(9)
server = Server(("127.0.0.1", int(os.environ["PORT"])), Handler)
if os.environ["PORT"] == "0":
    print(server.server_port, flush=True)
server.serve_forever()
