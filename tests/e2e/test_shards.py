"""Machines that divide a library between them, and their results put together."""
import hashlib
import json
import os
import random
import re
import shutil
import sys
import tempfile
import xml.etree.ElementTree as ET

from harness import Case, SERVICE, main, tape_lines

TAPES, SHARDS = 100, 7


def kubernetes(i, n):
    return {"JOB_COMPLETION_INDEX": str(i - 1), "DVR_SHARD_TOTAL": str(n)}


# what each system sets for shard i (from 1) of n
SYSTEMS = {
    "DVR_SHARD": lambda i, n: {"DVR_SHARD": "%d/%d" % (i, n)},
    "TEST_SHARD_INDEX": lambda i, n: {"TEST_SHARD_INDEX": str(i - 1), "TEST_TOTAL_SHARDS": str(n)},
    "CI_NODE_INDEX": lambda i, n: {"GITLAB_CI": "true", "CI_NODE_INDEX": str(i), "CI_NODE_TOTAL": str(n)},
    "BUILDKITE_PARALLEL_JOB": lambda i, n: {"BUILDKITE_PARALLEL_JOB": str(i - 1),
                                            "BUILDKITE_PARALLEL_JOB_COUNT": str(n)},
    "CIRCLE_NODE_INDEX": lambda i, n: {"CIRCLE_NODE_INDEX": str(i - 1), "CIRCLE_NODE_TOTAL": str(n)},
    "JOB_COMPLETION_INDEX": kubernetes,
}
FOREIGN = ["CI_NODE_INDEX", "CI_NODE_TOTAL", "GITLAB_CI", "XML_OUTPUT_FILE", "TESTBRIDGE_TEST_ONLY"]


class Shards(Case):
    library = None

    @classmethod
    def tearDownClass(cls):
        if Shards.library:
            shutil.rmtree(Shards.library)

    def setUp(self):
        super().setUp()
        for name in FOREIGN:
            self.env.pop(name, None)
        self.config("replay: {settle: 0ms}\n")
        if not Shards.library:
            self.make_library()
        shutil.copytree(Shards.library, self.path("fixtures"))

    def make_library(self):
        """One tape recorded, and copies of it under other names."""
        r = self.run_suite('get("/boom")')
        self.assertIn("reproduces: 3/3", r.err, r)
        one, = self.tapes()
        library = tempfile.mkdtemp(prefix="dvr-e2e-")
        for i in range(TAPES):
            to = os.path.join(library, "tape-%03d" % i)
            shutil.copytree(self.path("fixtures", one), to)
            with open(os.path.join(to, "tape.yaml")) as f:
                text = f.read().replace("id: " + one, "id: tape-%03d" % i, 1)
            with open(os.path.join(to, "tape.yaml"), "w") as f:
                f.write(text)
            digest = hashlib.sha256(text.encode()).hexdigest()
            with open(os.path.join(to, "replay.yaml")) as f:
                plan = re.sub(r"tape: '?[0-9a-f]{64}'?", "tape: '%s'" % digest, f.read())
            with open(os.path.join(to, "replay.yaml"), "w") as f:
                f.write(plan)
        shutil.rmtree(self.path("fixtures"))
        Shards.library = library

    def service(self, bug):
        p = self.start(sys.executable, SERVICE, env=dict(self.env, PORT="0", BUG=bug))
        return "http://127.0.0.1:" + p.stdout.readline().strip()

    def regress(self, *flags, **env):
        return self.dvr("regress", "--report", "json=out.jsonl", *flags,
                        env=dict(self.env, **env))

    def planned(self, n=SHARDS, *flags):
        r = self.dvr("shard", "--plan", "--shards", str(n), "--format", "json", *flags)
        self.assertEqual(r.code, 0, r)
        return json.loads(r.out)

    def write_timings(self, seed):
        """Three runs, one behind the other, of all tapes but the last ten."""
        random.seed(seed)
        seconds = {"tape-%03d" % i: random.lognormvariate(0, 1) for i in range(TAPES - 10)}
        lines = []
        for run in range(3):
            for id, s in seconds.items():
                lines.append({"dvr": 1, "id": id, "seconds": round(s * (1 + run), 3)})
            lines.append({"dvr": 1, "run": {"tapes": len(seconds)}})
        with open(self.path("timings.jsonl"), "w") as f:
            f.writelines(json.dumps(l) + "\n" for l in lines)
        return seconds

    def test_seven_machines_of_each_system_make_one_run(self):
        url = self.service("off")
        plan = {s["shard"]: s["ids"] for s in self.planned()["include"]}
        for name, system in SYSTEMS.items():
            files = []
            # all shards once in full; elsewhere the first, one between, and the last
            whole = name == "CI_NODE_INDEX"
            for i in range(1, SHARDS + 1) if whole else (1, 4, SHARDS):
                status = self.path("status")
                env = dict(system(i, SHARDS), TEST_SHARD_STATUS_FILE=status)
                r = self.regress("--target", url, **env)
                self.assertEqual(r.code, 0, r)
                self.assertIn("shard %d of %d (%s): " % (i, SHARDS, name), r.err)
                self.assertTrue(os.path.exists(status))
                os.unlink(status)
                ids = [t["id"] for t in tape_lines(self.read("out.jsonl").decode())]
                self.assertEqual(ids, plan["%d/%d" % (i, SHARDS)])
                files.append(self.path("%s-%d.jsonl" % (name, i)))
                os.rename(self.path("out.jsonl"), files[-1])
            if whole:
                self.merges(files)

    def merges(self, files):
        r = self.dvr("merge", *files, "--junit", "all.xml", "--report", "tap=all.tap",
                     "--report", "markdown=all.md", "--report", "github=all.txt", "--report", "json=all.jsonl")
        self.assertEqual(r.code, 0, r)
        self.assertIn("100 tapes", r.out)
        suites = ET.parse(self.path("all.xml")).getroot()
        self.assertEqual((suites.get("tests"), suites.get("failures"), suites.get("errors")), ("100", "0", "0"))
        self.assertEqual(self.read("all.tap").count(b"\nok "), TAPES)
        self.assertEqual(len(tape_lines(self.read("all.jsonl").decode())), TAPES)
        # what was merged can be merged, and tells how long tapes take
        self.assertEqual(self.dvr("merge", "all.jsonl").code, 0)
        self.assertEqual(self.dvr("shard", "--plan", "--shards", "3", "--timings", "all.jsonl").code, 0)

        r = self.dvr("merge", *files[:2], *files[3:], "--junit", "some.xml")
        self.assertEqual(r.code, 4, r)
        self.assertIn("shard 3 of 7 is missing", r.err)
        self.assertRegex(r.err, r"1[0-9] tapes of the missing shard: nobody tried them")
        self.assertIn(b"dvr.partial", self.read("some.xml"))
        r = self.dvr("merge", files[0], *files)
        self.assertOneLineError(r, 2, "shard 1 is in", files[0])
        lost = self.path("lost.jsonl")
        with open(files[1]) as f:
            lines = f.readlines()
        gone = json.loads(lines[0])["id"]
        with open(lost, "w") as f:
            f.writelines(l.replace('"tapes":%d,"shard"' % (len(lines) - 1), '"tapes":%d,"shard"' % (len(lines) - 2))
                         for l in lines[1:])
        r = self.dvr("merge", files[0], lost, *files[2:])
        self.assertEqual(r.code, 4, r)
        self.assertIn("tape %s is missing: shard 2 did not try it" % gone, r.err)
        with open(lost, "w") as f:
            f.writelines(lines[:-1])
        self.assertOneLineError(self.dvr("merge", lost), 2, "lost.jsonl: no line closes the run")
        with open(lost, "w") as f:
            f.writelines(lines[1:])
        self.assertOneLineError(self.dvr("merge", lost), 2, "lines are missing")

    def test_a_failure_on_one_machine_fails_all(self):
        bad, good = self.service("on"), self.service("off")
        for i, url in (1, good), (2, bad):
            r = self.regress("--target", url, "--shard", "%d/2" % i, "tape-00*")
            self.assertEqual(r.code, i - 1, r)
            os.rename(self.path("out.jsonl"), self.path("%d.jsonl" % i))
        r = self.dvr("merge", "1.jsonl", "2.jsonl")
        self.assertEqual(r.code, 1, r)
        self.assertIn("5 failed", r.out)
        # another selection is another plan
        self.assertEqual(self.regress("--target", good, "--shard", "1/2", "tape-01*").code, 0)
        self.assertOneLineError(self.dvr("merge", "out.jsonl", "2.jsonl"), 2, "in different ways")
        # runs of no shard may be put together, but no tape twice
        self.regress("--target", good, "tape-000")
        os.rename(self.path("out.jsonl"), self.path("a.jsonl"))
        self.regress("--target", good, "tape-001")
        self.assertEqual(self.dvr("merge", "a.jsonl", "out.jsonl").code, 0)
        self.assertOneLineError(self.dvr("merge", "a.jsonl", "a.jsonl"), 2, "tape tape-000 was tried twice")
        self.assertOneLineError(self.dvr("merge", "a.jsonl", "1.jsonl"), 2, "is of a shard and", "is not")

    def test_the_load_is_even(self):
        seconds = self.write_timings(7)
        for n in 2, SHARDS, 30:
            plan = self.planned(n, "--timings", "timings.jsonl")
            shares = plan["include"]
            self.assertEqual(sorted(i for s in shares for i in s["ids"]), ["tape-%03d" % i for i in range(TAPES)])
            loads = [s["seconds"] for s in shares]
            # the 85th of three values is the largest
            longest = 3 * max(seconds.values())
            best = max(sum(loads) / n, longest)
            self.assertLessEqual(max(loads), best * (4 / 3 - 1 / (3 * n)) + 0.1)
            if n == SHARDS:
                self.assertLess(max(loads) / min(loads), 1.02)
        self.assertEqual(plan, self.planned(30, "--timings", "timings.jsonl"))
        # without timings: by the length of what was recorded
        loads = [s["seconds"] for s in self.planned()["include"]]
        self.assertLess(max(loads) / min(loads), 1.15)

    def test_a_matrix_for_github(self):
        r = self.dvr("shard", "--plan", "--shards", "3", "--format", "github-matrix")
        self.assertEqual(r.out.count("\n"), 1)
        rows = json.loads(r.out)["include"]
        self.assertEqual([x["shard"] for x in rows], ["1/3", "2/3", "3/3"])
        self.assertEqual(sum(x["tapes"] for x in rows), TAPES)
        rows = self.planned(7, "tape-000", "tape-001")["include"]
        self.assertEqual([len(x["ids"]) for x in rows], [1, 1])
        r = self.dvr("shard", "--plan", "--shards", "2", "tape-00*")
        self.assertRegex(r.out, r"1/2  5 tapes, about 5\.\d{3} s\n  1\.\d{3}  tape-00")

    def test_an_empty_shard_is_no_failure(self):
        url = self.service("off")
        r = self.regress("--target", url, "--shard", "3/7", "--junit", "none.xml", "tape-000", "tape-001")
        self.assertEqual(r.code, 0, r)
        self.assertIn("0 of 2 tapes", r.err)
        self.assertEqual(ET.parse(self.path("none.xml")).getroot().get("tests"), "0")
        self.assertEqual(tape_lines(self.read("out.jsonl").decode()), [])

    def test_bazel_gets_its_file_and_gives_a_filter(self):
        url = self.service("off")
        r = self.regress("--target", url, XML_OUTPUT_FILE=self.path("test.xml"), TESTBRIDGE_TEST_ONLY="tape-01?")
        self.assertEqual(r.code, 0, r)
        self.assertEqual(ET.parse(self.path("test.xml")).getroot().get("tests"), "10")
        r = self.regress("--target", url, "--junit", "mine.xml", "tape-000", XML_OUTPUT_FILE=self.path("other.xml"))
        self.assertEqual(r.code, 0, r)
        self.assertFalse(os.path.exists(self.path("other.xml")))
        self.assertEqual(ET.parse(self.path("mine.xml")).getroot().get("tests"), "1")

    def test_nonsense_is_named(self):
        for env, words in (
                ({"DVR_SHARD": "0/7"}, "bad DVR_SHARD '0/7'"),
                ({"DVR_SHARD": "8/7"}, "expected I/N"),
                ({"TEST_SHARD_INDEX": "7", "TEST_TOTAL_SHARDS": "7"}, "TEST_SHARD_INDEX='7'"),
                ({"CIRCLE_NODE_INDEX": "x", "CIRCLE_NODE_TOTAL": "2"}, "CIRCLE_NODE_INDEX='x'")):
            self.assertOneLineError(self.regress("--target", "http://127.0.0.1:9", **env), 2, words)
        self.assertOneLineError(self.dvr("regress", "--shard", "2"), 2, "bad --shard '2'")
        self.assertOneLineError(self.dvr("regress", "--shard", "1/2", "--only-failed"), 2, "--only-failed")
        # one of one is everything, and GitLab's numbers are GitLab's
        for env in {"CIRCLE_NODE_INDEX": "0", "CIRCLE_NODE_TOTAL": "1"}, {"CI_NODE_INDEX": "1", "CI_NODE_TOTAL": "9"}:
            r = self.regress("--target", "http://127.0.0.1:9", "--only-failed", **env)
            self.assertEqual(r.code, 5, r)
        self.assertOneLineError(self.dvr("shard", "--plan"), 2, "--shards N")
        self.assertOneLineError(self.dvr("shard", "--plan", "--shards", "2", "--timings", "no"), 2, "--timings", "no")
        self.write("torn", '{"dvr":1')
        self.assertOneLineError(self.dvr("shard", "--plan", "--shards", "2", "--timings", "torn"), 2, "torn: 1: ")
        self.assertOneLineError(self.dvr("merge"), 2, "--report json=FILE")
        self.assertOneLineError(self.dvr("merge", "torn"), 2, "torn: 1: this is no JSON object")


if __name__ == "__main__":
    main()
