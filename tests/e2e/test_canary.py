"""Secrets made up for this run, of every kind, through every carrier: nothing
that dvr writes, prints or leaves behind has one of them in any form.

DVR_CANARY_TABLE=FILE writes the matrix of detectors and carriers there.
"""
import base64
import ctypes
import gzip
import json
import os
import random
import shutil
import string
import sys
import tempfile
import urllib.parse

from harness import Case, main

rnd = random.SystemRandom()
ALNUM = string.ascii_letters + string.digits


def draw(n, letters=ALNUM):
    """Letters with a digit in them, so that nothing else is like it."""
    return "".join(rnd.choice(letters) for _ in range(n - 2)) + rnd.choice("ghkmq") + rnd.choice(string.digits)


def digits(n):
    return "".join(rnd.choice(string.digits) for _ in range(n))


def luhn(number):
    total = sum(d if i % 2 else (d * 2 - 9 if d > 4 else d * 2)
                for i, d in enumerate(int(c) for c in reversed(number)))
    return number + str(-total % 10)


def b64url(b):
    return base64.urlsafe_b64encode(b).rstrip(b"=").decode()


def jwt():
    return ".".join((b64url(b'{"alg":"HS256","typ":"JWT"}'),
                     b64url(json.dumps({"sub": draw(12), "iat": 1700000000}).encode()), draw(43)))


# Kind: how one is made, and whether only the name of its field tells it.
KINDS = {
    "password": (lambda: draw(14), True),
    "secret": (lambda: draw(30), True),
    "token": (lambda: draw(26), True),
    "jwt": (jwt, False),
    "github": (lambda: "gh" + "p_" + draw(36), False),
    "stripe": (lambda: "sk_" + "live_" + draw(24), False),
    "slack": (lambda: "xox" + "b-" + digits(12) + "-" + draw(24), False),
    "aws": (lambda: "AK" + "IA" + "".join(rnd.choice(string.ascii_uppercase + "234567") for _ in range(16)), False),
    "email": (lambda: "zq" + draw(10, string.ascii_lowercase) + "@" + draw(6, string.ascii_lowercase) + ".com", False),
    "pan": (lambda: luhn("4" + digits(14)), False),
    "ssn": (lambda: "%03d-%02d-%04d" % (rnd.randint(100, 600), rnd.randint(10, 99), rnd.randint(1000, 9999)), False),
}
# What a field is called that tells a kind by its name.
NAMES = {"password": "password", "secret": "client_secret", "token": "access_token"}


class Secrets:
    def __init__(self):
        self.all = {}

    def make(self, kind, carrier):
        s = KINDS[kind][0]()
        self.all[(kind, carrier)] = s
        return s


def name_of(kind):
    return NAMES.get(kind, "x")


def quoted(s):
    return urllib.parse.quote(s, safe="")


def body(content, kind="application/json", **headers):
    return {"method": "POST", "path": "/in", "body": content,
            "headers": dict({"Content-Type": kind}, **{k.replace("_", "-"): v for k, v in headers.items()})}


def as_json(k, s):
    return json.dumps({"a": 1, name_of(k): s})


def brotli(text):
    lib, out = ctypes.CDLL("libbrotlienc.so.1"), ctypes.create_string_buffer(65536)
    n, data = ctypes.c_size_t(65536), text.encode()
    lib.BrotliEncoderCompress(5, 22, 0, ctypes.c_size_t(len(data)), data, ctypes.byref(n), out)
    return out.raw[:n.value]


def zstd(text):
    lib, out, data = ctypes.CDLL("libzstd.so.1"), ctypes.create_string_buffer(65536), text.encode()
    lib.ZSTD_compress.restype = ctypes.c_size_t
    n = lib.ZSTD_compress(out, ctypes.c_size_t(65536), data, ctypes.c_size_t(len(data)), 3)
    return out.raw[:n]


def multipart(k, s, cut=False):
    text = '--B\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s' % (name_of(k), s)
    return text if cut else text + "\r\n--B--\r\n"


# Carrier: a request that has the secret of a kind in it.
CARRIERS = {
    "header": lambda k, s: {"method": "GET", "path": "/in", "headers": {
        {"password": "X-Auth-Password", "secret": "X-Client-Secret"}.get(k, "X-Access-Token"): s}},
    "bearer": lambda k, s: {"method": "GET", "path": "/in", "headers": {"Authorization": "Bearer " + s}},
    "basic": lambda k, s: {"method": "GET", "path": "/in", "headers": {
        "Authorization": "Basic " + base64.b64encode(("bob:" + s).encode()).decode()}},
    "cookie": lambda k, s: {"method": "GET", "path": "/in", "headers": {"Cookie": "a=1; sid=" + quoted(s)}},
    "query": lambda k, s: {"method": "GET", "path": "/in?a=1&%s=%s&b=2" % (name_of(k), quoted(s))},
    "path": lambda k, s: {"method": "GET", "path": "/in/%s/x" % quoted(s)},
    "form": lambda k, s: body("a=1&%s=%s" % (name_of(k), quoted(s)), "application/x-www-form-urlencoded"),
    "json": lambda k, s: body(as_json(k, s)),
    "json in a string": lambda k, s: body(json.dumps({"m": as_json(k, s)})),
    "json escaped": lambda k, s: body('{"%s":"%s"}' % (name_of(k), "".join("\\u%04x" % ord(c) for c in s))),
    "cut json": lambda k, s: body(as_json(k, s)[:-1] + ',"b":'),
    "xml": lambda k, s: body("<a><%s>%s</%s></a>" % (name_of(k), s, name_of(k)), "text/xml"),
    "multipart": lambda k, s: body(multipart(k, s), "multipart/form-data; boundary=B"),
    "cut multipart": lambda k, s: body(multipart(k, s, True), "multipart/form-data; boundary=B"),
    "text": lambda k, s: body("login failed: %s=%s, again" % (name_of(k), s), "text/plain"),
    "base64": lambda k, s: body(json.dumps({"data": base64.b64encode(as_json(k, s).encode()).decode()})),
    "gzip": lambda k, s: body(gzip.compress(as_json(k, s).encode()), Content_Encoding="gzip"),
    "cut gzip": lambda k, s: body(gzip.compress((as_json(k, s) + " " * 50 + draw(300)).encode())[:-30],
                                  Content_Encoding="gzip"),
    "br": lambda k, s: body(brotli(as_json(k, s)), Content_Encoding="br"),
    "zstd": lambda k, s: body(zstd(as_json(k, s)), Content_Encoding="zstd"),
    "chunked": lambda k, s: dict(body(as_json(k, s)), chunked=True),
    "trailer": lambda k, s: dict(body("{}"), chunked=True, trailer="X-Access-Token: " + s),
    "answer": lambda k, s: {"method": "POST", "path": "/answer", "headers": {"Content-Type": "application/json"},
                            "body": as_json(k, s)},
    "log": lambda k, s: {"method": "POST", "path": "/log", "body": "%s=%s" % (name_of(k), s)},
}
# Nothing but a name tells such a value, and here it has none.
NAMELESS = {("path", k) for k in NAMES}

SERVICE = '''
    import http.server, json, os, sys, urllib.request

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args):
            pass

        def body(self):
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            data = b""
            while True:
                n = int(self.rfile.readline(), 16)
                data += self.rfile.read(n)
                if n == 0:
                    while self.rfile.readline().strip():
                        pass
                    return data
                self.rfile.readline()

        def do_POST(self):
            data, status, extra = self.body(), 200, os.environ.get("EXTRA", "")
            if self.path == "/log":
                print("service says", data.decode(), extra, flush=True)
            answer = data if self.path == "/answer" else b"{}"
            if self.path == "/boom":
                status, answer = (200 if os.environ.get("FIXED") else 500), json.dumps({"access_token": extra}).encode()
                try:
                    urllib.request.urlopen(os.environ["DEP"] + "/d?access_token=" + extra, timeout=5).read()
                except OSError:
                    pass
            self.send_response(status, "Done " + extra)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST

    http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
'''
SUITE = '''
import base64
for line in open(os.environ["REQUESTS"]):
    r = json.loads(line)
    data = base64.b64decode(r["body"])
    head = "%s %s HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n" % (r["method"], r["path"])
    head += "".join("%s: %s\\r\\n" % h for h in r["headers"].items())
    if r["chunked"]:
        half = len(data) // 2
        payload = b"".join(b"%x\\r\\n%s\\r\\n" % (len(p), p) for p in (data[:half], data[half:]) if p)
        payload += b"0\\r\\n" + (r["trailer"].encode() + b"\\r\\n" if r["trailer"] else b"") + b"\\r\\n"
        head += "Transfer-Encoding: chunked\\r\\n\\r\\n"
    else:
        payload = data
        head += "Content-Length: %d\\r\\n\\r\\n" % len(data)
    s = socket.create_connection((base.hostname, base.port))
    s.sendall(head.encode("latin-1") + payload)
    while s.recv(65536):
        pass
    s.close()
post("/boom")
'''


def forms(secret):
    """How it may stand in a file: raw, percent, hex, base64 at any offset."""
    raw = secret.encode()
    yield raw
    yield quoted(secret).encode()
    yield raw.hex().encode()
    yield "".join("%%%02X" % b for b in raw).encode()
    yield "".join("\\u%04x" % b for b in raw).encode()
    for skip in range(3):
        part = raw[skip:]
        part = part[:len(part) - len(part) % 3]
        yield base64.b64encode(part)
        yield base64.urlsafe_b64encode(part)


class Canary(Case):
    def setUp(self):
        super().setUp()
        self.secrets = Secrets()
        self.tmp = tempfile.mkdtemp(prefix="dvr-canary-")
        self.addCleanup(shutil.rmtree, self.tmp, True)
        self.given = tempfile.mkdtemp(prefix="dvr-given-")
        self.addCleanup(shutil.rmtree, self.given, True)
        self.env["TMPDIR"] = self.tmp
        self.said = ""

    def run_dvr(self, *args, **kw):
        r = self.dvr(*args, **kw)
        self.said += r.out + r.err
        return r

    def requests(self):
        with open(os.path.join(self.given, "requests"), "w") as f:
            for carrier, build in CARRIERS.items():
                for kind in KINDS:
                    if (carrier, kind) in NAMELESS:
                        continue
                    r = dict({"headers": {}, "body": b"", "chunked": False, "trailer": ""},
                             **build(kind, self.secrets.make(kind, carrier)))
                    data = r["body"] if isinstance(r["body"], bytes) else r["body"].encode()
                    f.write(json.dumps(dict(r, body=base64.b64encode(data).decode())) + "\n")
            return f.name

    def everything(self):
        """What dvr wrote, printed and left behind."""
        data = self.said.encode()
        for top in (self.dir, self.tmp):
            for folder, _, names in os.walk(top):
                for n in names:
                    data += n.encode() + b"\n"
                    with open(os.path.join(folder, n), "rb") as f:
                        data += f.read() + b"\n"
        return data

    def search(self):
        data = self.everything()
        packed = []
        for folder, _, names in os.walk(self.path("fixtures")):
            for n in names:     # bodies that kept their coding
                with open(os.path.join(folder, n), "rb") as f:
                    raw = f.read()
                if raw[:2] == b"\x1f\x8b":
                    import zlib
                    packed.append(zlib.decompressobj(31).decompress(raw))
        data += b"\n".join(packed)
        return {key for key, s in self.secrets.all.items() if any(f in data for f in forms(s))}

    def table(self, leaked):
        rows = ["%-18s %s" % ("", " ".join("%-8s" % k[:8] for k in KINDS))]
        for c in CARRIERS:
            cells = ["LEAKED" if (k, c) in leaked else "gone" if (k, c) in self.secrets.all else "-"
                     for k in KINDS]
            rows.append("%-18s %s" % (c, " ".join("%-8s" % x for x in cells)))
        return "\n".join(rows) + "\n"

    def test_nothing_is_left_of_any(self):
        self.write("service.py", SERVICE)
        self.config("service:\n  command: [%s, service.py]\n"
                    "lanes:\n  - {name: client, role: ingress}\n"
                    "  - {name: dep, role: egress, target: \"http://127.0.0.1:9\", env: DEP}\n"
                    "capture: {max_memory: 64MiB}\n" % sys.executable, service=False)
        # the service's own secret, another one in each life of it
        first, second = self.secrets.make("token", "recorded answer"), self.secrets.make("token", "replayed answer")
        self.suite(SUITE)
        self.env.update(REQUESTS=self.requests(), EXTRA=first)
        r = self.run_dvr("run", "--no-verify", "--", sys.executable, "suite.py")
        self.assertEqual(len(self.tapes()), 1, r)
        self.assertGreater(len(self.secrets.all), 200)
        text = self.read("fixtures", self.tapes()[0], "tape.yaml").decode()
        # its own two, and what went wrong with the dependency
        self.assertGreaterEqual(text.count("\n  - id: "), len(self.secrets.all) - 2, text[:2000])
        env = dict(self.env, EXTRA=second)
        tape = self.tapes()[0]
        with open(self.path("fixtures", tape, "replay.yaml"), "a") as f:
            f.write("reproduces: {hits: 1, of: 1}\n")
        self.run_dvr("show", "-v", tape)
        self.run_dvr("ls", "--json")
        for more in ({}, {"FIXED": "1"}):
            self.run_dvr("regress", "--junit", "out.xml", "--report", "json=out.json", "--report", "github",
                         "-v", env=dict(env, **more))
            shutil.copy(self.path("out.xml"), self.path("out%d.xml" % len(more)))
        leaked = self.search()
        table = self.table(leaked)
        if os.environ.get("DVR_CANARY_TABLE"):
            with open(os.environ["DVR_CANARY_TABLE"], "w") as f:
                f.write(table)
        self.assertEqual(leaked, set(), "\n" + table)
        r = self.run_dvr("verify")
        self.assertEqual(r.code, 0, r)
        self.assertEqual([n for n in os.listdir(self.tmp)], [])


if __name__ == "__main__":
    main()
