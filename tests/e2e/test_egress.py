"""Egress lanes as mocks: misses, stubs, passthrough, nearest, strict."""
import http.server
import shutil
import threading

from harness import Case, JSON_SERVICE, main
from json_service import JsonHandler

# Answers GET /price from what the stock service says; EXTRA, SKIP and BODY make
# other builds of it.
SERVICE = JSON_SERVICE + '''
import http.client
from urllib.parse import urlsplit
stock = urlsplit(os.environ["STOCK_URL"])

def ask(method, path, body=None, headers={}):
    c = http.client.HTTPConnection(stock.hostname, stock.port, timeout=10)
    try:
        c.request(method, path, body, headers)
        r = c.getresponse()
        return r.status, r.read()
    finally:
        c.close()

class Handler(JsonHandler):
    def do_GET(self):
        if self.path == "/health":
            return self.answer(200, {})
        pass_on = {k: v for k, v in self.headers.items() if k.lower() in ("traceparent", "x-dvr-correlation-id")}
        if os.environ.get("ALONE"):
            pass_on = {}
        try:
            if os.environ.get("EXTRA"):
                ask("GET", os.environ["EXTRA"], headers=pass_on)
            level = json.loads(ask("GET", "/level?sku=tea", headers=pass_on)[1])["level"]
            if not os.environ.get("SKIP"):
                body = json.dumps({"sku": "tea", "n": int(os.environ.get("N", "1"))})
                ask("POST", "/reserve", body, {"Content-Type": "application/json", **pass_on})
        except Exception as x:
            return self.answer(502, {"error": type(x).__name__})
        if os.environ.get("FIXED") != "1":
            return self.answer(500, {"error": "boom"})
        return self.answer(200, {"level": level})

server(Handler).serve_forever()
'''


class Stock(JsonHandler):
    def do_GET(self):
        if "Content-Length" in self.headers:
            self.rfile.read(int(self.headers["Content-Length"]))
        self.server.calls.append(self.path)
        if self.server.meet and self.path.startswith("/level"):
            self.server.meet.wait(20)
        self.answer(200, {"level": 7})

    do_POST = do_GET


class Egress(Case):
    def setUp(self):
        super().setUp()
        self.stock = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stock)
        self.stock.calls, self.stock.meet = [], None
        threading.Thread(target=self.stock.serve_forever, daemon=True).start()
        self.write("app.py", SERVICE)
        self.configure()

    def tearDown(self):
        self.stock.shutdown()
        self.stock.server_close()
        super().tearDown()

    def configure(self, replay=""):
        self.config(service=False, spec="""
            service:
              command: [python3, app.py]
              ready: {path: /health, timeout: 20s}
            lanes:
              - {name: client, role: ingress}
              - {name: stock, role: egress, target: "http://127.0.0.1:%d", env: STOCK_URL}
            replay: {settle: 50ms%s}
            """ % (self.stock.server_address[1], replay))

    def record(self):
        r = self.run_suite('sys.exit(get("/price")[0] == 500)')
        self.assertEqual(len(self.tapes()), 1, r)
        self.assertIn("reproduces: 3/3", r.err)
        self.stock.calls.clear()
        return self.tapes()[0]

    def regress(self, *flags, **env):
        return self.dvr("regress", *flags, env=dict(self.env, **env))

    def printed_stubs(self, r):
        """The lines from `stubs:` on, exactly as they stand in the report."""
        lines = r.out.splitlines()
        at = lines.index("stubs:")
        end = next(i for i in range(at, len(lines)) if not lines[i])
        return "\n".join(lines[at:end]) + "\n"

    def test_calls_that_name_no_request_are_told(self):
        """Both requests wait for the dependency, so nobody knows whose call is whose."""
        body = '''
            import threading
            both = [threading.Thread(target=get, args=("/price",)) for _ in range(2)]
            for t in both: t.start()
            for t in both: t.join()
        '''
        for alone, told in (("1", True), ("", False)):
            shutil.rmtree(self.path("fixtures"), ignore_errors=True)
            self.stock.meet = threading.Barrier(2)
            r = self.run_suite(body, env=dict(self.env, ALONE=alone))
            self.assertEqual(len(self.tapes()), 1, r)
            self.assertEqual("came without X-DVR-Correlation-Id" in r.err, told, r)

    def test_one_call_more_is_one_paste_away_from_green(self):
        tape = self.record()
        self.assertEqual(self.regress().code, 1)
        self.assertEqual(self.regress(FIXED="1").code, 0)
        red = self.regress(FIXED="1", EXTRA="/discount?sku=tea")
        self.assertEqual(red.code, 1, red)
        self.assertIn("stock: nobody recorded GET /discount?sku=tea", red.out)
        self.assertIn("path segment 0 is 'discount', recorded 'level'", red.out)
        with open(self.path("fixtures", tape, "replay.yaml"), "a") as f:
            f.write(self.printed_stubs(red))
        green = self.regress(FIXED="1", EXTRA="/discount?sku=tea")
        self.assertEqual(green.code, 0, green)
        self.assertEqual(self.regress(EXTRA="/discount?sku=tea").code, 1)
        self.assertEqual(self.stock.calls, [])

    def test_another_body_is_another_call_unless_masked(self):
        tape = self.record()
        red = self.regress(FIXED="1", N="2")
        self.assertEqual(red.code, 1, red)
        self.assertIn("the body's /n is '2', recorded '1'", red.out)
        with open(self.path("fixtures", tape, "replay.yaml"), "a") as f:
            f.write("masks:\n  - {field: '*.req.body#/n', reason: counter}\n")
        self.assertEqual(self.regress(FIXED="1", N="2").code, 0)

    def test_a_call_that_is_not_made_is_noted_and_strict_fails_it(self):
        self.record()
        r = self.regress("-v", "--junit", "out.xml", FIXED="1", SKIP="1")
        self.assertEqual(r.code, 0, r)
        self.assertIn("the recorded call POST /reserve", r.out)
        self.configure(", strict: true")
        self.assertEqual(self.regress(FIXED="1").code, 0)
        r = self.regress("--junit", "out.xml", FIXED="1", SKIP="1")
        self.assertEqual(r.code, 1, r)
        self.assertIn("POST /reserve", r.out)
        self.assertIn(b"dvr.unmade", self.read("out.xml"))

    def test_passthrough_asks_the_real_dependency_and_says_so(self):
        self.record()
        self.configure(", on_miss: passthrough")
        r = self.regress("-v", FIXED="1", EXTRA="/discount")
        self.assertEqual(r.code, 0, r)
        self.assertIn("PASSED THROUGH", r.out)
        self.assertEqual(set(self.stock.calls), {"/discount"})

    def test_passthrough_to_nobody_is_no_pass(self):
        self.record()
        self.configure(", on_miss: passthrough")
        self.stock.shutdown()
        self.stock.server_close()
        r = self.regress(FIXED="1", EXTRA="/discount")
        self.assertEqual(r.code, 1, r)
        self.stock = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stock)
        threading.Thread(target=self.stock.serve_forever, daemon=True).start()

    def test_nearest_answers_with_the_most_similar_call(self):
        self.record()
        self.configure(", on_miss: nearest")
        r = self.regress("-v", FIXED="1", EXTRA="/level?sku=coffee")
        self.assertEqual(r.code, 0, r)
        self.assertIn("NEAREST", r.out)
        self.assertEqual(self.stock.calls, [])

    def test_a_stub_that_cannot_be_is_an_error_with_its_place(self):
        tape = self.record()
        plan = self.path("fixtures", tape, "replay.yaml")
        with open(plan) as f:
            text = f.read()
        for stub, says in (
                ("{lane: stock, method: GET, path: discount, status: 200}", "path"),
                ("{lane: stock, method: 'G T', path: /d, status: 200}", "method"),
                ("{lane: stock, method: GET, path: /d, status: 99}", "status"),
                ("{lane: stok, method: GET, path: /d, status: 200}", "stok"),
                ("{lane: stock, method: GET, path: /d, status: 200, headers: [x]}", "header")):
            with self.subTest(stub), open(plan, "w") as f:
                f.write(text + "stubs:\n  - %s\n" % stub)
                f.flush()
                r = self.regress(FIXED="1")
                self.assertEqual(r.code, 3, r)
                self.assertIn("replay.yaml:%d" % (text.count("\n") + 2), r.out)
                self.assertIn(says, r.out)


if __name__ == "__main__":
    main()
