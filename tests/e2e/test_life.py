"""The life of a tape: known bug, accepted, quarantined, updated, retired."""
import datetime
import json
import os
import re
import shutil
import subprocess
import time

from harness import Case, SERVICE, main

with open(SERVICE) as f:
    PROGRAM = f.read()


def day(offset):
    now = datetime.datetime.now(datetime.timezone.utc).date()
    return (now + datetime.timedelta(days=offset)).isoformat()


class Life(Case):
    def setUp(self):
        super().setUp()
        self.config("replay: {settle: 20ms}\n")

    def record(self, body='get("/items/7"); get("/boom")', *flags):
        r = self.run_suite(body, *flags)
        self.assertEqual(len(self.tapes()), 1, r)
        self.tape = self.tapes()[0]

    def plan(self):
        return self.read("fixtures", self.tape, "replay.yaml").decode()

    def edit(self, was, now):
        text = self.plan()
        self.assertIn(was, text)
        with open(self.path("fixtures", self.tape, "replay.yaml"), "w") as f:
            f.write(text.replace(was, now, 1))

    def regress(self, *flags, **env):
        return self.dvr("regress", "--report", "terminal", "--report", "json=out.json", "--report", "markdown=out.md",
                        "--junit", "out.xml", *flags, env=dict(self.env, **env))

    def git(self, *args):
        return subprocess.run(("git", "-c", "user.name=t", "-c", "user.email=t@localhost") + args, cwd=self.dir,
                              check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.env).stdout

    # ---- a known bug, and its fix ------------------------------------

    def test_a_known_bug_is_green_until_it_passes_and_is_accepted(self):
        self.record()
        self.assertEqual(self.regress().code, 1)
        r = self.dvr("accept", "--broken", self.tape)
        self.assertEqual(r.code, 0, r)
        self.assertIn("expect: broken (was fixed)", r.out)
        self.assertIn("expect: broken\n", self.plan())
        self.assertEqual(self.regress().code, 0)
        self.assertIn(b"dvr.xfail", self.read("out.xml"))
        # The fix: not silently green, and what to type is said.
        r = self.regress(BUG="off")
        self.assertEqual(r.code, 1, r)
        self.assertIn("now passes", r.out)
        self.assertIn("dvr accept " + self.tape, self.read("out.md").decode())
        r = self.dvr("accept", self.tape, env=dict(self.env, BUG="off"))
        self.assertIn("pinned 200", r.out)
        self.assertIn("(was broken)", r.out)
        self.assertEqual(self.regress(BUG="off").code, 0)
        self.assertEqual(self.regress().code, 1)

    def test_what_never_reproduced_is_no_known_bug(self):
        self.record('get("/boom")', "--no-verify")
        before = self.plan()
        r = self.dvr("accept", "--broken", self.tape)
        self.assertOneLineError(r, 1, "never reproduced", "dvr quarantine")
        self.assertEqual(self.plan(), before)
        # A build that still fails is not accepted by itself.
        r = self.dvr("accept", self.tape)
        self.assertOneLineError(r, 1, "still fails")

    # ---- quarantine --------------------------------------------------

    def test_a_quarantine_gates_when_its_day_is_over(self):
        self.record()
        r = self.dvr("quarantine", "--until", "14d", "--owner", "ada", self.tape)
        self.assertOneLineError(r, 2, "--reason")
        r = self.dvr("quarantine", "--until", day(-1), "--owner", "ada", "--reason", "x", self.tape)
        self.assertOneLineError(r, 2, "is over")
        r = self.dvr("quarantine", "--until", "soon", "--owner", "ada", "--reason", "x", self.tape)
        self.assertOneLineError(r, 2, "expected a day")
        r = self.dvr("quarantine", "--until", "14d", "--owner", "ada", "--reason", "flaky: on arm",
                     "--link", "https://tracker.example/17", self.tape)
        self.assertEqual(r.code, 0, r)
        self.assertIn("until %s by ada" % day(14), r.out)
        r = self.regress()
        self.assertEqual(r.code, 0, r)
        junit = self.read("out.xml").decode()
        self.assertRegex(junit, r'<skipped type="dvr.quarantined" message="quarantined until %s by ada: flaky: on arm '
                         r"\(https://tracker.example/17\); now failed" % day(14))
        # Its last day counts; the day after, it fails and says whose it is.
        self.edit(day(14), day(0))
        self.assertEqual(self.regress().code, 0)
        self.edit(day(0), day(-1))
        r = self.regress()
        self.assertEqual(r.code, 1, r)
        self.assertIn("its quarantine is over since %s by ada: flaky: on arm (https://tracker.example/17)" % day(-1), r.out)
        r = self.dvr("accept", self.tape, env=dict(self.env, BUG="off"))
        self.assertEqual(r.code, 0, r)
        self.assertNotIn("quarantine", self.plan())

    # ---- update --------------------------------------------------------

    def test_new_behaviour_of_a_golden_tape_is_accepted_field_by_field(self):
        self.record('request("PUT", "/items/1", {"price": 7}); get("/items/1"); get("/total"); get("/boom")')
        self.env["BUG"] = "off"
        # As if the API had changed since: the tape is evidence, so the service moves.
        service = self.write("moved.py", PROGRAM
                             .replace('{"total": sum(values)}', '{"total": sum(values) + 5, "currency": "EUR"}')
                             .replace('"Content-Type", "application/json")', '"Content-Type", "application/json")\n'
                                      '        self.send_header("X-Api-Version", "2")')
                             .replace("500 if BUG else 200", "200"))
        with open(self.path("dvr.yaml")) as f:
            text = f.read()
        self.write("dvr.yaml", text.replace(json.dumps(SERVICE), json.dumps(service)))
        self.edit("expect: fixed", "expect: same")
        before = self.plan()
        self.assertEqual(self.regress().code, 1)
        r = self.dvr("update", "--dry-run", self.tape)
        self.assertEqual(r.code, 0, r)
        self.assertRegex(r.out, r"changed +3.resp.body#/total 7 → 12\n")
        self.assertRegex(r.out, r"added +3.resp.body#/currency ")
        self.assertIn("dry run", r.out)
        self.assertEqual(self.plan(), before)
        tape = self.read("fixtures", self.tape, "tape.yaml")
        r = self.dvr("update", self.tape)
        self.assertEqual(r.code, 0, r)
        self.assertIn("{field: 3.resp.body#/total, value: '12', accepted: '%s'}" % day(0), self.plan())
        self.assertEqual(self.read("fixtures", self.tape, "tape.yaml"), tape)
        self.assertEqual(self.regress().code, 0)
        r = self.dvr("update", self.tape)
        self.assertIn("nothing to update", r.out)
        # What was accepted holds: the old value is a difference now.
        self.write("dvr.yaml", text)
        self.assertEqual(self.regress().code, 1)

    def test_a_failure_is_never_new_behaviour(self):
        self.record('get("/items/7"); request("PUT", "/items/1", {"price": -7}); get("/total")')
        before = self.plan()
        r = self.dvr("update", self.tape)
        self.assertOneLineError(r, 1, "came again", "nothing was changed")
        # Another failure elsewhere, on a build in which the first is gone.
        service = self.write("moved.py", PROGRAM.replace(
            'if route.startswith("/items/"):', 'if route == "/items/7":\n            return self.answer(%STATUS%, {})\n'
            '        if route.startswith("/items/"):'))
        with open(self.path("dvr.yaml")) as f:
            text = f.read()
        with open(service) as f:
            program = f.read()
        self.env["BUG"] = "off"
        self.write("dvr.yaml", text.replace(json.dumps(SERVICE), json.dumps(service)))
        for status, taken in ((500, False), (503, False), (401, False), (302, False), (410, True), (200, True)):
            self.write("moved.py", program.replace("%STATUS%", str(status)))
            r = self.dvr("update", self.tape)
            self.assertEqual(r.code, 0 if taken else 1, (status, r))
            if taken:
                self.assertIn("pinned", r.out)
                self.assertEqual(self.regress().code, 0)
                with open(self.path("fixtures", self.tape, "replay.yaml"), "w") as f:
                    f.write(before)
            else:
                self.assertEqual(self.plan(), before)

    def test_fields_of_requests_are_set(self):
        """The echo shows what was sent: JSON members, headers, queries, cookies, forms."""
        self.record('post("/echo", {"user": {"name": "ada"}, "n": 1, "empty": {}}, headers={"X-V": "1"});'
                    'request("POST", "/echo", "a=1&b=two", {"Content-Type": "application/x-www-form-urlencoded"});'
                    'get("/items/7?page=1"); get("/boom")')
        log = self.path("seen.log")
        service = self.write("moved.py", PROGRAM
                             .replace("        data = self.body()\n        if self.path ==",
                                      "        data = self.body()\n        self.seen(data)\n        if self.path ==")
                             .replace("    def do_GET(self):\n", "    def seen(self, data):\n"
                                      "        with open(%r, 'a') as f:\n"
                                      "            f.write('%%s|%%s|%%s|%%s\\n' %% (self.path, self.headers.get('X-V'),"
                                      " self.headers.get('Cookie'), data.decode()))\n\n    def do_GET(self):\n"
                                      "        self.seen(b'')\n" % log, 1))
        with open(self.path("dvr.yaml")) as f:
            text = f.read()
        self.write("dvr.yaml", text.replace(json.dumps(SERVICE), json.dumps(service)))
        self.env["BUG"] = "off"
        r = self.dvr("update", "--set", "1.req.body#/user/name=bob \"x\"", "--set", "1.req.body#/user/tier=gold",
                     "--set", "1.req.body#/limit=12", "--set", "1.req.body#/empty/a=true", "--set", "1.req.header/x-v=2",
                     "--set", "POST /echo cookie/sid=s1", "--set", "2.req.body#/b=3", "--set", "2.req.body#/c=a b",
                     "--set", "*.req.query/page=2", "--set", "3.req.query/size=10", "--set", "3.req.path/1=8", self.tape)
        self.assertEqual(r.code, 0, r)
        with open(log) as f:
            seen = [l for l in f.read().splitlines() if not l.startswith("/health")][:4]
        path, version, cookie, body = seen[0].split("|")
        self.assertEqual((path, version, cookie), ("/echo", "2", "sid=s1"))
        self.assertEqual(json.loads(body), {"user": {"name": 'bob "x"', "tier": "gold"}, "n": 1, "limit": 12,
                                            "empty": {"a": True}})
        self.assertEqual(seen[1], "/echo|None|sid=s1|a=1&b=3&c=a+b")
        self.assertEqual(seen[2].split("|")[0], "/items/8?page=2&size=10")
        self.assertIn("{field: 3.req.query/size, value: '10', since: '%s'}" % day(0), self.plan())
        # A report says that something else was sent than what was recorded.
        self.regress()
        self.assertIn("replay.yaml sets 1.req.body#/user/name", self.read("out.json").decode())
        # A later one takes the earlier one's place; mistakes are told.
        r = self.dvr("update", "--set", "3.req.query/size=20", self.tape)
        self.assertEqual(self.plan().count("3.req.query/size"), 1)
        for wrong in ("x", "1.resp.body#/a=1", "9.req.method=GET", "POST /echo=1", "1.req.body=x"):
            self.assertOneLineError(self.dvr("update", "--set", wrong, self.tape), 2, "bad --set")
        for nothing in ("9.req.body#/a=1", "*.req.header/x-nowhere=1", "POST /nowhere body#/a=1"):
            self.assertOneLineError(self.dvr("update", "--set", nothing, self.tape), 5, "no request of it")

    # ---- retired ---------------------------------------------------------

    def test_a_retired_tape_leaves_a_line_and_comes_back_when_it_fails_again(self):
        self.record()
        self.assertOneLineError(self.dvr("retire", self.tape), 2, "--reason")
        r = self.dvr("retire", "--reason", "gone", self.tape)
        self.assertEqual(r.code, 2, r)
        self.assertEqual(len(self.tapes()), 1)
        self.git("init", "-q")
        self.git("add", ".")
        self.git("commit", "-qm", "one")
        with open(self.path("fixtures", self.tape, "replay.yaml"), "a") as f:
            f.write("# not committed\n")
        self.assertOneLineError(self.dvr("retire", "--reason", "gone", self.tape), 2, "commit it first")
        self.git("commit", "-qam", "two")
        r = self.dvr("retire", "--reason", "the route: it is gone", self.tape)
        self.assertEqual(r.code, 0, r)
        self.assertEqual(self.tapes(), [])
        self.assertIn("retired", r.out)
        line = self.read("fixtures", "retired.yaml").decode()
        self.assertIn("id: " + self.tape, line)
        self.assertIn("reason: 'the route: it is gone'", line)
        # No secret of dvr's own making; others are seen beside it.
        self.git("add", ".")
        for how in ((), ("--staged",)):
            r = self.dvr("verify", *how)
            self.assertEqual((r.code, r.out), (0, ""), r)
        key = "k7" + os.urandom(16).hex()
        self.write("fixtures/retired.yaml", line.replace("it is gone'", "password=%s'" % key))
        r = self.dvr("verify")
        self.assertEqual(r.code, 1, r)
        self.assertIn("fixtures/retired.yaml:1: ", r.out)
        self.write("fixtures/retired.yaml", line)
        self.assertIn("fixtures/%s/tape.yaml" % self.tape, self.git("show", "--name-only", "--format=", "HEAD~1"))
        self.run_suite('get("/items/7"); get("/boom")')
        self.assertEqual(self.tapes(), [self.tape])
        r = self.dvr("retire", "--reason", "again", self.tape)
        self.assertEqual(r.code, 2, r)      # new files are in no history

    # ---- looked at ---------------------------------------------------------

    def test_a_review_shows_what_a_person_has_to_look_at(self):
        mail = "grace" + "@" + "hopper.example"
        self.record('post("/echo", {"note": "please ring twice", "mail": "%s", "sku": "mug-7"},'
                    ' headers={"Authorization": "Bearer " + "s3cr3t" * 6});'
                    'post("/echo", {"note": "<b>| hello there"}); get("/boom")' % mail)
        r = self.dvr("review", self.tape)
        self.assertEqual(r.code, 0, r)
        for line in (r"trigger +on_status 500 at exchange 3 of 3: GET /boom", r"routes +client: GET /boom",
                     r"client: POST /echo ×2", r"expects +fixed", r"replay +reproduces 3/3", r"scrubbed +.*e-?mail",
                     r"size +\d+ KiB in \d files", r"new text +1.req.body#/note: please ring twice"):
            self.assertRegex(r.out, line)
        self.assertNotIn("mug-7", r.out)
        self.assertNotIn(mail, r.out)
        self.assertNotIn("s3cr3t", r.out)
        # The library has seen it: the next tape with the same text shows the rest alone.
        first = self.tape
        self.run_suite('post("/echo", {"note": "please ring twice", "more": "but not at night"}); get("/exit")')
        second = [t for t in self.tapes() if t != first][0]
        r = self.dvr("review", second)
        self.assertNotIn("please ring twice", r.out)
        self.assertIn("but not at night", r.out)
        # In a pull request, text stays text.
        r = self.dvr("review", "--format", "markdown", first, second)
        self.assertIn("### " + first, r.out)
        self.assertNotIn("<b>", r.out)
        self.assertIn("&#60;b&#62;&#124; hello", r.out.replace("&lt;", "&#60;"))
        # So does the name of a folder.
        os.rename(self.path("fixtures", second), self.path("fixtures", "x\n::error::<b>"))
        for flags in ((), ("--format", "markdown")):
            r = self.dvr("review", *flags, "x*")
            self.assertEqual(r.code, 0, r)
            self.assertNotRegex(r.out, r"(?m)^ *::error::")
        self.assertNotIn("<b>", r.out)
        for line in r.out.splitlines():
            if line.startswith("| "):
                self.assertEqual(line.count("|"), 3, line)

    def test_a_change_shows_what_became_of_its_tapes(self):
        self.record()
        self.dvr("accept", "--broken", self.tape)
        self.git("init", "-q")
        self.git("add", ".")
        self.git("commit", "-qm", "one")
        self.assertIn("no tape differs", self.dvr("review", "--since", "HEAD").err)
        self.dvr("accept", self.tape, env=dict(self.env, BUG="off"))
        self.run_suite('get("/exit")')
        r = self.dvr("review", "--since", "HEAD", "--format", "markdown")
        self.assertEqual(r.code, 0, r)
        self.assertIn("broken → fixed, accepted", r.out)
        self.assertIn("new: not in HEAD", r.out)
        self.assertOneLineError(self.dvr("review", "--since", "no-such-ref"), 2, "git")

    def test_what_the_library_could_do_without_is_listed(self):
        self.record('get("/boom")', "--no-verify")
        r = self.dvr("ls", "--stale")
        self.assertIn("never verified", r.out)
        # A tape goes by its folder, as every command does.
        subprocess.run(("cp", "-r", self.path("fixtures", self.tape), self.path("fixtures", "copied")), check=True)
        self.assertEqual([l.split()[0] for l in self.dvr("ls").out.splitlines()], ["copied", self.tape])
        shutil.rmtree(self.path("fixtures", "copied"))
        twin = self.path("fixtures", "a-twin")
        subprocess.run(("cp", "-r", self.path("fixtures", self.tape), twin), check=True)
        with open(os.path.join(twin, "tape.yaml")) as f:
            text = f.read()
        with open(os.path.join(twin, "tape.yaml"), "w") as f:
            f.write(text.replace("id: " + self.tape, "id: a-twin", 1))
        r = self.dvr("ls", "--duplicate", "--json")
        self.assertEqual([json.loads(l)["why"] for l in r.out.splitlines()],
                         ["same failure as " + self.tape, "same failure as a-twin"])
        self.assertIn("no such tape", self.dvr("ls", "--flaky").err)
        self.edit("expect: fixed", "expect: fixed\nreproduces: {hits: 1, of: 3}")
        r = self.dvr("ls", "--flaky")
        self.assertIn("1 of 3 replays", r.out)
        self.assertEqual(len(r.out.splitlines()), 2, r)
        self.assertNotIn(self.tape, self.dvr("ls", "--stale").out)
        # To and fro: one turn is a fix, two are a doubt.
        self.edit("{hits: 1, of: 3}", "{hits: 3, of: 3}")
        for bug, flaky in (("on", 0), ("off", 0), ("on", 1)):
            self.regress(self.tape, BUG=bug)
            self.assertEqual(self.dvr("ls", "--flaky").out.count("fpf"), flaky)
        old = self.read("fixtures", self.tape, "tape.yaml").decode()
        with open(self.path("fixtures", self.tape, "tape.yaml"), "w") as f:
            f.write(re.sub(r"recorded: '?\d{4}", lambda m: m.group(0)[:-4] + "2019", old, 1))
        self.assertRegex(self.dvr("ls", "--stale").out, r"nothing was decided about it for \d+ days")

    def test_git_shows_tapes_by_their_fields(self):
        self.record('post("/echo", {"a": 1, "b": {"c": "old"}}); get("/boom")')
        os.mkdir(self.path(".github"))
        self.dvr("init")
        self.git("init", "-q")
        self.git("config", "diff.dvr.textconv", os.environ.get("DVR", "dvr") + " diff --textconv")
        self.git("add", ".")
        self.git("commit", "-qm", "one")
        tape = self.path("fixtures", self.tape, "tape.yaml")
        with open(tape) as f:
            text = f.read()
        with open(tape, "w") as f:
            f.write(text.replace('"c": "old"', '"c": "new"'))
        out = self.git("diff")
        self.assertRegex(out, r"(?m)^-    /b/c: old$")
        self.assertRegex(out, r"(?m)^\+    /b/c: new$")
        self.assertNotRegex(out, r"(?m)^[-+].* at: ")
        # What a terminal would act on is an escape: C1, and text that turns round.
        with open(tape, "w") as f:
            f.write(text.replace('"c": "old"', r'"c": "a\u009b31m\u202eb"'))
        self.assertIn(r"+    /b/c: a\xc2\x9b31m\xe2\x80\xaeb" + "\n", self.git("diff"))
        # A file that is no tape (a conflict) is still shown.
        with open(tape, "w") as f:
            f.write("<<<<<<< ours\n" + text)
        self.assertIn("+<<<<<<< ours", self.git("diff"))
        with open(tape, "w") as f:
            f.write(text)
        self.run_suite('post("/echo", {"a": 2}); get("/exit")')
        other = [t for t in self.tapes() if t != self.tape][0]
        r = self.dvr("diff", self.tape, other)
        self.assertEqual(r.code, 1, r)
        self.assertIn("--- " + self.tape, r.out)
        self.assertRegex(r.out, r"(?m)^-    /a: 1$")
        r = self.dvr("diff", other, other)
        self.assertEqual((r.code, r.out), (0, ""), r)
        # A dvr that is killed leaves none of it behind.
        os.mkdir(self.path("tmp"))
        self.write("bin/diff", "#!/bin/sh\nls -d \"$TMPDIR\"/dvr-diff* > \"$TMPDIR\"/../seen; kill -KILL $PPID\n", 0o755)
        r = self.dvr("diff", self.tape, other, env=dict(self.env, TMPDIR=self.path("tmp"),
                                                        PATH=self.path("bin") + ":" + self.env["PATH"]))
        self.assertEqual(r.code, -9, r)
        self.assertIn(b"dvr-diff", self.read("seen"))
        until = time.monotonic() + 30
        while os.listdir(self.path("tmp")):
            self.assertLess(time.monotonic(), until)
            time.sleep(0.01)

    # ---- size --------------------------------------------------------------

    def test_a_tape_that_is_too_large_is_cut_or_refused(self):
        self.config("replay: {settle: 20ms}\ncapture: {max_tape: 40KiB, max_library: 10KiB}\n")
        r = self.run_suite('post("/echo", "x" * 30000); post("/echo", "y" * 3); get("/boom")')
        self.tape, = self.tapes()
        self.assertIn("over max_tape", r.err)
        self.assertRegex(r.err, r"warning: the library takes \d+ KiB in 1 tape, more than capture: max_library "
                         r"\(10 KiB\); dvr retire --reason TEXT " + self.tape)
        self.assertIn("left out: the tape was over max_tape", self.read("fixtures", self.tape, "tape.yaml").decode())
        self.assertRegex(r.err, "reproduces: 3/3")
        r = self.run_suite('post("/echo", "x" * 60000); get("/exit")')
        self.assertEqual(len(self.tapes()), 1, r)
        self.assertRegex(r.err, r"lost.*the tape would take \d+ KiB, more than capture: max_tape \(40 KiB\)")


if __name__ == "__main__":
    main()
