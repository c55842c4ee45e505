"""WebSockets by hand: recorded, scrubbed, replayed on the buggy and the fixed build."""
import os
import shutil
import socket
import sys
import unittest

from harness import Case, free_port, main

HERE = os.path.dirname(os.path.abspath(__file__))
SECRET = "t0k3n-" + "q8Zr5LwX2mB7vK1p"
PASSWORD = "corr3ct-" + "h0rse"
SUITE = '''
    import sys
    sys.path.insert(0, %r)
    from ws_client import Socket

    s = Socket(deflate=%r)
    for n in range(3):
        s.say(json.dumps({"say": "hello %%d" %% n, "password": %r, "secret": %r}))
        heard = s.hear()
        if heard is None or heard[0] == 8:
            break
        assert json.loads(heard[1])["n"] == n + 1, heard
    s.close()
'''

# POST /ask says two things in a room of its dependency; BUG=on: answers 500.
ASKING = '''
    import http.server, json, os, sys
    sys.path.insert(0, %r)
    from ws_client import Socket

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *args):
            pass

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            room = Socket(url=os.environ["ROOM_URL"], deflate=True)
            heard = []
            for word in ("one", "two"):
                room.say(json.dumps({"say": word}))
                heard.append(json.loads(room.hear()[1])["say"])
            room.close()
            body = json.dumps(heard).encode()
            good = heard == ["one", "two"] and os.environ["BUG"] == "off"
            self.send_response(200 if good else 500)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
'''


@unittest.skipUnless(shutil.which("node"), "node is not installed")
class WebSocket(Case):
    def record(self, bug="on", deflate=False):
        shutil.copy(os.path.join(HERE, "ws_service.mjs"), self.path("service.mjs"))
        self.config("service:\n  command: [node, service.mjs]\n", service=False)
        self.env.update(BUG=bug, DEFLATE="1" if deflate else "0")
        return self.run_suite(SUITE % (HERE, deflate, PASSWORD, SECRET))

    def the_tape(self):
        self.assertEqual(len(self.tapes()), 1)
        return self.read("fixtures", self.tapes()[0], "tape.yaml").decode()

    def assertNoSecrets(self):
        data = self.all_bytes("fixtures")
        self.assertNotIn(SECRET.encode(), data)
        self.assertNotIn(PASSWORD.encode(), data)

    def regress(self, fixed=True):
        bad = self.dvr("regress")
        self.assertEqual(bad.code, 1, bad)
        self.env["BUG"] = "off"
        good = self.dvr("regress")
        self.assertEqual(good.code, 0, good)

    def test_a_close_with_1011_comes_again_until_it_is_fixed(self):
        r = self.record()
        self.assertIn("reproduces: 3/3", r.err, r)
        tape = self.the_tape()
        self.assertIn("trigger: {on_close: 1011, exchange: 1}", tape)
        self.assertEqual(tape.count("from: client"), 4)    # three, and the close's answer
        self.assertEqual(tape.count("from: server"), 3)
        self.assertIn("hello 2", tape)
        self.assertNoSecrets()
        self.regress()
        # The client's own goodbye is none of the service's.
        self.assertRegex(self.dvr("regress", "-v").out, r"GET \S+ +101 closed with 1011 → 101 +[0-9.]+ s")

    def test_compressed_messages_are_read_and_played_without(self):
        r = self.record(deflate=True)
        self.assertIn("reproduces: 3/3", r.err, r)
        self.assertIn("hello 1", self.the_tape())
        self.assertNoSecrets()
        self.regress()

    def test_a_connection_that_is_dropped_comes_again(self):
        r = self.record(bug="drop")
        self.assertIn("reproduces: 3/3", r.err, r)
        self.assertIn("on_reset", self.the_tape())
        self.assertNoSecrets()
        self.regress()

    def test_a_dependency_is_played_from_the_tape(self):
        port = free_port()
        room = self.start("node", os.path.join(HERE, "ws_service.mjs"),
                          env=dict(self.env, BUG="off", DEFLATE="1", PORT=str(port)))
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=20).close()
                break
            except ConnectionRefusedError:
                pass
        self.write("service.py", ASKING % HERE)
        self.config("service:\n  command: [%s, service.py]\n"
                    "lanes:\n"
                    "  - {name: client, role: ingress, target: \"http://127.0.0.1:${PORT}\"}\n"
                    "  - {name: room, role: egress, target: \"http://127.0.0.1:%d\", env: ROOM_URL}\n"
                    % (sys.executable, port), service=False)
        self.env["BUG"] = "on"
        r = self.run_suite('assert post("/ask", {})[0] == 500\n')
        self.assertEqual(r.code, 0, r)
        self.assertIn("reproduces: 3/3", r.err, r)
        room.terminate()
        room.wait()
        bad = self.dvr("regress")
        self.assertEqual(bad.code, 1, bad)
        self.env["BUG"] = "off"
        good = self.dvr("regress")
        self.assertEqual(good.code, 0, good)

    def test_a_good_connection_leaves_nothing(self):
        r = self.record(bug="off")
        self.assertEqual(r.code, 0, r)
        self.assertEqual(self.tapes(), [])


if __name__ == "__main__":
    main()
