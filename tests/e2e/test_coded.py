"""Values that stand in compressed bodies and in documents within values are
found, and replaced, as anywhere else."""
import json

from harness import Case, main

SERVICE = r'''
import base64, gzip, http.server, json, os, secrets, socketserver, zlib

BUG = os.environ.get("BUG", "on") == "on"
token, cart = secrets.token_urlsafe(24), secrets.token_hex(8)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body, *codings):
        data = json.dumps(body).encode()
        self.send_response(status)
        for c in codings:
            data = gzip.compress(data) if c == "gzip" else zlib.compress(data)
            self.send_header("Content-Encoding", c)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        if self.path == "/login":
            inner = json.dumps({"token": token, "at": secrets.token_hex(6)})
            return self.answer(200, {"session": inner}, "deflate", "gzip")
        self.answer(200, {"cart": cart})

    def do_POST(self):
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") != "gzip":
            return self.answer(415, {"why": "gzip alone"})
        body = json.loads(gzip.decompress(data))
        order = json.loads(body["order"])
        seal = json.loads(base64.b64decode(body["seal"]))
        if body["auth"] != token or order["token"] != token:
            return self.answer(401, {"why": "not logged in"})
        if order["cart"] != cart or seal != {"of": [cart], "v": 1}:
            return self.answer(404, {"why": "no such cart"})
        self.answer(500 if BUG else 200, {"paid": not BUG})


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


Server(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
'''

CLIENT = r'''
import base64, gzip, zlib

def call(method, path, body=None):
    c = http.client.HTTPConnection(base.hostname, base.port, timeout=20)
    head = {"Content-Type": "application/json", "Content-Encoding": "gzip"} if body else {}
    c.request(method, path, body and gzip.compress(json.dumps(body).encode()), head)
    r = c.getresponse()
    data = r.read()
    for coding in reversed(r.headers.get_all("Content-Encoding") or []):
        data = gzip.decompress(data) if coding == "gzip" else zlib.decompress(data)
    c.close()
    return r.status, json.loads(data)

token = json.loads(call("GET", "/login")[1]["session"])["token"]
cart = call("GET", "/cart")[1]["cart"]
status, paid = call("POST", "/pay", {
    "auth": token, "order": json.dumps({"token": token, "cart": cart, "n": 1}),
    "seal": base64.b64encode(json.dumps({"of": [cart], "v": 1}).encode()).decode()})
with open("said", "w") as f:
    f.write(token)
sys.exit(status == 500)
'''


class Coded(Case):
    def setUp(self):
        super().setUp()
        service = self.write("service.py", SERVICE)
        self.config("service: {command: [python3, %s], ready: {path: /cart, timeout: 20s}}\n"
                    % json.dumps(service), service=False)

    def record(self):
        r = self.run_suite(CLIENT)
        self.assertEqual(r.code, 1, r)
        self.assertEqual(len(self.tapes()), 1, r)
        return r, self.read("fixtures", self.tapes()[0], "replay.yaml").decode()

    def test_a_live_token_goes_into_a_compressed_body(self):
        r, plan = self.record()
        self.assertIn("reproduces: 3/3", r.err)
        for way in ("from: '?1.resp.body#/session/token'?, to: '?3.req.body#/auth'?",
                    "from: '?1.resp.body#/session/token'?, to: '?3.req.body#/order/token'?",
                    "from: '?2.resp.body#/cart'?, to: '?3.req.body#/order/cart'?",
                    "from: '?2.resp.body#/cart'?, to: '?3.req.body#/seal/of/0'?"):
            self.assertRegex(plan, way)
        bad = self.dvr("regress", "--repeat", "3", "-v")
        self.assertEqual(bad.code, 1, bad)
        self.assertIn("reproduced 3/3 ", bad.out)
        self.assertIn("compressed again", bad.out)
        self.env["BUG"] = "off"
        good = self.dvr("regress", "--repeat", "3")
        self.assertEqual(good.code, 0, good)
        self.assertIn("reproduced 0/3 ", good.out)

    def test_nothing_of_a_compressed_body_comes_onto_the_tape(self):
        r, _ = self.record()
        token = self.read("said")
        self.assertNotIn(token, self.all_bytes("fixtures") + r.err.encode())


if __name__ == "__main__":
    main()
