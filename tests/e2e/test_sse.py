"""Event streams: forwarded as they come; one that never ends blocks nothing."""
import socket
import sys
import time

from harness import Case, free_port, main

# GET /events: three events, each on a write of its own, and then silence for ever.
# POST /fail answers 500 with BUG=on, else 200.
SERVICE = '''
    import http.server, os, threading

    BUG = os.environ.get("BUG", "on")

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args):
            pass

        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            for n in range(3):
                self.wfile.write(b"data: %d\\n\\n" % n)
                self.wfile.flush()
            threading.Event().wait()

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            body = b"oops" if BUG == "on" else b"fine"
            self.send_response(500 if BUG == "on" else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler)
    server.daemon_threads = True
    server.serve_forever()
'''
STREAM = '''
    import socket, urllib.parse

    def stream(url):
        at = urllib.parse.urlsplit(url)
        s = socket.create_connection((at.hostname, at.port), timeout=20)
        s.sendall(b"GET /events HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n")
        got = b""
        while b"data: 2\\n\\n" not in got:
            part = s.recv(4096)
            assert part, got
            got += part
        return s

    at = os.environ["DVR_BASE_URL"]
    one, two = stream(at), stream(at)
    one.close()
    status, _ = post("/fail", {"n": 1})
    assert status == 500, status
'''
PAIRS = 41
MEASURE = '''
    import json, os, socket, statistics, time, urllib.parse

    def first_byte(url):
        at = urllib.parse.urlsplit(url)
        with socket.create_connection((at.hostname, at.port), timeout=20) as s:
            t = time.perf_counter()
            s.sendall(b"GET /events HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n")
            got = b""
            while b"data: 0" not in got:
                got += s.recv(4096)
            return time.perf_counter() - t

    direct, through = [], []
    for _ in range(%d):
        direct.append(first_byte(os.environ["DIRECT"]))
        through.append(first_byte(os.environ["DVR_BASE_URL"]))
    added = [b - a for a, b in zip(direct, through)]
    print("first event: direct %%.3f ms, through dvr %%.3f ms, added %%.3f ms (medians of %d)" %%
          tuple(1e3 * statistics.median(v) for v in (direct, through, added)))
    print("ADDED", statistics.median(added))
''' % (PAIRS, PAIRS)


class EventStreams(Case):
    def setUp(self):
        super().setUp()
        self.write("service.py", SERVICE)
        self.env["BUG"] = "on"

    def test_an_endless_stream_blocks_nothing(self):
        """Not the commit of a failure beside it, not its replay, not the suite's end."""
        self.config("service:\n  command: [%s, service.py]\n" % sys.executable, service=False)
        r = self.run_suite(STREAM)
        self.assertEqual(r.code, 0, r)
        self.assertIn("reproduces: 3/3", r.err)
        tape = self.read("fixtures", self.tapes()[0], "tape.yaml").decode()
        self.assertIn("ended: open", tape)
        self.assertEqual(tape.count("data: 2"), 2)
        self.assertEqual(self.dvr("regress").code, 1)
        self.env["BUG"] = "off"
        start = time.monotonic()
        good = self.dvr("regress")
        self.assertEqual(good.code, 0, good)
        self.assertLess(time.monotonic() - start, 30)

    def test_events_are_passed_on_as_they_come(self):
        """Printed; a pass that would wait for more bytes would wait for ever."""
        port = free_port()
        p = self.start(sys.executable, self.path("service.py"), env=dict(self.env, PORT=str(port)))
        self.wait_for(port)
        self.config("lanes:\n  - {name: client, role: ingress, target: \"http://127.0.0.1:%d\"}\n" % port,
                    service=False)
        self.env["DIRECT"] = "http://127.0.0.1:%d" % port
        r = self.run_suite(MEASURE)
        self.assertEqual(r.code, 0, r)
        print(r.out.split("\n")[0], file=sys.stderr)
        added = float(r.out.split("ADDED")[1].split()[0])
        self.assertLess(added, 0.05, r.out)    # loads of a shared machine aside
        p.terminate()

    def wait_for(self, port):
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port), timeout=20).close()
            except ConnectionRefusedError:
                pass


if __name__ == "__main__":
    main()
