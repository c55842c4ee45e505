"""A service that hands out new ids, tokens and cookies on every start, and
takes nothing but them: a value of an earlier life is a 403 or a 404.

BUG=off makes the failure at the end of the flow go away.
"""
import base64
import http.server
import json
import os
import secrets
import socketserver
import uuid
from urllib.parse import parse_qs, quote, urlsplit

BUG = os.environ.get("BUG", "on") == "on"
NOISE = os.environ.get("NOISE") == "on"
csrf = secrets.token_urlsafe(24) + "+/="
first, sid = secrets.token_hex(16), secrets.token_urlsafe(20)
ticket = secrets.token_urlsafe(18)
token = secrets.token_urlsafe(30)
cart = 1000 + secrets.randbelow(9000)
items = [str(uuid.uuid4()) for _ in range(3)]
line = secrets.token_hex(12)
served = 0


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body=b"", headers=()):
        text = isinstance(body, str)
        data = body if isinstance(body, bytes) else body.encode() if text else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if text else "application/json")
        self.send_header("Content-Length", str(len(data)))
        for k, v in headers:
            self.send_header(k, v)
        self.end_headers()
        self.wfile.write(data)

    def cookie(self, name):
        for c in self.headers.get("Cookie", "").split("; "):
            if c.startswith(name + "="):
                return c.split("=", 1)[1]

    def do_GET(self):
        self.route("GET")

    def do_POST(self):
        self.route("POST")

    def route(self, method):
        global served
        u = urlsplit(self.path)
        q = {k: v[0] for k, v in parse_qs(u.query).items()}
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        bearer = self.headers.get("Authorization") == "Bearer " + token
        key = (method, u.path)
        if key == ("GET", "/health"):
            return self.answer(200, {"ok": True})
        served += 1
        if key == ("GET", "/login"):
            page = ('<html><form method="post"><input name="user">'
                    '<input type=hidden name="csrf" value="%s"></form></html>' % csrf)
            return self.answer(200, page, [("Set-Cookie", "pre=%s; Path=/" % first)])
        if key == ("POST", "/login"):
            form = {k: v[0] for k, v in parse_qs(raw.decode()).items()}
            if form.get("csrf") != csrf or self.cookie("pre") != first:
                return self.answer(403, {"error": "csrf"})
            return self.answer(302, b"", [("Location", "/home?ticket=" + quote(ticket)),
                                          ("Set-Cookie", "sid=%s; HttpOnly" % sid)])
        if self.cookie("sid") != sid:
            return self.answer(403, {"error": "no session"})
        if key == ("GET", "/home"):
            if q.get("ticket") != ticket:
                return self.answer(403, {"error": "ticket"})
            return self.answer(200, {"auth": {"token": token}, "shop": {"items": [
                {"id": i, "name": "thing %d" % n} for n, i in enumerate(items)]}})
        if not bearer:
            return self.answer(403, {"error": "token"})
        body = json.loads(raw) if raw else {}
        if key == ("POST", "/carts"):
            return self.answer(201, {"id": cart, "items": []}, [("Location", "/carts/%d" % cart)])
        if key == ("POST", "/carts/%d/items" % cart):
            if body.get("item") != items[1] or self.headers.get("X-CSRF-Token") != csrf:
                return self.answer(404, {"error": "item"})
            extra = {"took": served / 7 + secrets.randbelow(10 ** 6) / 1e6,
                     "trace": str(uuid.uuid4())} if NOISE else {}
            return self.answer(200, dict({"cart_id": cart, "line": {"id": line, "of": items[1]}}, **extra))
        if key == ("GET", "/carts/%d/items/%s" % (cart, line)):
            if base64.b64decode(q.get("ref", "")).decode() != items[1]:
                return self.answer(404, {"error": "ref"})
            return self.answer(200, {"self": "/carts/%d/items/%s" % (cart, line), "of": items[1]})
        if key == ("POST", "/pay"):
            if body.get("cart_id") != cart or body.get("note") != "for line %s, soon" % line:
                return self.answer(404, {"error": "cart"})
            if BUG:
                return self.answer(500, {"error": "cannot pay"})
            return self.answer(200, {"paid": cart, "line": line})
        return self.answer(404, {"error": "no such thing"})


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 128


Server(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
