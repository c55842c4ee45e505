"""Reports that cannot be written: told in a line each, and the others are."""
import json
import os
import resource
import shutil
import signal
import stat
import xml.etree.ElementTree

from harness import Case, main


class Reports(Case):
    def setUp(self):
        super().setUp()
        self.config()
        self.env["BUG"] = "on"
        r = self.run_suite('get("/boom?" + "x" * 9000)')
        self.assertEqual(len(self.tapes()), 1, r)

    def lines(self, r):
        return [l for l in r.err.splitlines() if l.startswith("dvr:")]

    def test_a_path_that_is_not_there_is_told_before_anything_runs(self):
        for name in ("html=no/such/x.html", "json=dvr.yaml/x", "markdown=."):
            r = self.dvr("regress", "--report", name, "--junit", "out.xml")
            self.assertOneLineError(r, 2, name.split("=")[1])
            self.assertEqual(r.out, "")
            self.assertFalse(os.path.exists(self.path("out.xml")))

    def test_a_full_disk_costs_one_report(self):
        full = os.stat("/dev/full")
        r = self.dvr("regress", "--report", "json=/dev/full", "--report", "html=out.html", "--junit", "out.xml")
        self.assertEqual(r.code, 1, r)      # the verdict is what it was
        self.assertEqual(len(self.lines(r)), 1, r)
        self.assertIn("report json was not written", r.err)
        self.assertIn("/dev/full", r.err)
        self.assertIn("No space left", r.err)
        self.assertIn(b"1 of 1 tape", self.read("out.html"))
        self.assertTrue(xml.etree.ElementTree.fromstring(self.read("out.xml")))
        # a device stays a device
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/full").st_mode))
        self.assertEqual(os.stat("/dev/full").st_ino, full.st_ino)
        # what passes does not, where somebody waits for a report that is not there
        r = self.dvr("regress", "--report", "json=/dev/full", "-q", env=dict(self.env, BUG="off"))
        self.assertEqual(r.code, 70, r)

    def test_a_limit_of_the_files_size(self):
        """The signal that comes with it ends nobody."""
        self.dvr("regress", "--report", "html=large.html", "--report", "tap=small.tap")
        sizes = {n: os.path.getsize(self.path(n)) for n in ("large.html", "small.tap")}
        limit = 16384
        self.assertGreater(sizes["large.html"], limit)
        self.assertLess(sizes["small.tap"], limit)
        for n in sizes:
            os.remove(self.path(n))
        r = self.dvr("regress", "--report", "html=large.html", "--report", "tap=small.tap",
                     preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
        self.assertEqual(r.code, 1, r)
        self.assertEqual(len(self.lines(r)), 1, r)
        self.assertIn("report html was not written", r.err)
        self.assertFalse([n for n in os.listdir(self.dir) if n.startswith("large.html")])
        self.assertIn(b"not ok 1", self.read("small.tap"))

    def test_a_run_that_was_stopped_says_so(self):
        """Every format: what was tried is there, and that it is not all."""
        one = self.path("fixtures", self.tapes()[0])
        for i in range(11):
            shutil.copytree(one, self.path("fixtures", "copy-%d" % i))
        names = {"html": "o.html", "junit": "o.xml", "markdown": "o.md", "tap": "o.tap", "json": "o.jsonl"}
        flags = [f for n, p in names.items() for f in ("--report", "%s=%s" % (n, p))]
        p = self.start(os.environ["DVR"], "regress", "--report", "terminal", *flags)
        while "[1/12]" not in p.stdout.readline():
            pass
        p.send_signal(signal.SIGTERM)
        out, err = p.communicate(timeout=60)
        self.assertEqual(p.returncode, 143, out + err)
        said = {"html": b"Interrupted: not every tape was tried", "junit": b"interrupted: not every tape was tried",
                "markdown": b"Interrupted: not every tape was tried", "tap": b"Bail out!", "json": b'"partial":true'}
        for name, words in said.items():
            self.assertIn(words, self.read(names[name]), name)
        xml.etree.ElementTree.fromstring(self.read("o.xml"))
        last = json.loads(self.read("o.jsonl").decode().splitlines()[-1])
        self.assertLess(last["run"]["tapes"], 12)
        self.assertGreater(last["run"]["tapes"], 0)


main()
