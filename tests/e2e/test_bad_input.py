"""Hostile and broken traffic: recorded in time, without a leak, and told."""
import base64
import gzip
import json
import os
import secrets
import sys
import time

from harness import Case, main

# Reads whatever comes and answers 500, so that each request is a tape.
SERVICE = '''
    import os, socket, threading

    def serve(c):
        with c:
            data = b""
            while b"\\r\\n\\r\\n" not in data:
                part = c.recv(65536)
                if not part:
                    return
                data += part
            head, data = data.split(b"\\r\\n\\r\\n", 1)
            n = 0
            for line in head.split(b"\\r\\n"):
                if line.lower().startswith(b"content-length:"):
                    n = int(line.split(b":")[1])
            while len(data) < n:
                part = c.recv(1 << 20)
                if not part:
                    break
                data += part
            c.sendall(b"HTTP/1.1 500 Oops\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n")

    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", int(os.environ["PORT"])))
    s.listen(16)
    while True:
        threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
'''

# Sends the bytes of one file as a body.
SUITE = '''
with open(os.environ["BODY"], "rb") as f:
    body = f.read()
headers = json.loads(os.environ["HEADERS"])
s = socket.create_connection((base.hostname, base.port))
s.sendall(("POST /in HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: %d\\r\\n" % len(body) +
           "".join("%s: %s\\r\\n" % h for h in headers.items()) + "\\r\\n").encode("latin-1"))
try:
    s.sendall(body)
    while s.recv(65536):
        pass
except OSError:
    pass
'''


class BadInput(Case):
    # A body of 50 MB took 3 s on the slowest machine at hand.
    BOUND = 40

    def send(self, body, headers, *flags, spec=""):
        """One request into the service that fails; the tape's text."""
        self.write("service.py", SERVICE)
        self.config("service:\n  command: [%s, service.py]\n%s" % (sys.executable, spec), service=False)
        with open(self.path("body"), "wb") as f:
            f.write(body)
        self.env.update(BODY=self.path("body"), HEADERS=json.dumps(headers))
        begin = time.monotonic()
        self.result = self.run_suite(SUITE, "--no-verify", *flags)
        took = time.monotonic() - begin
        os.unlink(self.path("body"))
        self.assertLess(took, self.BOUND, self.result)
        self.assertEqual(len(self.tapes()), 1, self.result)
        return self.read("fixtures", self.tapes()[0], "tape.yaml").decode()

    def assertGone(self, secret):
        everything = self.all_bytes("fixtures") + (self.result.out + self.result.err).encode()
        for form in (secret, base64.b64encode(secret), secret.hex().encode()):
            self.assertNotIn(form, everything)

    def key(self):
        return b"k7" + secrets.token_hex(16).encode()

    def test_json_of_a_hundred_thousand_levels(self):
        s, n = self.key(), 100000
        text = self.send(b'{"a":' * n + b'{"password":"' + s + b'"}' + b"}" * n,
                         {"Content-Type": "application/json"})
        self.assertGone(s)
        self.assertNotIn("withheld", text)
        self.send(b"[" * n + b'"password=' + s + b'"', {"Content-Type": "application/json"})
        self.assertGone(s)

    def test_fifty_megabytes(self):
        s = self.key()
        row = b'{"name": "some text that is long enough", "n": 123456, "token": "' + s + b'"},\n'
        body = b"[" + row * (50_000_000 // len(row)) + b"{}]"
        text = self.send(body, {"Content-Type": "application/json"},
                         spec="capture: {max_body: 64MiB, max_memory: 512MiB, max_tape: 128MiB}\n")
        self.assertGone(s)
        self.assertNotIn("cut_bytes", text)

    def test_a_body_over_the_cap_is_told(self):
        s = self.key()
        text = self.send(b'{"password": "' + s + b'", "pad": "' + b"x" * 300_000 + b'"}',
                         {"Content-Type": "application/json"}, "--strict", spec="capture: {max_body: 64KiB}\n")
        self.assertGone(s)
        self.assertIn("cut_bytes", text)
        self.assertIn("not_replayable", text)
        self.assertEqual(self.result.code, 3, self.result)

    def test_a_zip_bomb(self):
        # a gigabyte, in 16 members: packing it in one takes seconds
        twice = gzip.compress(gzip.compress(b"\0" * (64 << 20)) * 16)
        text = self.send(twice, {"Content-Encoding": "gzip, gzip"})
        self.assertIn("withheld", text)
        self.assertIn("unpacks beyond the limit", text)

    def test_a_cut_gzip(self):
        s = self.key()
        packed = gzip.compress(b'{"password": "' + s + b'", "pad": "' + os.urandom(400).hex().encode() + b'"}')
        text = self.send(packed[:-40], {"Content-Encoding": "gzip", "Content-Type": "application/json"})
        self.assertIn("withheld", text)
        self.assertGone(s)
        for tape in self.tapes():
            self.assertNotIn(packed[:60], self.all_bytes("fixtures"))

    def test_a_cut_gzip_without_a_secret_is_kept(self):
        packed = gzip.compress(b'{"colour": "green", "pad": "' + b"abc " * 100 + b'"}')
        text = self.send(packed[:-8], {"Content-Encoding": "gzip", "Content-Type": "application/json"})
        self.assertNotIn("withheld", text)
        self.assertIn(packed[:-8], self.all_bytes("fixtures"))

    def test_broken_text(self):
        s = self.key()
        self.send(b'{"x": "\xff\xfe\xc0\x80\xed\xa0\x80", "password": "' + s + b'", \xf5\x80',
                  {"Content-Type": "application/json"})
        self.assertGone(s)

    def test_multipart_with_a_boundary_that_is_not_there(self):
        s = self.key()
        part = b'--B\r\nContent-Disposition: form-data; name="password"\r\n\r\n' + s + b"\r\n--B--\r\n"
        for boundary in ("other", "", "B" * 300, '"B', "B\\"):
            self.send(part, {"Content-Type": "multipart/form-data; boundary=" + boundary})
            self.assertGone(s)

    def test_an_unknown_coding_is_withheld_and_strict_says_so(self):
        s = self.key()
        headers = {"Content-Encoding": "x-own", "Content-Type": "application/json"}
        text = self.send(b'{"password": "' + s + b'"}', headers)
        self.assertIn("content coding is not known", text)
        self.assertEqual(self.result.code, 0, self.result)
        self.assertIn("not replayable: ", self.result.err)
        self.assertGone(s)
        import shutil
        shutil.rmtree(self.path("fixtures"))
        self.send(b'{"password": "' + s + b'"}', headers, "--strict")
        self.assertEqual(self.result.code, 3, self.result)
        self.assertIn("strict: ", self.result.err)
        shutil.rmtree(self.path("fixtures"))
        self.send(b'{"password": "' + s + b'"}', headers, spec="capture: {strict: true}\n")
        self.assertEqual(self.result.code, 3, self.result)

    def test_a_5xx_that_nobody_decodes_is_told(self):
        self.write("service.py", SERVICE)
        self.config("service:\n  command: [%s, service.py]\n" % sys.executable, service=False)
        r = self.run_suite('''
            s = socket.create_connection((base.hostname, base.port))
            s.sendall(b"GET /x HTTP/1.1\\r\\nHost: a\\r\\nX\\x01: y\\r\\n\\r\\n")
            while s.recv(65536):
                pass
        ''')
        self.assertEqual(self.tapes(), [])
        self.assertIn("1 answer of 5xx on connections that are not decoded", r.err)


if __name__ == "__main__":
    main()
