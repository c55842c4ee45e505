"""A race by holds and by timing alone: what the order brings back, gaps need not."""
import http.server
import re
import threading

from harness import Case, main

# /sum reads the count, asks the stock and fails when the count has changed in
# between; /add changes it, SLOW seconds after it was asked.
SERVICE = '''
import http.client, http.server, os, time
from urllib.parse import urlsplit
stock = urlsplit(os.environ["STOCK_URL"])
count = 0
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *a): pass
    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def do_GET(self):
        global count
        if self.path == "/add":
            time.sleep(float(os.environ.get("SLOW", "0")))
            count += 1
        if self.path != "/sum":
            return self.answer(200)
        before = count
        c = http.client.HTTPConnection(stock.hostname, stock.port, timeout=10)
        c.request("GET", "/level")
        c.getresponse().read()
        c.close()
        self.answer(500 if count != before and not os.environ.get("FIXED") else 200)
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
'''

# The stock answers when /add has been answered: it is told on /go.
SUITE = '''
import threading
statuses = []
a = threading.Thread(target=lambda: statuses.append(get("/sum")[0]))
a.start()
get("/asked", url=os.environ["STOCK"])
get("/add")
get("/go", url=os.environ["STOCK"])
a.join()
sys.exit(statuses != [500])
'''


class Stock(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        s = self.server
        if self.path == "/level":
            s.asked.set()
            s.go.wait(20)
        elif self.path == "/asked":
            s.asked.wait(20)
        else:
            s.go.set()
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()


class Race(Case):
    def setUp(self):
        super().setUp()
        self.stock = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stock)
        self.stock.asked = threading.Event()
        self.stock.go = threading.Event()
        threading.Thread(target=self.stock.serve_forever, daemon=True).start()
        port = self.stock.server_address[1]
        self.env["STOCK"] = "http://127.0.0.1:%d" % port
        self.write("app.py", SERVICE)
        self.config(service=False, spec="""
            service:
              command: [python3, app.py]
              ready: {path: /health, timeout: 20s}
            lanes:
              - {name: client, role: ingress}
              - {name: stock, role: egress, target: "http://127.0.0.1:%d", env: STOCK_URL}
            replay: {settle: 50ms}
            """ % port)

    def tearDown(self):
        self.stock.shutdown()
        self.stock.server_close()
        super().tearDown()

    def regress(self, *flags, **env):
        return self.dvr("regress", *flags, env=dict(self.env, **env))

    def test_the_order_is_held_or_not(self):
        r = self.run_suite(SUITE)
        self.assertEqual(len(self.tapes()), 1, r)
        # Verification tells both, and keeps them.
        told = re.search(r"reproduces: 3/3 on this build, by timing alone ([0-3])/3", r.err)
        self.assertTrue(told, r)
        plan = self.read("fixtures", self.tapes()[0], "replay.yaml").decode()
        self.assertIn("hits: 3, of: 3, timing_alone: %s," % told.group(1), plan)
        shown = self.dvr("show", self.tapes()[0])
        self.assertIn("by timing alone %s/3" % told.group(1), shown.out)

        # A service that is slower now: the order is the same, the gaps are not.
        r = self.regress("--repeat", "3", SLOW="0.3")
        self.assertIn("reproduced 3/3 (95", r.out)
        r = self.regress("--repeat", "3", "--holds", "off", "--junit", "j.xml", SLOW="0.3")
        self.assertIn("reproduced 0/3 by timing alone (95", r.out)
        self.assertIn(b"nothing held; ", self.read("j.xml"))
        r = self.regress("--repeat", "2", "--holds", "on", FIXED="1")
        self.assertIn("reproduced 0/2 (95", r.out)
        self.assertOneLineError(self.regress("--holds", "perhaps"), 2, "perhaps", "on", "off")


if __name__ == "__main__":
    main()
