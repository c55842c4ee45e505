"""Services, builds and tapes that are not as they should be: told, in time."""
import json
import os
import re
import signal
import subprocess
import sys
import time

from harness import Case, DVR, SERVICE, main, tape_lines

# What a service may do instead of serving; "good" is the harness's own.
BAD = '''
import os, socket, sys, threading, time
how = open("how").read().strip()
if how == "good":
    os.execvp("python3", ["python3", %r])
if how == "exits":
    sys.exit("no such table: users")
if how == "never":
    threading.Event().wait()
s = socket.socket()
s.bind(("127.0.0.1", 0 if how == "elsewhere" else int(os.environ["PORT"])))
s.listen(16)
while True:
    c, _ = s.accept()
    def serve(c=c):
        data = c.recv(65536)
        if b"/health" in data:
            c.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n")
            c.close()
        elif how == "garbage":
            c.sendall(b"\\x00\\xff\\x1b[2Jnonsense\\r\\n\\r\\n" * 50)
            c.close()
        elif how == "hangs":
            c.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 100\\r\\n\\r\\nhalf")
            threading.Event().wait()
        elif how == "endless":
            c.sendall(b"HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n")
            try:
                while True:
                    c.sendall(b"10000\\r\\n" + b"x" * 65536 + b"\\r\\n")
                    time.sleep(0.001)
            except OSError:
                pass
    threading.Thread(target=serve, daemon=True).start()
''' % SERVICE


class BadServices(Case):
    def setUp(self):
        super().setUp()
        self.write("service.py", BAD)
        self.write("how", "good")

    def configure(self, spec="", replay="{timeout: 1s, settle: 50ms}"):
        self.config(service=False, spec="""
            service:
              command: [python3, service.py]
              ready: {path: /health, timeout: 2s}
              stop_grace: 200ms
              build: %s
            replay: %s
        """ % (json.dumps("sh build.sh"), replay) + spec)

    def record(self, body='get("/boom")'):
        self.configure()
        r = self.run_suite(body)
        self.assertIn("reproduces: 3/3", r.err, r)

    def test_each_is_an_error_within_its_time(self):
        self.record()
        for how, why in (("never", "not ready after 2 s"), ("exits", "ended before it was ready"),
                         ("elsewhere", "not ready after 2 s"), ("garbage", ""),
                         ("hangs", ""), ("endless", "")):
            with self.subTest(how=how):
                self.write("how", how)
                start = time.monotonic()
                r = self.dvr("regress", "--retries", "0", "--junit", "out.xml")
                self.assertIn(r.code, (1, 4), r)
                self.assertLess(time.monotonic() - start, 20)
                self.assertIn(why, r.out)
                self.assertNotIn("\x1b[2J", r.out)
                self.assertNotIn("came again", r.out)
                if how == "exits":
                    self.assertIn("no such table: users", r.out)
                self.assertEqual(self.left_behind(), [])
        # and nothing of it stays
        self.write("how", "good")
        self.env["BUG"] = "off"
        self.assertEqual(self.dvr("regress").code, 0)

    def test_a_bad_tape_harms_no_other(self):
        self.record('get("/boom")')
        good = self.tapes()[0]
        self.env["BUG"] = "off"
        bad = {"binding": ("replay.yaml", lambda s: s + "bindings:\n  - {from: '9.resp.body#/id', "
                                                       "to: '1.req.path/0'}\n"),
               "times": ("tape.yaml", lambda s: re.sub(r"(request:\n\s+)at: \S+", r"\1at: 99.000000", s)),
               "lane": ("replay.yaml", lambda s: s + "stubs:\n  - {lane: nowhere, method: GET, "
                                                    "path: /x, status: 200}\n")}
        for name, (file, spoil) in bad.items():
            with self.subTest(name=name):
                subprocess.run(["cp", "-r", self.path("fixtures", good), self.path("fixtures", "a-bad-one")],
                               check=True)
                p = self.path("fixtures", "a-bad-one", "tape.yaml")
                with open(p) as f:
                    text = f.read().replace("id: " + good, "id: a-bad-one", 1)
                with open(p, "w") as f:
                    f.write(text)
                p = self.path("fixtures", "a-bad-one", "replay.yaml")
                with open(p) as f:
                    text = re.sub(r", tape: [^}]*", "", f.read())
                with open(p, "w") as f:
                    f.write(text)
                p = self.path("fixtures", "a-bad-one", file)
                with open(p) as f:
                    text = f.read()
                self.assertNotEqual(spoil(text), text)
                with open(p, "w") as f:
                    f.write(spoil(text))
                r = self.dvr("regress", "--report", "json")
                verdicts = {t["id"]: t for t in tape_lines(r.out)}
                self.assertEqual(verdicts[good]["verdict"], "pass", r)
                self.assertEqual(verdicts["a-bad-one"]["verdict"], "error", r)
                self.assertRegex(verdicts["a-bad-one"]["reason"], r"a-bad-one/%s:\d+" % file)
                subprocess.run(["rm", "-r", self.path("fixtures", "a-bad-one")], check=True)

    def test_accept_and_steps_look_at_the_lanes_of_stubs(self):
        self.record()
        p = self.path("fixtures", self.tapes()[0], "replay.yaml")
        with open(p, "a") as f:
            f.write("stubs:\n  - {lane: nowhere, method: GET, path: /x, status: 200}\n")
        self.env["BUG"] = "off"
        self.assertOneLineError(self.dvr("accept", self.tapes()[0]), 3, "replay.yaml:", "nowhere")
        r = self.dvr("replay", "start", "--target", "http://127.0.0.1:9", "--tape", self.tapes()[0],
                     "--step-mode")
        self.assertOneLineError(r, 3, "replay.yaml:", "nowhere")

    def test_the_build_ends_with_dvr(self):
        self.record()
        self.write("build.sh", "sleep 600 & echo $! >pid; wait\n")
        for sig, code in ((signal.SIGINT, None), (signal.SIGKILL, -9)):
            p = self.start(DVR, "regress", "--build")
            while not os.path.exists(self.path("pid")) or not self.read("pid"):
                self.assertIsNone(p.poll())
                time.sleep(0.01)
            p.send_signal(sig)
            p.communicate(timeout=30)
            end = time.monotonic() + 10
            while [c for c in self.left_behind() if "sleep" in c] and time.monotonic() < end:
                time.sleep(0.01)
            self.assertEqual([c for c in self.left_behind() if "sleep" in c], [])
            os.unlink(self.path("pid"))
            self.assertNotEqual(p.returncode, 0)

    def test_an_unproven_tape_is_called_so_in_every_report(self):
        self.configure()
        r = self.run_suite('get("/boom")', "--no-verify")
        self.assertIn("unproven", r.err)
        self.env["BUG"] = "off"
        r = self.dvr("regress", "--report", "terminal", "--report", "json=out.json",
                     "--report", "github=out.gh", "--junit", "out.xml")
        self.assertEqual(r.code, 1, r)
        self.assertIn("1 unproven", r.out)
        for name in "out.gh", "out.xml":
            self.assertIn(b"unproven", self.read(name))
        self.assertTrue(tape_lines(self.read("out.json").decode())[0]["unproven"])

    def test_the_interval_is_kept(self):
        self.record()
        self.assertIn(b"hits: 3, of: 3, interval: '0.44..1.00'",
                      self.read("fixtures", self.tapes()[0], "replay.yaml"))


if __name__ == "__main__":
    main()
