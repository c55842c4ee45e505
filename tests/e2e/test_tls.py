"""TLS lanes: towards the client, towards the target, and what fails there."""
import json
import os
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import time
import unittest
import urllib.error
import urllib.request

from harness import Case, DVR, free_port, JSON_SERVICE, main
from tls_peers import Authority, serve, serve_raw

# A service that asks an https (or http) dependency and fails.
SERVICE = JSON_SERVICE + r'''
import http.client, ssl
from urllib.parse import urlsplit

def ask(path):
    u = urlsplit(os.environ["STOCK_URL"])
    if u.scheme == "https":
        c = http.client.HTTPSConnection(u.hostname, u.port, timeout=10)
    else:
        c = http.client.HTTPConnection(u.hostname, u.port, timeout=10)
    try:
        c.request("GET", path)
        r = c.getresponse()
        return json.loads(r.read())
    finally:
        c.close()

class Handler(JsonHandler):
    def do_GET(self):
        if self.path == "/health":
            return self.answer(200, {})
        if self.path == "/big":
            data = b"0123456789abcdef" * 65536
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            return self.wfile.write(data)
        try:
            level = ask("/level")["level"]
        except Exception as x:
            return self.answer(502, {"error": type(x).__name__ + ": " + str(x)})
        if os.environ.get("FIXED") == "1":
            return self.answer(200, {"level": level})
        self.answer(500, {"error": "boom", "level": level})

s = server(Handler)
if os.environ.get("SERVICE_CERT"):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain(os.environ["SERVICE_CERT"], os.environ["SERVICE_KEY"])
    s.socket = c.wrap_socket(s.socket, server_side=True, do_handshake_on_connect=False)
s.serve_forever()
'''


class TlsCase(Case):
    def setUp(self):
        super().setUp()
        # What this machine tells its programs is not under test.
        for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE",
                     "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "AWS_CA_BUNDLE", "PIP_CERT", "JAVA_TOOL_OPTIONS"):
            self.env.pop(name, None)
        self.write("app.py", SERVICE)
        self.ca = Authority(self.dir)

    def lanes(self, *lanes, more="", service_env="", ready="{path: /health, timeout: 20s}"):
        self.config(service=False, spec="""
            service:
              command: [python3, app.py]
              ready: %s
              env: {X: "1"%s}
            lanes:
              %s
            replay: {settle: 50ms}
            %s
            """ % (ready, service_env, "\n              ".join("- " + l for l in lanes), more))

    def tape_text(self):
        return "".join(self.read("fixtures", t, "tape.yaml").decode() for t in self.tapes())


class Targets(TlsCase):
    """Lanes whose target speaks TLS."""

    def record(self, lane_more, server, says=500):
        self.lanes("{name: client, role: ingress}",
                   "{name: stock, role: egress, target: 'https://127.0.0.1:%d', env: STOCK_URL%s}"
                   % (server.port, lane_more))
        return self.run_suite("""
            s, b = get("/price")
            print(s, b.decode())
            sys.exit(s == %d)
            """ % says)

    def test_an_https_dependency_is_recorded_and_replayed_in_the_clear(self):
        server = serve(self, leaf=self.ca.leaf("stock"))
        r = self.record(", ca: their-ca.pem", server)
        self.assertEqual(len(self.tapes()), 1, r)
        self.assertIn("reproduces: 3/3", r.err)
        self.assertIn("GET /level HTTP/1.1", self.tape_text())
        self.assertIn("X-DVR-Correlation-Id", str(server.calls))
        self.assertEqual(self.dvr("regress").code, 1)
        self.assertEqual(self.dvr("regress", env=dict(self.env, FIXED="1")).code, 0)

    def test_a_target_that_is_not_believed_is_refused_and_the_reason_told(self):
        cases = (
            ("expired", {"days": "-1"}, "certificate has expired", ", ca: their-ca.pem"),
            ("other", {"names": "DNS:other.example"}, "mismatch", ", ca: their-ca.pem"),
            ("stranger", {}, "local issuer", ""),
        )
        for name, leaf, says, more in cases:
            with self.subTest(name):
                shutil.rmtree(self.path("fixtures"), ignore_errors=True)
                server = serve(self, leaf=self.ca.leaf(name, **leaf))
                r = self.record(more, server, 502)
                self.assertIn("lane stock: 127.0.0.1:%d: TLS with the target failed" % server.port, r.err)
                self.assertIn(says, r.err)
                self.assertEqual(len(self.tapes()), 1, r)
                self.assertIn("TLS with the target failed", self.tape_text())
                self.assertEqual(server.calls, [])

    def test_insecure_is_said_aloud_at_every_start(self):
        server = serve(self, leaf=self.ca.leaf("expired", days="-1"))
        r = self.record(", insecure: true", server)
        self.assertIn("insecure: true", r.err)
        self.assertIn("not verified", r.err)
        self.assertEqual(len(server.calls), 1, r)

    def test_a_client_certificate_is_shown_where_it_is_asked_for(self):
        cert, key = self.ca.leaf("me")
        server = serve(self, leaf=self.ca.leaf("stock"), client_ca=self.ca.file)
        r = self.record(", ca: their-ca.pem, cert: me.pem, key: me.key", server)
        self.assertEqual(len(server.calls), 1, r)
        shutil.rmtree(self.path("fixtures"))
        r = self.record(", ca: their-ca.pem", server, 502)
        self.assertEqual(len(server.calls), 1, r)
        self.assertIn("certificate required", r.err)

    def test_a_target_that_speaks_no_tls_is_told_so(self):
        server = serve(self)
        r = self.record("", server, 502)
        self.assertIn("does not speak TLS", r.err)
        self.assertEqual(server.calls, [])

    def test_a_client_certificate_that_is_not_there_stops_the_run(self):
        server = serve(self)
        r = self.record(", cert: nowhere.pem", server)
        self.assertOneLineError(r, 2, "lane stock", "cert:", "nowhere.pem")

    def test_a_service_that_speaks_tls_is_asked_recorded_and_replayed_over_it(self):
        cert, key = self.ca.leaf("service")
        stock = serve(self)
        for more in (", ca: their-ca.pem", ", insecure: true"):
            shutil.rmtree(self.path("fixtures"), ignore_errors=True)
            self.lanes("{name: client, role: ingress, target: 'https://127.0.0.1:${PORT}'%s}" % more,
                       "{name: stock, role: egress, target: 'http://127.0.0.1:%d', env: STOCK_URL}" % stock.port,
                       service_env=", SERVICE_CERT: %s, SERVICE_KEY: %s" % (json.dumps(cert), json.dumps(key)))
            r = self.run_suite('sys.exit(get("/price")[0] != 500)')
            self.assertEqual(r.code, 0, r)
            self.assertIn("reproduces: 3/3", r.err)
            self.assertEqual(self.dvr("regress").code, 1)
            self.assertEqual(self.dvr("regress", env=dict(self.env, FIXED="1")).code, 0)
        # Another authority than the service's: no replay at all, and why.
        Authority(self.dir)
        self.lanes("{name: client, role: ingress, target: 'https://127.0.0.1:${PORT}', ca: their-ca.pem}",
                   service_env=", SERVICE_CERT: %s, SERVICE_KEY: %s" % (json.dumps(cert), json.dumps(key)))
        r = self.dvr("regress")
        self.assertNotEqual(r.code, 0)
        self.assertIn("TLS: the server's certificate", r.out, r)

    def test_a_target_whose_certificate_nobody_verifies_is_told(self):
        cert, key = self.ca.leaf("service")
        stock = serve(self)
        self.lanes("{name: client, role: ingress}",
                   "{name: stock, role: egress, target: 'http://127.0.0.1:%d', env: STOCK_URL}" % stock.port)
        self.assertEqual(self.run_suite('sys.exit(get("/price")[0] != 500)', "--no-verify").code, 0)
        port = free_port()
        self.start(sys.executable, "app.py", stderr=subprocess.DEVNULL, env=dict(
            self.env, PORT=str(port), SERVICE_CERT=cert, SERVICE_KEY=key,
            STOCK_URL="http://127.0.0.1:%d" % stock.port))
        until = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                self.assertLess(time.monotonic(), until)
                time.sleep(0.05)
        url = "https://127.0.0.1:%d" % port
        r = self.dvr("replay", "start", "--target", url, "--tape", self.tapes()[0])
        self.assertEqual(r.code, 1, r)
        self.assertIn("the certificate of %s was not verified" % url, r.out, r)
        self.stdin_text = "next\nquit\n"
        r = self.dvr("replay", "start", "--target", url, "--tape", self.tapes()[0], "--step-mode",
                     stdin=subprocess.PIPE)
        self.assertIn("the certificate of %s is not verified" % url, r.out, r)
        self.assertIn("[Received] 500", r.out, r)

    def test_an_egress_lane_that_is_called_over_tls_is_mocked_over_tls(self):
        server = serve(self, leaf=self.ca.leaf("stock"))
        self.lanes("{name: client, role: ingress}",
                   "{name: stock, role: egress, listen: 'https://127.0.0.1:0', target: 'https://localhost:%d', "
                   "env: STOCK_URL, ca: their-ca.pem}" % server.port)
        # It says itself how it was called.
        self.write("app.py", self.read("app.py").decode().replace(
            '"error": "boom"', '"error": "boom by " + urlsplit(os.environ["STOCK_URL"]).scheme'))
        r = self.run_suite('s, b = get("/price")\nprint(b)\nsys.exit(s != 500)')
        self.assertEqual(r.code, 0, r)
        self.assertIn("boom by https", r.out)
        self.assertIn("reproduces: 3/3", r.err)
        self.assertEqual(len(server.calls), 1)
        self.assertEqual(self.dvr("regress", env=dict(self.env, FIXED="1")).code, 0)
        self.assertEqual(len(server.calls), 1)


class Clients(TlsCase):
    """Lanes that speak TLS to their clients."""

    def setUp(self):
        super().setUp()
        self.stock = serve(self)
        self.lanes("{name: client, role: ingress, listen: 'https://127.0.0.1:0'}",
                   "{name: stock, role: egress, target: 'http://127.0.0.1:%d', env: STOCK_URL}" % self.stock.port)

    def shell(self, script, *flags):
        return self.dvr("run", "--no-verify", *flags, "--", "sh", "-ec", script)

    def test_curl_believes_the_run(self):
        r = self.shell('echo "$DVR_BASE_URL"; curl -sS -o body -w "%{http_code} %{http_version}\\n" "$DVR_BASE_URL/price"')
        self.assertEqual(r.code, 0, r)
        self.assertIn("https://127.0.0.1:", r.out)
        self.assertIn("500 1.1", r.out)
        self.assertEqual(len(self.tapes()), 1, r)

    def test_python_believes_the_run(self):
        self.write("c.py", """
            import os, urllib.error, urllib.request
            try:
                urllib.request.urlopen(os.environ["DVR_BASE_URL"] + "/price")
            except urllib.error.HTTPError as x:
                print("urllib", x.code)
            try:
                import requests
                print("requests", requests.get(os.environ["DVR_BASE_URL"] + "/price").status_code)
            except ImportError:
                print("requests 500")
            """)
        r = self.shell("python3 c.py")
        self.assertIn("urllib 500", r.out, r)
        self.assertIn("requests 500", r.out, r)

    def test_node_believes_the_run(self):
        self.write("c.js", """
            require('https').get(process.env.DVR_BASE_URL + '/price', r => {
                console.log('node', r.statusCode, r.socket.authorized, r.socket.getPeerCertificate().issuer.O);
                r.resume();
            });
            """)
        r = self.shell("node c.js")
        self.assertIn("node 500 true dvr", r.out, r)

    @unittest.skipUnless(shutil.which("java") and shutil.which("javac"), "no JDK")
    def test_java_believes_the_run(self):
        self.write("C.java", """
            import java.net.URI;
            import java.net.http.*;
            public class C {
                public static void main(String[] a) throws Exception {
                    HttpClient c = HttpClient.newHttpClient();
                    HttpRequest r = HttpRequest.newBuilder(URI.create(System.getenv("DVR_BASE_URL") + "/price")).build();
                    System.out.println("java " + c.send(r, HttpResponse.BodyHandlers.ofString()).statusCode());
                }
            }
            """)
        r = self.shell("java C.java")
        self.assertIn("java 500", r.out, r)

    def test_a_client_that_does_not_trust_us_is_told_of(self):
        r = self.shell('env -u CURL_CA_BUNDLE -u SSL_CERT_FILE curl -sS "$DVR_BASE_URL/price" || echo "curl $?"')
        self.assertIn("curl 60", r.out, r)
        self.assertIn("TLS with a client failed: the peer does not trust our certificate", r.err)
        self.assertEqual(self.tapes(), [])

    def test_what_is_no_tls_reaches_the_target_as_it_is(self):
        r = self.run_suite("""
            with socket.create_connection((base.hostname, base.port)) as s:
                s.sendall(b"GET /price HTTP/1.0\\r\\n\\r\\n")
                print(s.makefile("rb").readline())
            with socket.create_connection((base.hostname, base.port)) as s:
                s.sendall(os.urandom(4096).replace(b"\\x16", b"\\x17"))
                s.shutdown(socket.SHUT_WR)
                while s.recv(65536): pass
            with socket.create_connection((base.hostname, base.port)) as s:
                s.sendall(b"\\x16\\x03\\x01\\x02\\x00" + os.urandom(600))
                try:
                    print("garbage", len(s.recv(65536)))
                except ConnectionResetError:
                    print("garbage reset")
            with socket.create_connection((base.hostname, base.port)): pass
            """, "--no-verify")
        self.assertEqual(r.code, 0, r)
        self.assertIn("500 Internal Server Error", r.out)
        self.assertIn("spoke plainly to this TLS lane", r.err)
        self.assertIn("garbage", r.out)

    def test_garbage_that_is_cut_off_is_shown_in_letters_alone(self):
        port = serve_raw(self, lambda s: (s.recv(1), s.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))))
        self.config(service=False, spec="""
            lanes:
              - {name: client, role: ingress, listen: 'https://127.0.0.1:0', target: 'http://127.0.0.1:%d'}
            """ % port)
        r = self.run_suite("""
            with socket.create_connection((base.hostname, base.port)) as s:
                s.sendall(b"\\x9b31m\\xff\\x86 /x\\xc3 \\x00\\r\\n\\r\\n")
                try: s.recv(10)
                except OSError: pass
            """, "--no-verify")
        self.assertEqual(r.code, 0, r)
        self.assertIn("tape", r.err)
        self.assertTrue(all(c == "\n" or c.isprintable() for c in r.err), r)

    def test_the_bundle_is_the_systems_and_ours_and_goes_with_the_run(self):
        r = self.shell('grep -c BEGIN "$SSL_CERT_FILE"; echo "$SSL_CERT_FILE"; ls -l "$SSL_CERT_FILE"; '
                       'grep -rl PRIVATE "$(dirname "$SSL_CERT_FILE")" || echo no key; '
                       'echo "$NODE_EXTRA_CA_CERTS $REQUESTS_CA_BUNDLE $GIT_SSL_CAINFO $AWS_CA_BUNDLE"')
        lines = r.out.splitlines()
        self.assertGreater(int(lines[0]), 50, r)
        self.assertIn("no key", lines)
        self.assertEqual(lines[-1], " ".join([lines[1]] * 4))
        self.assertFalse(os.path.exists(os.path.dirname(lines[1])))

    def test_the_bundle_goes_also_when_dvr_is_killed(self):
        self.write("s.sh", 'echo "$SSL_CERT_FILE" > where.tmp; mv where.tmp where; exec sleep 60')
        p = self.start(DVR, "run", "--", "sh", "s.sh")
        until = time.monotonic() + 30
        while not os.path.exists(self.path("where")):
            self.assertLess(time.monotonic(), until)
            time.sleep(0.01)
        folder = os.path.dirname(self.read("where").decode().strip())
        self.assertTrue(os.path.exists(folder))
        os.kill(p.pid, signal.SIGKILL)
        p.communicate()
        until = time.monotonic() + 10
        while os.path.exists(folder) and time.monotonic() < until:
            time.sleep(0.01)
        self.assertFalse(os.path.exists(folder))

    def test_record_tells_clients_of_others_what_to_believe(self):
        p = self.start(DVR, "record")
        url = bundle = None
        for line in p.stderr:
            if "lane client:" in line:
                url = line.split()[3]
            if "SSL_CERT_FILE=" in line:
                bundle = line.strip().split("=")[1]
                break
        self.assertTrue(url.startswith("https://"), url)
        context = ssl.create_default_context(cafile=bundle)
        with self.assertRaises(urllib.error.HTTPError) as x:
            urllib.request.urlopen(url + "/price", context=context)
        self.assertEqual(x.exception.code, 500)
        x.exception.close()
        p.send_signal(signal.SIGINT)
        p.communicate(timeout=60)
        self.assertFalse(os.path.exists(bundle))

    def test_step_mode_tells_the_service_in_the_ide_what_to_believe(self):
        self.lanes("{name: client, role: ingress}",
                   "{name: stock, role: egress, listen: 'https://127.0.0.1:0', "
                   "target: 'http://127.0.0.1:%d', env: STOCK_URL}" % self.stock.port)
        r = self.run_suite('sys.exit(get("/price")[0] != 500)', "--no-verify")
        self.assertEqual(r.code, 0, r)
        self.stdin_text = "quit\n"
        r = self.dvr("replay", "start", "--target", "http://127.0.0.1:9", "--tape", self.tapes()[0],
                     "--step-mode", stdin=subprocess.PIPE)
        self.assertRegex(r.out, r"\n  STOCK_URL=https://127.0.0.1:\d+")
        self.assertIn("\n  SSL_CERT_FILE=", r.out)

    def test_a_run_without_tls_hands_nothing_over(self):
        self.lanes("{name: client, role: ingress}",
                   "{name: stock, role: egress, target: 'http://127.0.0.1:%d', env: STOCK_URL}" % self.stock.port)
        r = self.shell('echo "[$SSL_CERT_FILE$NODE_EXTRA_CA_CERTS$JAVA_TOOL_OPTIONS]"')
        self.assertIn("[]", r.out, r)

    def test_tls_to_a_plain_lane_gets_the_services_own_answer(self):
        self.lanes("{name: client, role: ingress}",
                   "{name: stock, role: egress, target: 'http://127.0.0.1:%d', env: STOCK_URL}" % self.stock.port)
        r = self.run_suite("""
            import ssl
            try:
                ssl.create_default_context().wrap_socket(socket.create_connection((base.hostname, base.port)), server_hostname="localhost")
            except (ssl.SSLError, OSError) as x:
                print(type(x).__name__)
            """, "--no-verify")
        self.assertEqual(r.code, 0, r)
        self.assertIn("a client spoke TLS to this plain lane", r.err)


class Passthrough(TlsCase):
    def test_a_pinned_host_is_tunnelled_untouched_and_counted(self):
        server = serve(self, leaf=self.ca.leaf("stock"))
        self.lanes("{name: client, role: ingress}",
                   "{name: stock, role: egress, listen: 'https://127.0.0.1:0', "
                   "target: 'https://127.0.0.1:%d', env: STOCK_URL, passthrough: [127.0.0.1]}" % server.port)
        # The pinned client believes their CA and no other.
        text = self.read("app.py").decode().replace(
            "http.client.HTTPSConnection(u.hostname, u.port, timeout=10)",
            "http.client.HTTPSConnection(u.hostname, u.port, timeout=10, "
            "context=ssl.create_default_context(cafile=%r))" % self.ca.file)
        self.write("app.py", text)
        r = self.run_suite('print(get("/price"))', "--no-verify")
        self.assertIn('"level": 7', r.out, r)
        self.assertRegex(r.err, r"passed through untouched, not recorded, 1 connection, \d+ bytes up, \d+ down")
        self.assertNotIn("/level", self.tape_text())


class Ends(TlsCase):
    """How streams end, and how much of them is held."""

    def bounce(self, target, body, listen="https://127.0.0.1:0"):
        self.config(service=False, spec="""
            lanes:
              - {name: client, role: ingress, listen: '%s', target: '%s', ca: their-ca.pem}
            """ % (listen, target))
        self.write("c.py", """
            import os, socket, ssl, sys, time
            from urllib.parse import urlsplit
            u = urlsplit(os.environ["DVR_BASE_URL"])
            def connect(**kw):
                s = socket.create_connection((u.hostname, u.port), timeout=20)
                if u.scheme == "https":
                    c = ssl.create_default_context()
                    s = c.wrap_socket(s, server_hostname="localhost", suppress_ragged_eofs=False, **kw)
                return s
            def all_of(s):
                data = b""
                while True:
                    more = s.recv(65536)
                    if not more:
                        return data
                    data += more
            """)
        with open(self.path("c.py"), "a") as f:
            import textwrap
            f.write(textwrap.dedent(body))
        return self.dvr("run", "--no-verify", "--", sys.executable, "c.py")

    def tls_server(self, talk):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.ca.leaf("stock"))

        def run(s):
            t = context.wrap_socket(s, server_side=True)
            t.recv(65536)
            talk(t)
        return serve_raw(self, run)

    def test_a_body_that_is_cut_off_is_cut_off_for_the_client_too(self):
        def cut(t):
            t.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            socket.socket(fileno=t.detach()).close()
        r = self.bounce("https://127.0.0.1:%d" % self.tls_server(cut), """
            s = connect()
            s.sendall(b"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
            data = s.recv(65536)
            try:
                while True:
                    more = s.recv(65536)
                    if not more: print("clean end"); break
                    data += more
            except (ssl.SSLError, ConnectionError) as x:
                print("cut", x)
            print(data[-4:])
            """)
        self.assertIn("cut", r.out, r)
        self.assertIn("b'half'", r.out, r)

    def test_a_clean_end_is_clean_for_the_client_too(self):
        def close(t):
            t.sendall(b"HTTP/1.0 200 OK\r\n\r\nwhole")
            t.unwrap()
        r = self.bounce("https://127.0.0.1:%d" % self.tls_server(close), """
            s = connect()
            s.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
            print(all_of(s)[-5:])
            """)
        self.assertIn("b'whole'", r.out, r)

    def test_a_slow_reader_of_64_mb_does_not_grow_memory(self):
        def pour(t):
            t.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n")
            for _ in range(1024):
                t.sendall(b"x" * 65536)
        r = self.bounce("https://127.0.0.1:%d" % self.tls_server(pour), """
            def rss():
                with open("/proc/%d/status" % os.getppid()) as f:
                    return next(int(l.split()[1]) for l in f if l.startswith("RssAnon"))
            s = connect()
            s.sendall(b"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
            got, most, least = 0, 0, rss()
            while got < 64 << 20:
                more = s.recv(16384)
                if not more: break
                got += len(more)
                if got % (1 << 20) < 16384:
                    most = max(most, rss())
            print("got", got >= 64 << 20, "grew", most - least)
            """)
        self.assertIn("got True", r.out, r)
        self.assertLess(int(r.out.split("grew")[1]), 8192, r)

    def test_alpn_is_what_the_target_chose(self):
        for target, offer, want in (([b"http/1.1"], ["h2", "http/1.1"], "http/1.1"),
                                    (["h2"], ["h2", "http/1.1"], "h2"),
                                    (None, ["h2", "http/1.1"], "None")):
            def handle(*a):
                pass
            context_alpn = [x.decode() if isinstance(x, bytes) else x for x in target or []]
            server = serve(self, leaf=self.ca.leaf("stock"), alpn=context_alpn)
            with self.subTest(want):
                r = self.bounce("https://127.0.0.1:%d" % server.port, """
                    c = ssl.create_default_context()
                    c.set_alpn_protocols(%r)
                    s = c.wrap_socket(socket.create_connection((u.hostname, u.port), timeout=20), server_hostname="localhost")
                    print("alpn", s.selected_alpn_protocol())
                    """ % (offer,))
                self.assertIn("alpn " + want, r.out, r)

    def test_half_open_peers_do_not_keep_the_run(self):
        port = serve_raw(self, lambda s: time.sleep(30))
        r = self.bounce("https://127.0.0.1:%d" % port, """
            open_ones = [socket.create_connection((u.hostname, u.port)) for i in range(3)]
            open_ones[1].sendall(b"\\x16\\x03\\x01")
            open_ones[2].sendall(b"G")
            """)
        self.assertEqual(r.code, 0, r)


class Servers(TlsCase):
    """Targets of other makes, through a TLS lane and back."""

    SUITE = """
        import hashlib, ssl
        u, sums = urlsplit(os.environ["DVR_BASE_URL"]), []
        c = http.client.HTTPSConnection(u.hostname, u.port, timeout=20, context=ssl.create_default_context())
        for path in ("/small", "/big", "/small", "/none"):
            c.request("GET", path)
            r = c.getresponse()
            sums.append("%d %s" % (r.status, hashlib.sha256(r.read()).hexdigest()[:16]))
        c.request("POST", "/echo", os.urandom(1 << 20))
        r = c.getresponse()
        r.read()
        print(" ".join(sums))
        """

    def through(self, port):
        self.config(service=False, spec="""
            lanes:
              - {name: client, role: ingress, listen: 'https://127.0.0.1:0', target: 'https://127.0.0.1:%d', ca: their-ca.pem}
            """ % port)
        r = self.run_suite(self.SUITE, "--no-verify")
        self.assertEqual(r.code, 0, r)
        return r.out.strip()

    def direct(self, port):
        s = self.suite(self.SUITE)
        env = dict(self.env, DVR_BASE_URL="https://127.0.0.1:%d" % port, SSL_CERT_FILE=self.ca.file)
        r = subprocess.run([sys.executable, s], env=env, capture_output=True, text=True, timeout=60)
        self.assertEqual(r.returncode, 0, r)
        return r.stdout.strip()

    def wait_for(self, port):
        until = time.monotonic() + 20
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port)).close()
            except OSError:
                self.assertLess(time.monotonic(), until)
                time.sleep(0.01)

    @unittest.skipUnless(shutil.which("nginx"), "no nginx")
    def test_nginx_answers_the_same_through_dvr(self):
        cert, key = self.ca.leaf("nginx")
        self.write("www/small", "small\n")
        with open(self.path("www", "big"), "wb") as f:
            f.write(os.urandom(3 << 20))
        port = free_port()
        self.write("nginx.conf", """
            daemon off; master_process off; pid %(d)s/pid; error_log stderr crit; worker_processes 1;
            events { worker_connections 64; }
            http {
              access_log off; client_body_temp_path %(d)s/t1; proxy_temp_path %(d)s/t2;
              fastcgi_temp_path %(d)s/t3; uwsgi_temp_path %(d)s/t4; scgi_temp_path %(d)s/t5;
              server {
                listen 127.0.0.1:%(p)d ssl; root %(d)s/www;
                ssl_certificate %(c)s; ssl_certificate_key %(k)s;
                location /echo { return 200 "ok"; }
              }
            }
            """ % {"d": self.dir, "p": port, "c": cert, "k": key})
        self.start("nginx", "-c", self.path("nginx.conf"), "-p", self.dir)
        self.wait_for(port)
        self.assertEqual(self.through(port), self.direct(port))

    def test_node_answers_the_same_through_dvr(self):
        cert, key = self.ca.leaf("node")
        self.write("server.js", """
            const fs = require('fs'), big = Buffer.alloc(3 << 20, 'dvr');
            const s = require('https').createServer({cert: fs.readFileSync(%s), key: fs.readFileSync(%s)}, (q, r) => {
                if (q.url === '/small') r.end('small');
                else if (q.url === '/big') { for (let i = 0; i < 48; i++) r.write(big.subarray(0, 65536)); r.end(); }
                else if (q.url === '/echo') q.pipe(r);
                else { r.statusCode = 404; r.end(); }
            });
            s.listen(0, '127.0.0.1', () => console.log(s.address().port));
            """ % (json.dumps(cert), json.dumps(key)))
        p = self.start("node", self.path("server.js"))
        port = int(p.stdout.readline())
        self.assertEqual(self.through(port), self.direct(port))


class Http2(TlsCase):
    @unittest.skipUnless(shutil.which("curl"), "no curl")
    def test_http2_that_both_chose_is_recorded_behind_tls(self):
        cert, key = self.ca.leaf("node")
        self.write("server.js", """
            const fs = require('fs');
            const s = require('http2').createSecureServer({cert: fs.readFileSync(%s), key: fs.readFileSync(%s)}, (q, r) => {
                r.writeHead(500, {'content-type': 'application/json'});
                r.end(JSON.stringify({path: q.url, version: q.httpVersion}));
            });
            s.listen(0, '127.0.0.1', () => console.log(s.address().port));
            """ % (json.dumps(cert), json.dumps(key)))
        p = self.start("node", self.path("server.js"))
        port = int(p.stdout.readline())
        self.config(service=False, spec="""
            lanes:
              - {name: client, role: ingress, listen: 'https://127.0.0.1:0', target: 'https://127.0.0.1:%d', ca: their-ca.pem}
            """ % port)
        r = self.dvr("run", "--no-verify", "--", "sh", "-c",
                     'curl -sS --http2 -w " %{http_version}" "$DVR_BASE_URL/over-two"')
        self.assertIn('{"path":"/over-two","version":"2.0"} 2', r.out, r)
        self.assertEqual(len(self.tapes()), 1, r)
        self.assertIn("protocol: h2", self.tape_text())
        self.assertIn("/over-two", self.tape_text())

    def test_a_session_of_its_own_has_a_url_with_tls_too(self):
        stock = serve(self)
        self.lanes("{name: client, role: ingress, listen: 'https://127.0.0.1:0'}",
                   "{name: stock, role: egress, target: 'http://127.0.0.1:%d', env: STOCK_URL}" % stock.port)
        r = self.run_suite("""
            import urllib.error, urllib.request
            made = json.loads(post("/session", {"name": "one"}, url=os.environ["DVR_CONTROL_URL"])[1])
            try:
                urllib.request.urlopen(made["base_url"] + "/price")
            except urllib.error.HTTPError as x:
                print(made["base_url"][:8], x.code)
            """, "--no-verify")
        self.assertIn("https:// 500", r.out, r)


if __name__ == "__main__":
    main()
