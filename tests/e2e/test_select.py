"""Which tapes dvr regress tries, in which order, and how soon it begins."""
import json
import os
import re
import stat
import subprocess
import time

from harness import Case, main, tape_lines


class Select(Case):
    def record(self):
        """Two tapes: /boom, and a total with a negative price."""
        self.config("replay: {settle: 50ms}\n")
        self.run_suite('get("/boom"); request("PUT", "/items/1", {"price": -7}); get("/total")')
        self.boom, self.total = self.tapes()

    def tried(self, *flags, **env):
        r = self.dvr("regress", "--report", "json=out.json", *flags, env=dict(self.env, **env))
        if not os.path.exists(self.path("out.json")):
            return r, []
        ids = [t["id"] for t in tape_lines(self.read("out.json").decode())]
        os.unlink(self.path("out.json"))
        return r, ids

    def git(self, *args):
        subprocess.run(("git", "-c", "user.name=t", "-c", "user.email=t@localhost") + args,
                       cwd=self.dir, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def test_only_failed_tries_what_failed_when_last_tried(self):
        self.record()
        plan = self.path("fixtures", self.total, "replay.yaml")
        with open(plan) as f:
            text = f.read()
        with open(plan, "w") as f:
            f.write(text.replace("expect: fixed", "expect: broken"))
        r, ids = self.tried()
        self.assertEqual((r.code, ids), (1, [self.boom, self.total]), r)
        last = self.path(".dvr", "last.json")
        self.assertEqual(stat.S_IMODE(os.stat(last).st_mode), 0o600)
        r, ids = self.tried("--only-failed")
        self.assertEqual((r.code, ids), (1, [self.boom]), r)
        r, ids = self.tried("--only-failed", BUG="off")
        self.assertEqual((r.code, ids), (0, [self.boom]), r)
        r = self.dvr("regress", "--only-failed")
        self.assertOneLineError(r, 5, "no tape failed")
        with open(last, "w") as f:
            f.write("{ not JSON")
        self.assertEqual(self.dvr("regress", "--only-failed").code, 5)
        self.assertEqual(self.tried()[0].code, 1)

    def test_changed_tries_what_git_says(self):
        self.record()
        self.git("init", "-q")
        r, ids = self.tried("--changed")
        self.assertEqual(r.code, 2, r)      # no commit yet, no HEAD
        self.git("add", ".")
        self.git("commit", "-qm", "one")
        self.assertOneLineError(self.dvr("regress", "--changed"), 5, "no tape has changed")
        with open(self.path("fixtures", self.boom, "replay.yaml"), "a") as f:
            f.write("# seen\n")
        self.assertEqual(self.tried("--changed")[1], [self.boom])
        self.git("commit", "-qam", "two")
        self.assertEqual(self.dvr("regress", "--changed").code, 5)
        self.assertEqual(self.tried("--since", "HEAD~1")[1], [self.boom])
        r = self.dvr("regress", "--since", "no-such-ref")
        self.assertOneLineError(r, 2, "git")
        os.rename(self.path("fixtures", self.total), self.path("fixtures", "renamed-x"))
        os.rename(self.path("fixtures", "renamed-x"), self.path("fixtures", self.total))
        # What git does not know yet is new.
        self.git("rm", "-rq", "--cached", "fixtures/" + self.total)
        self.git("commit", "-qm", "three")
        self.assertEqual(self.tried("--changed")[1], [self.total])
        # The working data of regress is not part of the repository.
        out = subprocess.run(("git", "status", "--porcelain", "--", ".dvr"), cwd=self.dir,
                             stdout=subprocess.PIPE, check=True).stdout
        self.assertEqual(out, b"")

    def test_side_by_side_the_longest_begins_first(self):
        self.record()
        self.tried()
        with open(self.path(".dvr", "last.json"), "w") as f:
            json.dump({"dvr": 1, "tapes": [{"id": self.boom, "failed": False, "ms": 10},
                                           {"id": self.total, "failed": False, "ms": 9000}]}, f)
        third = self.path("fixtures", "a-short-one")
        subprocess.run(("cp", "-r", self.path("fixtures", self.boom), third), check=True)
        tape = os.path.join(third, "tape.yaml")
        with open(tape) as f:
            text = f.read()
        with open(tape, "w") as f:
            f.write(text.replace("id: " + self.boom, "id: a-short-one", 1))
        r, ids = self.tried("-j", "2")
        # Reports keep the library's order, whatever began first.
        self.assertEqual(ids, sorted(["a-short-one", self.boom, self.total]), r)
        with open(self.path(".dvr", "last.json")) as f:
            self.assertEqual(len(json.load(f)["tapes"]), 3)

    def library(self, n):
        """A library of n tapes, all alike but for their names."""
        source = self.path("fixtures", self.boom)
        with open(os.path.join(source, "tape.yaml")) as f:
            tape = f.read()
        with open(os.path.join(source, "replay.yaml")) as f:
            plan = re.sub(r", tape: [^,}]+", "", f.read())
        top = self.path("many-%d" % n)
        for i in range(n):
            d = os.path.join(top, "tape-%04d" % i)
            os.makedirs(d)
            with open(os.path.join(d, "tape.yaml"), "w") as f:
                f.write(tape.replace("id: " + self.boom, "id: tape-%04d" % i, 1))
            with open(os.path.join(d, "replay.yaml"), "w") as f:
                f.write(plan)
        return top

    def seconds(self, *args):
        best = 1e9
        for _ in range(3):
            start = time.monotonic()
            r = self.dvr(*args)
            best = min(best, time.monotonic() - start)
            self.assertEqual(r.code, 0, r)
        return best

    def test_a_thousand_tapes_are_listed_and_begun_in_linear_time(self):
        self.record()
        self.env["BUG"] = "off"
        small, large = self.library(250), self.library(1000)
        ls = [self.seconds("ls", "--fixtures", d) for d in (small, large)]
        one = [self.seconds("regress", "-q", "--fixtures", d, "tape-0007") for d in (small, large)]
        print("ls: 250 tapes %.3f s, 1000 tapes %.3f s; regress of one among them: %.3f s, %.3f s"
              % (*ls, *one))
        # Four times the tapes: quadratic work would take sixteen times as long.
        self.assertLess(ls[1], 8 * ls[0] + 0.2)
        self.assertLess(one[1], one[0] + 1.0)


if __name__ == "__main__":
    main()
