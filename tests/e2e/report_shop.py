"""A shop whose builds go wrong in different ways: what the HTML report shows.

BUILD=recorded fails at the payment; strict answers 400 where the cart begins;
fixed is well.  HOSTILE=1 puts text into answers that would like to be markup.
"""
import http.server
import json
import os
import sqlite3
import time
import urllib.request
import uuid

BUILD = os.environ.get("BUILD", "recorded")
DB = os.environ["DB"]
HOSTILE = ("</script></pre><script>alert(1)</script><img src=x onerror=alert(2)>"
           "]]>\"'><a href='javascript:alert(3)'>x</a> \u202egnp.exe \u200b\u2066x <!-- ")


def ask(sql, *values):
    db = sqlite3.connect(DB, timeout=5)
    try:
        with db:
            return db.execute(sql, values).fetchall()
    finally:
        db.close()


ask("CREATE TABLE IF NOT EXISTS carts(id TEXT, sku TEXT, n INTEGER)")
ask("CREATE TABLE IF NOT EXISTS stock(sku TEXT, n INTEGER)")
if not ask("SELECT * FROM stock"):
    ask("INSERT INTO stock VALUES('tea', 5), ('milk', 3)")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body, type="application/json", headers=()):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", type)
        self.send_header("Content-Length", str(len(data)))
        for k, v in headers:
            self.send_header(k, v)
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        if self.path == "/health":
            return self.answer(200, {"ok": True})
        if self.path.startswith("/photo"):
            old = BUILD == "recorded"
            body = b"\x89PNG\r\n\x1a\n" + bytes(range(200)) + (b"old" if old else b"new!") + bytes(range(90))
            return self.answer(200, body, "image/png")
        if self.path.startswith("/report"):
            n = 3000 if BUILD == "recorded" else 3001
            rows = [{"row": i, "price": i * 7 % 1000} for i in range(n)]
            return self.answer(500 if BUILD == "recorded" else 502, {"rows": rows})
        if self.path.startswith("/huge"):
            return self.answer(500 if BUILD == "recorded" else 503,
                               (b"<b>\xff\x00" if BUILD == "recorded" else b"<i>\xfe\x00") * (10 << 20))
        if self.path.startswith("/hostile"):
            what = HOSTILE + BUILD
            status = 500 if BUILD == "recorded" else 503
            if "text" in self.path:
                return self.answer(status, (what + "\n\x00\xff\x1b[31m\n" + what).encode("utf-8", "replace")
                                   + b"\xc3\x28\xed\xa0\x80", "text/html")
            return self.answer(status, {"message": what, "k" + what: [what, 1], "same": "x"})
        self.answer(404, {"error": "no route"})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
        path = self.path.split("?")[0].split("/")[1:]
        if path == ["login"]:
            token = "tok_" + uuid.uuid4().hex
            return self.answer(200, {"token": token, "user": {"name": body["user"], "role": "buyer"}},
                               headers=[("Set-Cookie", "sid=" + uuid.uuid4().hex)])
        if path == ["carts"]:
            if BUILD == "strict" and "currency" not in body:
                # a secret that no recording has seen
                return self.answer(400, {"message": "currency required", "field": "/currency",
                                         "trace": "AKIA" + "IOSFODNN7" + "ABCDEFG",
                                         "contact": "ops.team@" + "corp.example.com"})
            cart = str(uuid.uuid4())
            time.sleep(0.01)
            return self.answer(201, {"cart": {"id": cart, "items": [], "currency": "EUR"}})
        if path[0] == "carts" and path[2] == "items":
            with urllib.request.urlopen(os.environ["PRICES_URL"] + "/price/" + body["sku"]) as r:
                price = json.load(r)["price"]
            ask("INSERT INTO carts VALUES(?, ?, ?)", path[1], body["sku"], body["n"])
            time.sleep(0.015)
            return self.answer(201, {"sku": body["sku"], "n": body["n"], "price": price,
                                     "total": price * body["n"], "note": "gift"})
        if path[0] == "carts" and path[2] == "pay":
            with urllib.request.urlopen(os.environ["PRICES_URL"] + "/rate") as r:
                json.load(r)
            time.sleep(0.02)
            ask("UPDATE stock SET n = n - 1 WHERE sku = 'tea'")
            if BUILD == "fixed":
                return self.answer(200, {"paid": True})
            return self.answer(500, {"error": "ZeroDivisionError: division by zero",
                                     "at": "pay.py:88"})
        self.answer(404, {"error": "no route"})


http.server.ThreadingHTTPServer.daemon_threads = True
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
