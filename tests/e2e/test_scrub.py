"""Scrubbing, seen from the outside: what a keep leaves on the tape."""
import ctypes
import json
import resource
import subprocess
import sys

from harness import Case, main

# Answers 500 to whoever signs with the development key, 403 to others.
SERVICE = '''
    import http.server, os

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *args):
            pass

        def do_GET(self):
            signed = self.headers.get("Authorization") == "Dev " + "9f" * 16
            bug = os.environ.get("BUG", "on") == "on"
            self.send_response((500 if bug else 200) if signed else 403)
            self.send_header("Content-Length", "0")
            self.end_headers()

    http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
'''
SUITE = '''
    secret = "kv-" + "71c0ffee" * 4
    request("GET", "/orders", headers={"Authorization": "Dev " + "9f" * 16,
            "X-Api-Key": secret, "Cookie": "sid=" + secret[::-1]})
'''
REASON = "signed with the public development key"
KEEP = '- {keep: "*.req.header/authorization", reason: "%s"}\n' % REASON


class Scrub(Case):
    def record(self, rules=""):
        self.write("service.py", SERVICE)
        self.config("service:\n  command: [%s, service.py]\nsanitization: [] \n" % sys.executable
                    if not rules else
                    "service:\n  command: [%s, service.py]\nsanitization:\n  %s"
                    % (sys.executable, rules), service=False)
        return self.run_suite(SUITE)

    def test_what_is_kept_is_replayed_as_it_stands(self):
        """Without the keep no replay is let in; with it, the bug comes back."""
        r = self.record(KEEP)
        self.assertEqual(len(self.tapes()), 1, r)
        self.assertIn("reproduces: 3/3", r.err)
        tape = self.read("fixtures", self.tapes()[0], "tape.yaml").decode()
        self.assertIn("Authorization: Dev " + "9f" * 16, tape)
        self.assertIn("rule: 'keep: %s', field: 1.req.header/Authorization, count: 1" % REASON, tape)
        self.assertIn("keep: " + REASON, self.dvr("show", self.tapes()[0]).out)
        secret = "71c0ffee" * 4
        self.assertNotIn(secret, tape)
        self.assertNotIn(secret[::-1], tape)
        self.assertEqual(self.dvr("regress").code, 1)
        self.env["BUG"] = "off"
        self.assertEqual(self.dvr("regress").code, 0)

    def test_without_a_keep_the_header_is_scrubbed(self):
        r = self.record()
        self.assertEqual(len(self.tapes()), 1, r)
        self.assertIn("unproven", r.err)
        self.assertNotIn(b"9f" * 16, self.all_bytes("fixtures"))

    def test_the_report_tells_rule_place_and_count(self):
        self.record()
        tape = self.tapes()[0]
        r = self.dvr("scrub", "--report", tape)
        self.assertEqual(r.code, 0, r)
        self.assertEqual(r.out.splitlines()[0], tape)
        self.assertRegex(r.out, r"(?m)^ +1× \S+ +1\.req\.header/Authorization$")
        rows = [json.loads(l) for l in self.dvr("scrub", "--report", "--json").out.splitlines()]
        self.assertIn(("1.req.header/Authorization", 1), [(x["place"], x["count"]) for x in rows])
        self.assertNotIn("9f" * 16, r.out)
        self.assertEqual(self.dvr("scrub", "--report", "nothing-like-it").code, 5)

    def test_the_list_and_the_filter(self):
        r = self.dvr("scrub", "--list")
        self.assertRegex(r.out, r"(?m)^jwt +on +\w")
        names = [json.loads(l)["name"] for l in self.dvr("scrub", "--list", "--json").out.splitlines()]
        self.assertEqual(len(names), len(r.out.splitlines()))
        self.stdin_text = "login with password=%s failed\n" % ("k7" * 9)
        r = self.dvr("scrub", stdin=subprocess.PIPE)
        self.assertEqual(r.code, 0, r)
        self.assertRegex(r.out, r"^login with password=⟦dvr:[^⟧]*⟧ failed\n$")
        self.assertEqual(self.dvr("scrub", "file").code, 2)

    def test_a_key_that_cannot_be_locked_is_told_of_once(self):
        self.write("service.py", SERVICE)
        self.config("service:\n  command: [%s, service.py]\n" % sys.executable, service=False)

        def no_locks():
            resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))
            ctypes.CDLL(None).prctl(24, 14, 0, 0, 0)    # root's right to lock all the same

        r = self.run_suite(SUITE, "--no-verify", preexec_fn=no_locks)
        self.assertEqual(len(self.tapes()), 1, r)
        self.assertEqual(r.err.count("may be swapped out: mlock"), 1, r)
        self.assertNotIn(b"71c0ffee", self.all_bytes("fixtures"))

    def test_a_keep_needs_a_reason(self):
        r = self.record('- {keep: "*.req.header/authorization"}\n')
        self.assertOneLineError(r, 2, "dvr.yaml:8:", "a keep needs a reason")


if __name__ == "__main__":
    main()
