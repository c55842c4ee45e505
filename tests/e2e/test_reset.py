"""Services that outlive a tape (reset), and those that start before their turn."""
import json
import os
import unittest

from harness import Case, main, tape_lines

SERVICE = '''
import http.server, os, sys, time, urllib.request
BUG = os.environ.get("BUG", "on") == "on"
counted = 0
starts = open("starts", "a")
starts.write("start\\n"); starts.flush()
if os.path.exists("alone"):             # a service that bears no second one
    try:
        os.open("lock", os.O_CREAT | os.O_EXCL)
    except FileExistsError:
        open("collided", "w").close()
        sys.exit("already running")

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *args):
        pass
    def answer(self, status, text=""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())
    def do_GET(self):
        global counted
        if self.path == "/reset":
            counted = 0
            return self.answer(200)
        if self.path == "/count":       # answers well once in a life
            counted += 1
            return self.answer(200 if counted == 1 else 409)
        if self.path.startswith("/ask"):
            url = os.environ["DEP_URL"] + self.path
            return self.answer(200, urllib.request.urlopen(url).read().decode())
        if self.path == "/crash" and BUG:
            os._exit(3)
        if self.path.startswith("/boom"):
            return self.answer(500 if BUG else 200)
        self.answer(200)

class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    def server_close(self):
        super().server_close()

import signal
def leave(*_):
    if os.path.exists("alone"):
        os.unlink("lock")
    os._exit(0)
signal.signal(signal.SIGTERM, leave)
Server(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
'''
DEPENDENCY = '''
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"dep" + self.path.encode())
s = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(s.server_address[1], flush=True)
s.serve_forever()
'''
RESET = ('python3 -c "import os, urllib.request as u; '
         'u.urlopen(\'http://127.0.0.1:%s/reset\' % os.environ[\'PORT\'])"')


class Reset(Case):
    def setUp(self):
        super().setUp()
        self.write("service.py", SERVICE)
        dep = self.start("python3", self.write("dep.py", DEPENDENCY))
        self.port = dep.stdout.readline().strip()

    def configure(self, service="", replay="", settle="100ms"):
        self.config(service=False, spec="""
            service:
              command: [python3, service.py]
              ready: {path: /, timeout: 20s}
              %s
            lanes:
              - {name: client, role: ingress}
              - {name: dep, role: egress, target: "http://127.0.0.1:%s", env: DEP_URL}
            replay: {settle: %s%s}
        """ % (service, self.port, settle, replay))

    def record(self, *bodies):
        self.configure()
        for body in bodies:
            r = self.run_suite(body)
            self.assertIn("reproduces: 3/3", r.err, r)
        os.unlink(self.path("starts"))

    def started(self):
        return self.read("starts").count(b"start")

    def results(self):
        return tape_lines(self.read("out.json").decode())

    def regress(self, *flags, bug="off"):
        self.env["BUG"] = bug
        open(self.path("starts"), "w").close()
        return self.dvr("regress", "--report", "terminal", "--report", "json=out.json", *flags)

    def notes(self):
        return [n for t in self.results() for r in t["replays"] for n in r["notes"]]

    def two(self):
        self.record('get("/count"); get("/ask/1"); get("/boom-left")',
                    'get("/count"); get("/ask/2"); get("/boom-right")')

    def test_one_service_serves_tape_after_tape(self):
        self.two()
        self.configure("reset: %s" % json.dumps(RESET))
        r = self.regress()
        self.assertEqual(r.code, 0, r)
        self.assertEqual(self.started(), 1)
        self.assertIn("1 service started, 5 resets", r.out)
        self.assertEqual(sum(t["services_reset"] for t in self.results()), 5)
        self.assertEqual(len([n for n in self.notes() if "was reset, not restarted" in n]), 5)
        # a failure is as final on a service that was reset
        r = self.regress(bug="on")
        self.assertEqual(r.code, 1, r)
        self.assertEqual([t["verdict"] for t in self.results()], ["failed", "failed"])

    def test_without_a_reset_each_replay_has_its_own(self):
        self.two()
        self.configure(replay=", ahead: false")
        r = self.regress()
        self.assertEqual(r.code, 0, r)
        self.assertEqual(self.started(), 6)
        self.assertIn("6 services started", r.out)

    def test_a_worker_has_a_service(self):
        self.two()
        self.configure("reset: %s" % json.dumps(RESET))
        r = self.regress("-j", "2")
        self.assertEqual(r.code, 0, r)
        self.assertEqual(self.started(), 2)

    def test_a_reset_that_does_nothing_is_seen(self):
        """The tapes then meet what those before them left."""
        self.two()
        self.configure("reset: 'true'")
        r = self.regress()
        self.assertEqual(r.code, 1, r)
        self.assertIn("diverged before the failure", r.out)

    def test_a_reset_that_fails_is_a_restart(self):
        self.two()
        for reset, why in (("'echo no luck; exit 7'", "exit status 7: no luck"),
                           ("{command: sleep 60, timeout: 200ms}", "not ended after 0.2 s"),
                           ("'kill -9 $(cat pid 2>/dev/null) 2>/dev/null; exit 1'", "exit status 1")):
            self.configure("reset: %s" % reset)
            r = self.regress()
            self.assertEqual(r.code, 0, r)
            self.assertEqual(self.started(), 6)
            told = [n for n in self.notes() if "was restarted, not reset" in n]
            self.assertEqual(len(told), 5, self.notes())
            self.assertIn(why, told[0])
        self.assertEqual(self.left_behind(), [c for c in self.left_behind() if "dep.py" in c])

    def test_a_dead_service_is_started_anew(self):
        self.record('get("/crash")', 'get("/count"); get("/boom-left")')
        self.configure("reset: %s" % json.dumps(RESET))
        r = self.regress(bug="on")
        self.assertEqual(r.code, 1, r)
        self.assertIn("died again", r.out)
        self.assertEqual([t["verdict"] for t in self.results()], ["failed", "failed"])
        self.assertEqual(self.started(), 2)

    def test_the_next_service_starts_before_its_turn(self):
        self.two()
        self.configure()
        for jobs in "1", "2":
            r = self.regress("-j", jobs)
            self.assertEqual(r.code, 0, r)
            self.assertEqual(self.started(), 6)
            self.assertIn("6 services started", r.out)

    def test_a_service_that_bears_no_other_is_started_alone(self):
        self.two()
        self.write("alone", "")
        self.configure(settle="1s")     # a busy machine takes so long to start a Python
        r = self.regress()
        self.assertEqual(r.code, 0, r)
        self.assertNotIn("flaky", r.out)
        if len(os.sched_getaffinity(0)) > 1:
            self.assertTrue(os.path.exists(self.path("collided")))
        os.path.exists(self.path("collided")) and os.unlink(self.path("collided"))
        self.configure(replay=", ahead: false")
        self.assertEqual(self.regress().code, 0)
        self.assertFalse(os.path.exists(self.path("collided")))

    def test_bad_resets_are_named(self):
        self.configure("reset: {timeout: 1s}")
        self.assertOneLineError(self.dvr("regress"), 2, "reset", "command")


if __name__ == "__main__":
    main()
