"""The verdict tells the truth: no mutant of the shop's builds ever passes."""
import os
import shutil
import subprocess
import sys

from harness import Case, ROOT, main

SHOP = os.path.join(ROOT, "examples", "shop", "dvr.yaml")
FIXTURES = os.path.join(ROOT, "fixtures", "shop")


class Mutants(Case):
    def regress(self, build, mutant=None, *flags):
        self.env["SHOP_BUILD"] = build
        self.env.pop("SHOP_MUTANT", None)
        if mutant:
            self.env["SHOP_MUTANT"] = mutant
        return self.dvr("regress", "-c", SHOP, "--fixtures", FIXTURES, "--timeout", "3s", *flags)

    def test_the_fixed_build_passes_and_the_buggy_one_fails(self):
        self.assertEqual(self.regress("fixed").code, 0)
        self.assertEqual(self.regress("buggy").code, 1)

    def test_no_mutant_of_the_fixed_build_passes(self):
        for mutant in ("unauthorized", "missing", "other500", "dies", "hangs"):
            with self.subTest(mutant):
                r = self.regress("fixed", mutant)
                self.assertIn(r.code, (1, 4), r)

    def test_the_buggy_build_late_and_under_load_does_not_pass(self):
        hogs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
        try:
            for _ in range(3):
                r = self.regress("buggy", "late")
                self.assertIn(r.code, (1, 4), r)
        finally:
            for h in hogs:
                h.kill()
                h.wait()


if __name__ == "__main__":
    main()
