"""A real bug in a released package: multer 2.0.1 dies, 2.0.2 does not."""
import os
import subprocess
import sys

from harness import Case, ROOT, main

EXAMPLE = os.path.join(ROOT, "examples", "multer")
CONFIG = os.path.join(EXAMPLE, "dvr.yaml")
FIXTURES = os.path.join(ROOT, "fixtures", "multer")
REPEAT = int(os.environ.get("MULTER_REPEAT", "20"))


def install(version):
    """npm's registry is part of the example: the lock file pins what it gives."""
    d = os.path.join(os.environ["BUILD"], "examples", "multer", version)
    if not os.path.exists(os.path.join(d, ".installed")):
        subprocess.run(["sh", os.path.join(EXAMPLE, "install.sh"), version, d], check=True)
    return os.path.abspath(d)


class Multer(Case):
    @classmethod
    def setUpClass(cls):
        cls.bad, cls.good = install("2.0.1"), install("2.0.2")

    def test_recording_the_crash_commits_its_history(self):
        self.env["MULTER_DIR"] = self.bad
        r = self.dvr("run", "-c", CONFIG, "--fixtures", self.path("fixtures"), "--",
                     "node", os.path.join(EXAMPLE, "suite.mjs"))
        self.assertEqual(r.code, 1, r)
        self.assertEqual(len(self.tapes()), 1, r)
        self.assertIn("reproduces: 3/3", r.err)
        # the pictures that went up before it are on the tape, byte for byte
        bodies = os.listdir(self.path("fixtures", self.tapes()[0], "bodies"))
        self.assertTrue(bodies, r)
        self.env["MULTER_DIR"] = self.good
        r = self.dvr("regress", "-c", CONFIG, "--fixtures", self.path("fixtures"))
        self.assertEqual(r.code, 0, r)

    def test_the_tape_in_the_library_is_exact_on_both_builds(self):
        n = str(REPEAT)
        self.env["MULTER_DIR"] = self.bad
        r = self.dvr("regress", "-c", CONFIG, "--fixtures", FIXTURES, "--repeat", n)
        print(r.out)
        self.assertEqual(r.code, 1, r)
        self.assertIn("reproduced %s/%s" % (n, n), r.out)
        self.env["MULTER_DIR"] = self.good
        r = self.dvr("regress", "-c", CONFIG, "--fixtures", FIXTURES, "--repeat", n)
        print(r.out)
        self.assertEqual(r.code, 0, r)
        self.assertIn("reproduced 0/" + n, r.out)


if __name__ == "__main__":
    main()
