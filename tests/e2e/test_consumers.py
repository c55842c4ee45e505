"""JUnit reports as programs of others read them: their counts equal ours."""
import json
import os
import re

from consumers import installed, run
from harness import Case, main, tape_lines

class Consumers(Case):
    def library(self):
        """Tapes that fail, are known, erred: with bodies made to break readers."""
        self.config()
        self.run_suite('get("/boom?x=%1b%5b31m%3c%26]]>::error::x##[error]", headers={"X-Odd": "<![CDATA[ &#7; ]]>"})')
        self.run_suite('get("/exit")')
        tapes = self.tapes()
        self.assertGreaterEqual(len(tapes), 2)
        plan = self.path("fixtures", tapes[0], "replay.yaml")
        with open(plan) as f:
            text = f.read()
        with open(plan, "w") as f:
            f.write(text.replace("expect: fixed", "expect: broken"))
        os.mkdir(self.path("fixtures", "torn"))
        self.write("fixtures/torn/tape.yaml", "dvr: 1\nid: torn\n")

    def ours(self, granularity):
        n = {"cases": 0, "failures": 0, "errors": 0, "skipped": 0}
        key = {"failed": "failures", "error": "errors", "xfail": "skipped", "skipped": "skipped"}
        for t in tape_lines(self.read("results.jsonl").decode()):
            cases = t["replays"][-1]["cases"] if t["replays"] and granularity == "exchange" else [t]
            for c in cases or [t]:
                n["cases"] += 1
                if c["verdict"] in key:
                    n[key[c["verdict"]]] += 1
        return n

    def test_counts_are_equal(self):
        self.library()
        at = installed()
        for profile, granularity in (("rich", "exchange"), ("strict", "exchange"), ("rich", "tape")):
            with self.subTest(profile=profile, granularity=granularity):
                r = self.dvr("regress", "--junit", "out.xml", "--report", "json=results.jsonl",
                             "--junit-profile", profile, "--junit-granularity", granularity)
                self.assertIn(r.code, (1, 3), r)
                ours = self.ours(granularity)
                self.assertGreater(ours["failures"], 0, r)
                self.assertGreater(ours["errors"], 0, r)
                self.assertGreater(ours["skipped"], 0, r)
                file = self.path("out.xml")

                r = run("node", os.path.join(at, "junit.mjs"), file)
                self.assertEqual(r.returncode, 0, r.stderr)
                for reader, theirs in json.loads(r.stdout).items():
                    want = dict(ours)
                    if reader == "test-results-parser" and profile == "strict":
                        want["skipped"] = 0   # it reads testsuites@skipped alone, which the schema does not have
                    self.assertEqual(theirs, want, reader)

                r = run("node", os.path.join(at, "node_modules", "xunit-viewer", "bin", "xunit-viewer.js"),
                        "-r", file, "-c", "-n", "-C", "false", "-o", self.path("x.html"))
                last = [l for l in r.stdout.splitlines() if re.search(r"\d+ (passed|failure)", l)][-1]
                said = {w: int(n) for n, w in re.findall(r"(\d+) (\w+)", last)}
                self.assertEqual((said.get("failure", 0), said.get("error", 0), said.get("skipped", 0)),
                                 (ours["failures"], ours["errors"], ours["skipped"]), last)
                self.assertEqual(sum(said.values()), ours["cases"], last)

                r = run("/usr/bin/python3", "-c", "import sys\nfrom junitparser import JUnitXml\n"
                        "x = JUnitXml.fromfile(sys.argv[1])\n"
                        "c = [c for s in x for c in s]\n"
                        "k = lambda n: sum(any(type(r).__name__ == n for r in i.result) for i in c)\n"
                        "print(len(c), k('Failure'), k('Error'), k('Skipped'), x.tests, x.failures, x.errors)", file)
                self.assertEqual(r.returncode, 0, r.stderr)
                a = ours
                self.assertEqual(r.stdout.split(), [str(v) for v in (
                    a["cases"], a["failures"], a["errors"], a["skipped"], a["cases"], a["failures"], a["errors"])])
                self.assertEqual(run("xmllint", "--noout", file).returncode, 0)


main()
