"""A forward proxy lane: any number of hosts, in the clear and in tunnels."""
import base64
import json
import os
import shutil
import socket
import sys
import unittest

from harness import Case, JSON_SERVICE, main
from tls_peers import Authority, Stock, serve, serve_raw

# Asks what $CALLS lists (a JSON list of URLs) as a client of a proxy would,
# then fails; the answers' hosts are in its own answer.
SERVICE = JSON_SERVICE + r'''
import urllib.request

class Handler(JsonHandler):
    def do_GET(self):
        if self.path == "/health":
            return self.answer(200, {})
        said = []
        for url in json.loads(os.environ["CALLS"]):
            try:
                with urllib.request.urlopen(url, timeout=10) as r:
                    said.append(json.loads(r.read())["who"])
            except Exception as x:
                said.append(type(x).__name__ + ": " + str(x))
        good = os.environ.get("FIXED") == "1" and said == json.loads(os.environ.get("WANT", json.dumps(said)))
        self.answer(200 if good else 500, {"said": said})

server(Handler).serve_forever()
'''


class Who(Stock):
    """Says who it is, as the server was told."""

    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.calls.append((self.command, self.path, list(self.headers.items())))
        self.answer(200, {"who": self.server.who})

    do_POST = do_GET


class Forward(Case):
    def setUp(self):
        super().setUp()
        for name in [n for n in self.env if n.lower().endswith("_proxy") or "CERT" in n or "_CA" in n]:
            del self.env[name]
        self.write("app.py", SERVICE)
        self.ca = Authority(self.dir)

    def peer(self, who, host, leaf=None):
        """A server on another address of this machine: no NO_PROXY has it."""
        s = serve(self, Who, leaf=leaf, host=host)
        s.who = who
        return s

    def lane(self, more="", calls=(), replay=""):
        self.config(service=False, spec="""
            service:
              command: [python3, app.py]
              ready: {path: /health, timeout: 20s}
              env: {CALLS: %s}
            lanes:
              - {name: client, role: ingress}
              - {name: world, role: egress, proxy: forward, env: WORLD%s}
            replay: {settle: 50ms%s}
            """ % (json.dumps(json.dumps(list(calls))), more, replay))

    def tape_text(self):
        return "".join(self.read("fixtures", t, "tape.yaml").decode() for t in self.tapes())

    def record(self, *flags):
        return self.run_suite('s, b = get("/go")\nprint(s, b.decode())\nsys.exit(s != 500)', *flags)

    def test_hosts_in_the_clear_and_in_tunnels_are_recorded_and_replayed(self):
        one = self.peer("one", "127.0.0.2")
        two = self.peer("two", "127.0.0.3")
        safe = self.peer("safe", "127.0.0.4", leaf=self.ca.leaf("safe", "IP:127.0.0.4"))
        # The same path everywhere: only the host tells them apart.
        calls = ["http://127.0.0.2:%d/who?x=1" % one.port, "http://127.0.0.3:%d/who?x=1" % two.port,
                 "https://127.0.0.4:%d/who?x=1" % safe.port]
        self.lane(", ca: their-ca.pem", calls)
        r = self.record()
        self.assertIn('"said": ["one", "two", "safe"]', r.out, r)
        self.assertEqual(len(self.tapes()), 1, r)
        self.assertIn("reproduces: 3/3", r.err)
        text = self.tape_text()
        self.assertEqual(text.count("GET /who?x=1 HTTP/1.1"), 3, text)
        shown = self.dvr("show", self.tapes()[0]).out
        for s, host in ((one, "127.0.0.2"), (two, "127.0.0.3"), (safe, "127.0.0.4")):
            self.assertIn("GET %s:%d/who?x=1" % (host, s.port), shown)
        self.assertIn("  GET /go  ", shown)
        for s, host in ((one, "127.0.0.2"), (two, "127.0.0.3"), (safe, "127.0.0.4")):
            self.assertIn("%s:%d" % (host, s.port), text)
            command, path, headers = s.calls[0]
            self.assertEqual(path, "/who?x=1")
            names = [n.lower() for n, v in headers]
            self.assertEqual(names.count("host"), 1)
            self.assertIn("x-dvr-correlation-id", names)
            self.assertEqual(len(s.calls), 1, "a replay asked the real one")
        self.assertEqual(self.dvr("regress").code, 1)
        self.assertEqual(self.dvr("regress", env=dict(self.env, FIXED="1")).code, 0)
        # The other order: each host still answers for itself.
        self.lane(", ca: their-ca.pem", calls[::-1])
        r = self.dvr("regress", "-v", env=dict(self.env, FIXED="1", WANT='["safe", "two", "one"]'))
        self.assertEqual(r.code, 0, r)
        r = self.dvr("regress", env=dict(self.env, FIXED="1", WANT='["one", "two", "safe"]'))
        self.assertEqual(r.code, 1, r)
        # A host that nobody recorded is a miss that is named.
        self.lane(", ca: their-ca.pem", calls + ["http://127.0.0.9:1234/who?x=1"])
        r = self.dvr("regress", env=dict(self.env, FIXED="1"))
        self.assertNotEqual(r.code, 0, r)
        self.assertIn("world: nobody recorded GET 127.0.0.9:1234/who?x=1", r.out)
        for s in (one, two, safe):
            self.assertEqual(len(s.calls), 1)

    def test_what_nobody_recorded_is_passed_through_by_its_host(self):
        one = self.peer("one", "127.0.0.2")
        two = self.peer("two", "127.0.0.3")
        safe = self.peer("safe", "127.0.0.4", leaf=self.ca.leaf("safe", "IP:127.0.0.4"))
        calls = ["http://127.0.0.2:%d/who?x=1" % one.port]
        self.lane(", ca: their-ca.pem", calls, ", on_miss: passthrough")
        self.assertIn("reproduces: 3/3", self.record().err)
        more = ["http://127.0.0.3:%d/who?x=2" % two.port, "https://127.0.0.4:%d/who?x=3" % safe.port]
        self.lane(", ca: their-ca.pem", calls + more, ", on_miss: passthrough")
        r = self.dvr("regress", "-v", env=dict(self.env, FIXED="1", WANT='["one", "two", "safe"]'))
        self.assertEqual(r.code, 0, r)
        self.assertIn("went to http://127.0.0.3:%d" % two.port, r.out)
        self.assertIn("went to https://127.0.0.4:%d" % safe.port, r.out)
        self.assertEqual(len(one.calls), 1)
        for s, path in ((two, "/who?x=2"), (safe, "/who?x=3")):
            self.assertEqual({c[1] for c in s.calls}, {path})
            names = [n.lower() for n, v in s.calls[0][2]]
            self.assertNotIn("proxy-connection", names)

    def test_what_cannot_be_reached_fails_again_in_a_replay(self):
        with socket.socket() as s:
            s.bind(("127.0.0.5", 0))
            port = s.getsockname()[1]
        expired = self.peer("expired", "127.0.0.6", leaf=self.ca.leaf("old", "IP:127.0.0.6", days="-1"))
        self.lane(", ca: their-ca.pem", ["https://127.0.0.5:%d/a" % port, "https://127.0.0.6:%d/b" % expired.port])
        r = self.record()
        self.assertIn("502", r.out, r)
        self.assertIn("certificate has expired", r.err)
        self.assertIn("reproduces: 3/3", r.err)
        text = self.tape_text()
        self.assertIn("CONNECT 127.0.0.5:%d" % port, text)
        self.assertIn("TLS with the target failed", text)
        r = self.dvr("regress", "-v", env=dict(self.env, FIXED="1"))
        self.assertEqual(r.code, 0, r)

    def proxy_client(self, body, more=""):
        """A suite that talks to the lane itself."""
        self.lane(more)
        self.write("app.py", SERVICE.replace("def do_GET(self):", '''def do_GET(self):
        if self.path == "/world":
            return self.answer(200, {k: v for k, v in os.environ.items()})''', 1))
        return self.run_suite("""
            import ssl
            env = json.loads(get("/world")[1])
            world = urlsplit(env["WORLD"])
            def proxy():
                s = socket.create_connection((world.hostname, world.port), timeout=20)
                return s, s.makefile("rb")
            def answer(f):
                status, n = f.readline().decode().strip(), 0
                while True:
                    line = f.readline()
                    if line in (b"\\r\\n", b""): break
                    if line.lower().startswith(b"content-length:"): n = int(line.split(b":")[1])
                return status, f.read(n)
            """ + body, "--no-verify")

    def test_one_connection_serves_many_hosts_and_the_password_stays(self):
        one, two = self.peer("one", "127.0.0.2"), self.peer("two", "127.0.0.3")
        password = base64.b64encode(b"me:" + os.urandom(12)).decode()
        r = self.proxy_client("""
            s, f = proxy()
            for i in range(6):
                host = ["127.0.0.2:%d", "127.0.0.3:%d"][i %% 2]
                s.sendall(("POST http://%%s/n/%%d HTTP/1.1\\r\\nhost: wrong\\r\\nProxy-Authorization: Basic %s\\r\\n"
                           "Proxy-Connection: keep-alive\\r\\nContent-Length: 5\\r\\n\\r\\nhello" %% (host, i)).encode())
                print(answer(f)[1].decode())
            """ % (one.port, two.port, password))
        self.assertEqual(r.code, 0, r)
        self.assertEqual([json.loads(l)["who"] for l in r.out.splitlines()], ["one", "two"] * 3, r)
        for s, host in ((one, "127.0.0.2:%d" % one.port), (two, "127.0.0.3:%d" % two.port)):
            self.assertEqual(len(s.calls), 3)
            for command, path, headers in s.calls:
                h = {n.lower(): v for n, v in headers}
                self.assertEqual(h["host"], host)
                self.assertNotIn("proxy-authorization", h)
                self.assertNotIn("proxy-connection", h)

    def test_requests_in_pieces_and_pipelined_are_the_same_requests(self):
        one, two = self.peer("one", "127.0.0.2"), self.peer("two", "127.0.0.3")
        r = self.proxy_client("""
            text = b"".join(("GET http://%%s/x%%d HTTP/1.1\\r\\nHost: %%s\\r\\n\\r\\n" %% (h, i, h)).encode()
                            for i, h in enumerate(["127.0.0.2:%d", "127.0.0.3:%d", "127.0.0.3:%d", "127.0.0.2:%d"]))
            s, f = proxy()
            s.sendall(text)
            print([json.loads(answer(f)[1])["who"] for i in range(4)])
            s, f = proxy()
            for i in range(len(text)):
                s.sendall(text[i:i + 1])
            print([json.loads(answer(f)[1])["who"] for i in range(4)])
            """ % (one.port, two.port, two.port, one.port))
        self.assertEqual(r.out.splitlines(), ["['one', 'two', 'two', 'one']"] * 2, r)

    def test_a_tunnel_may_carry_plain_bytes_and_a_server_that_speaks_first(self):
        one = self.peer("one", "127.0.0.2")
        first = serve_raw(self, lambda s: (s.sendall(b"220 hello\r\n"), s.recv(100)))
        r = self.proxy_client("""
            s, f = proxy()
            s.sendall(b"CONNECT 127.0.0.2:%d HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
            print(answer(f)[0])
            s.sendall(b"GET /inside HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
            print(answer(f)[0])
            s, f = proxy()
            s.sendall(b"CONNECT 127.0.0.1:%d HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
            print(answer(f)[0], f.readline())
            """ % (one.port, first))
        self.assertIn("HTTP/1.1 200 Connection established\nHTTP/1.0 200 OK".replace("1.0", "1.1"), r.out, r)
        self.assertIn("b'220 hello", r.out, r)
        self.assertEqual([c[1] for c in one.calls], ["/inside"])

    def test_the_leaf_is_for_the_name_that_is_asked_for(self):
        safe = self.peer("safe", "127.0.0.1", leaf=self.ca.leaf("safe"))
        r = self.proxy_client("""
            s, f = proxy()
            s.sendall(b"CONNECT localhost:%d HTTP/1.1\\r\\n\\r\\n")
            print(answer(f)[0])
            c = ssl.create_default_context(cafile=env["SSL_CERT_FILE"])
            t = c.wrap_socket(s, server_hostname="localhost")
            print(t.getpeercert()["subjectAltName"])
            t.sendall(b"GET /who HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
            print(answer(t.makefile("rb"))[1].decode())
            """ % safe.port, ", ca: their-ca.pem")
        self.assertIn("(('DNS', 'localhost'),)", r.out, r)
        self.assertIn('{"who": "safe"}', r.out, r)

    def test_what_is_no_proxy_request_is_told_so(self):
        r = self.proxy_client("""
            for text in (b"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n", b"nonsense\\r\\n\\r\\n",
                         b"CONNECT nowhere HTTP/1.1\\r\\n\\r\\n", b"GET http://u:p@h/ HTTP/1.1\\r\\n\\r\\n",
                         b"GET http://127.0.0.1:%d/ HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n" % world.port,
                         b"CONNECT 127.0.0.1:%d HTTP/1.1\\r\\n\\r\\n" % world.port):
                s, f = proxy()
                s.sendall(text)
                print(*answer(f))
            s, f = proxy()
            s.sendall(b"CONNECT 127.0.0.1:1 HTTP/1.1\\r\\n\\r\\n")
            print(*answer(f))
            s, f = proxy()
            s.sendall(b"GET http://127.0.0.1:1/ HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
            try: print("got", f.read())
            except OSError as x: print(type(x).__name__)
            """)
        lines = r.out.splitlines()
        for l in lines[:6]:
            self.assertIn("400 Bad Request", l, r)
        self.assertIn("502 Bad Gateway", lines[6])
        self.assertIn("Connection refused", lines[6])
        self.assertEqual(lines[7], "ConnectionResetError", r)
        self.assertIn("to this proxy itself", r.err)

    def test_the_service_gets_every_spelling_and_this_machine_stays_direct(self):
        self.env["NO_PROXY"] = "intern.example"
        r = self.proxy_client("""
            for n in ("HTTP_PROXY", "https_proxy", "ALL_PROXY"):
                print(env[n] == env["WORLD"])
            print(env["NO_PROXY"], env["no_proxy"] == env["NO_PROXY"])
            print("-Dhttps.proxyPort=%d" % world.port in env["JAVA_TOOL_OPTIONS"], "trustStore=" in env["JAVA_TOOL_OPTIONS"])
            print(os.environ.get("HTTP_PROXY"))
            """)
        self.assertEqual(r.out.splitlines(), ["True"] * 3 + ["localhost,127.0.0.1,::1,intern.example True",
                                                             "True True", "None"], r)

    def test_a_pinned_host_is_not_opened_and_a_replay_says_so(self):
        safe = self.peer("safe", "127.0.0.4", leaf=self.ca.leaf("safe", "IP:127.0.0.4"))
        one = self.peer("one", "127.0.0.2")
        text = SERVICE.replace("urlopen(url, timeout=10)", "urlopen(url, timeout=10, context="
                               "__import__('ssl').create_default_context(cafile=%r) if url.startswith('https') else None)"
                               % self.ca.file)
        self.write("app.py", text)
        self.lane(", passthrough: [127.0.0.4]",
                  ["https://127.0.0.4:%d/pinned" % safe.port, "http://127.0.0.2:%d/who" % one.port])
        r = self.record()
        self.assertIn('"said": ["safe", "one"]', r.out, r)
        self.assertRegex(r.err, r"127.0.0.4:%d: passed through untouched, not recorded, 1 connection, \d+ bytes up" % safe.port)
        self.assertNotIn("/pinned", self.tape_text())
        r = self.dvr("regress", "-v", env=dict(self.env, FIXED="1"))
        self.assertIn("no tunnel to 127.0.0.4:%d" % safe.port, r.out, r)

    @unittest.skipUnless(shutil.which("curl"), "no curl")
    def test_curl_goes_through_by_its_variables(self):
        one = self.peer("one", "127.0.0.2")
        safe = self.peer("safe", "127.0.0.4", leaf=self.ca.leaf("safe", "IP:127.0.0.4"))
        r = self.proxy_client("""
            import subprocess
            print(subprocess.run(["curl", "-sS", "http://127.0.0.2:%d/a", "https://127.0.0.4:%d/b",
                  "http://127.0.0.2:%d/c"], env=env, capture_output=True, text=True))
            """ % (one.port, safe.port, one.port), ", ca: their-ca.pem")
        self.assertIn('{"who": "one"}{"who": "safe"}{"who": "one"}', r.out, r)


class Lanes(Case):
    def test_lanes_that_contradict_themselves_are_named(self):
        for lane, says in (
                ("{name: w, role: egress, proxy: forward, target: 'http://x'}", "no 'target'"),
                ("{name: w, role: ingress, proxy: forward}", "role: egress"),
                ("{name: w, role: egress, proxy: reverse}", "forward"),
                ("{name: w, role: egress, target: 'https://x', key: k.pem}", "add 'cert'"),
                ("{name: w, role: egress, target: 'https://x', ca: c.pem, insecure: true}", "contradicts"),
                ("{name: w, role: egress}", "proxy: forward")):
            with self.subTest(lane):
                self.config("lanes: [%s]" % lane)
                self.assertOneLineError(self.dvr("run", "true"), 2, "dvr.yaml", says)


if __name__ == "__main__":
    main()
