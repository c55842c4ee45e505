"""Tapes side by side: the same verdicts, crashes contained, nothing left behind."""
import os
import re
import shutil
import signal
import tempfile
import time
import xml.etree.ElementTree as xml

from harness import Case, DVR, SERVICE, main

# The service leaves a helper behind that no death signal reaches.
SPEC = '''
service:
  command: [sh, -c, "sleep 600 & exec python3 %s"]
  ready: {path: /health, timeout: 20s}
  stop_grace: 1s
triggers: [{on_status: [5xx]}, {on_exception: "*"}, {on_timeout: 400ms}]
replay: {timeout: 700ms, settle: 100ms}
''' % SERVICE


class Jobs(Case):
    library = None

    def setUp(self):
        super().setUp()
        self.env["E2E_MARK"] = self.dir
        self.env["TMPDIR"] = self.dir    # what the killed leave behind
        self.config(SPEC, service=False)
        if not Jobs.library:
            self.record()
        shutil.copytree(Jobs.library, self.path("fixtures"), dirs_exist_ok=True)

    @classmethod
    def tearDownClass(cls):
        if cls.library:
            shutil.rmtree(cls.library, ignore_errors=True)

    def record(self):
        for body in ('get("/boom"); get("/flaky-dependency"); get("/reset")',
                     'request("PUT", "/items/1", {"price": -7}); get("/total")',
                     'get("/crash")', 'get("/hang", timeout=2)'):
            r = self.run_suite(body)
            self.assertEqual(r.code, 0, r)
        self.assertEqual(len(self.tapes()), 6, self.tapes())
        Jobs.library = tempfile.mkdtemp(prefix="dvr-e2e-library-")
        shutil.copytree(self.path("fixtures"), Jobs.library, dirs_exist_ok=True)

    def cases(self, name):
        """Suites, verdicts and cases of a JUnit file, in its order."""
        found = []
        for e in xml.parse(self.path(name)).getroot().iter():
            if e.tag == "testsuite":
                found.append((e.get("name"), e.get("file"), e.get("tests")))
            elif e.tag == "testcase":
                found.append((e.get("classname"), e.get("name"), e.get("line")))
            elif e.tag in ("failure", "error", "skipped"):
                found.append((e.tag, e.get("type")))
            elif e.get("name") in ("dvr.verdict", "dvr.hash", "dvr.command", "dvr.clean_replays"):
                found.append((e.get("name"), e.get("value")))
        return found

    def marked(self):
        """Live processes that this test's runs have started."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/environ" % pid, "rb") as f:
                    mine = b"E2E_MARK=" + self.dir.encode() in f.read().split(b"\0")
                with open("/proc/%s/stat" % pid) as f:
                    state = f.read().rsplit(")", 1)[1].split()[0]
                if mine and state not in "ZX":
                    found.append(int(pid))
            except OSError:
                pass
        return found

    def assertNobodyLeft(self):
        end = time.monotonic() + 20
        while self.marked() and time.monotonic() < end:
            time.sleep(0.05)
        self.assertEqual(self.marked(), [])

    def start_hanging(self, *flags):
        """A run whose last tape waits for an answer that never comes."""
        p = self.start(DVR, "regress", "--timeout", "100s", *flags)
        lines, verdicts = [], 0
        while verdicts < 5:
            line = p.stdout.readline()
            self.assertTrue(line, lines)
            lines.append(line)
            verdicts += bool(re.match(r"\[\d/6\]", line))
        return p, lines

    def replays(self, p):
        with open("/proc/%d/task/%d/children" % (p.pid, p.pid)) as f:
            return [int(x) for x in f.read().split()]

    def test_side_by_side_says_what_one_after_the_other_says(self):
        # one of the six is no bug, and stays red on the fixed build
        for bug, passed in (("on", "6 failed"), ("off", "1 failed, 5 passed")):
            self.env["BUG"] = bug
            with self.subTest(bug=bug):
                one = self.dvr("regress", "-j", "1", "--junit", "one.xml")
                three = self.dvr("regress", "-j", "3", "--junit", "three.xml")
                many = self.dvr("regress", "--jobs=64", "-q", "--junit", "many.xml")
                for r in (one, three, many):
                    self.assertEqual(r.code, 1, r)
                    self.assertIn("6 tapes: " + passed, r.out)
                self.assertEqual(self.cases("one.xml"), self.cases("three.xml"))
                self.assertEqual(self.cases("one.xml"), self.cases("many.xml"))
                for n in range(1, 7):
                    self.assertEqual(three.out.count("[%d/6]" % n), 1, three)
                self.assertNotIn("/6]", many.out)
        self.assertNobodyLeft()

    def test_results_come_in_the_library_s_order(self):
        self.dvr("regress", "-j", "4", "--junit", "out.xml")
        suites = [s.get("name") for s in xml.parse(self.path("out.xml")).getroot().iter("testsuite")]
        self.assertEqual(suites, ["dvr." + t.replace(".", "_") for t in self.tapes()])

    def test_a_replay_that_is_killed_is_its_tape_s_error(self):
        p, lines = self.start_hanging("-j", "3", "--junit", "out.xml")
        left = self.replays(p)
        self.assertEqual(len(left), 1)
        os.kill(left[0], signal.SIGKILL)
        out, err = p.communicate(timeout=60)
        self.assertEqual(p.returncode, 70, err)
        self.assertIn("the replay process died: signal 9", out)
        root = xml.parse(self.path("out.xml")).getroot()
        self.assertEqual([root.get(k) for k in ("errors", "failures")], ["1", "5"], out)
        self.assertNobodyLeft()

    def test_ctrl_c_reports_what_was_done_and_leaves_nobody(self):
        for jobs in ("2", "3"):
            with self.subTest(jobs=jobs):
                p, lines = self.start_hanging("-j", jobs, "--junit", "out.xml")
                p.send_signal(signal.SIGINT)
                out, err = p.communicate(timeout=60)
                self.assertEqual(p.returncode, 130, err)
                self.assertIn("5 tapes: 5 failed", out)
                self.assertIn("interrupted", out)
                root = xml.parse(self.path("out.xml")).getroot()
                self.assertEqual(len(list(root.iter("testsuite"))), 6)
                self.assertEqual(self.read("out.xml").count(b'"dvr.partial"'), 6)
                self.assertNobodyLeft()

    def test_ctrl_c_in_a_run_one_after_the_other(self):
        """The tape that hangs comes first but one in the library's order."""
        hang = [t for t in self.tapes() if "hang" in t][0]
        boom = [t for t in self.tapes() if "boom" in t][0]
        p = self.start(DVR, "regress", "--timeout", "100s", "--junit", "out.xml", boom, hang)
        while not re.match(r"\[1/2\]", p.stdout.readline()):
            pass
        p.send_signal(signal.SIGTERM)
        out, err = p.communicate(timeout=60)
        self.assertEqual(p.returncode, 143, err)
        self.assertIn("1 tape: 1 failed", out)
        self.assertIn("interrupted", out)
        self.assertIn(b'"dvr.partial"', self.read("out.xml"))
        self.assertNobodyLeft()

    def test_a_killed_run_takes_its_replays_along(self):
        p, lines = self.start_hanging("-j", "3")
        self.assertEqual(len(self.replays(p)), 1)
        p.kill()
        p.communicate(timeout=60)
        self.assertNobodyLeft()

    def test_a_killed_run_takes_services_behind_a_shell_along(self):
        """Killed at once with its replays: none of them can tidy up."""
        self.config(SPEC.replace("exec python3 %s" % SERVICE, "python3 %s; true" % SERVICE)
                    .replace("settle: 100ms", "settle: 100ms, isolation: none"), service=False)
        for both in False, True:
            with self.subTest(both=both):
                p, lines = self.start_hanging("-j", "2")
                for pid in [p.pid] + (self.replays(p) if both else []):
                    os.kill(pid, signal.SIGKILL)
                p.communicate(timeout=60)
                self.assertNobodyLeft()

    def test_the_command_to_reproduce_can_be_pasted(self):
        os.rename(self.path("fixtures"), self.path("my tapes"))
        boom = [t for t in self.tapes("my tapes") if "boom" in t][0]
        for flags, env in ((("--fixtures", "my tapes"), {}), ((), {"DVR_FIXTURES": "my tapes"})):
            r = self.dvr("regress", *flags, boom, env=dict(self.env, **env))
            self.assertEqual(r.code, 1, r)
            line = re.search(r"reproduce +dvr (.*)", r.out).group(1)
            self.assertIn("--fixtures 'my tapes'", line)
            again = self.start("sh", "-c", DVR + " " + line)
            again.communicate(timeout=60)
            self.assertEqual(again.returncode, 1)

    def test_the_command_to_reproduce_names_a_configuration_that_was_named(self):
        boom = [t for t in self.tapes() if "boom" in t][0]
        r = self.dvr("regress", boom)
        self.assertRegex(r.out, r"reproduce +dvr regress %s\n" % boom)
        r = self.dvr("regress", "-c", self.path("dvr.yaml"), boom)
        self.assertIn("dvr regress -c %s %s\n" % (self.path("dvr.yaml"), boom), r.out)

    def test_numbers_of_jobs(self):
        for n in ("0", "65", "-1", "many", "2x", ""):
            self.assertOneLineError(self.dvr("regress", "-j", n), 2, "--jobs")
        self.assertOneLineError(self.dvr("regress", "-j"), 2, "--jobs")
        self.assertOneLineError(self.dvr("regress", "-j", "2", "--target", "http://127.0.0.1:9"),
                                2, "--jobs", "--target")


if __name__ == "__main__":
    main()
