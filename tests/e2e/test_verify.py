"""dvr verify: a library is looked through for secrets, codings undone."""
import base64
import gzip
import hashlib
import json
import os
import random
import re
import shutil
import string
import subprocess
import sys
import time
import unittest

from harness import Case, DVR, ROOT, main

rnd = random.SystemRandom()


def secret(n=24):
    """New each time, with digits in it, so that nothing else is like it."""
    return "k7" + "".join(rnd.choice(string.ascii_letters + string.digits) for _ in range(n))


SUITE = '''
get("/boom?page=2", headers={"Authorization": "Bearer " + "a7" * 16, "Cookie": "sid=" + "b8" * 12})
'''


class Recorded(Case):
    def record(self, body="get('/health')", config=""):
        self.config(config)
        r = self.run_suite(body + SUITE, "--no-verify")
        self.assertEqual(len(self.tapes()), 1, r)
        self.tape = os.path.join("fixtures", self.tapes()[0], "tape.yaml")

    def edit(self, old, new, name=None):
        path = self.path(name or self.tape)
        with open(path) as f:
            text = f.read()
        changed = re.sub(old, lambda m: m.expand(new) if "\\1" in new else new, text, count=1)
        self.assertNotEqual(text, changed, text)
        with open(path, "w") as f:
            f.write(changed)

    def assertFound(self, value, line_has, *parts, name=None):
        """One finding on the line that the value is in, and not the value."""
        name = name or self.tape
        r = self.dvr("verify")
        self.assertEqual(r.code, 1, r)
        hits = [l for l in r.out.splitlines() if l.startswith(name + ":")]
        self.assertTrue(hits, r)
        for p in parts:
            self.assertIn(p, hits[0], r)
        line = int(hits[0][len(name) + 1:].split(":")[0])
        self.assertIn(line_has, self.read(name).decode("latin-1").splitlines()[line - 1], r)
        for form in (value, base64.b64encode(value.encode()).decode(), value.encode().hex()):
            self.assertNotIn(form, r.out + r.err)


class Verify(Recorded):
    def test_what_was_scrubbed_is_clean(self):
        self.record('request("POST", "/login", {"user": "ada", "password": "%s"})\n' % secret())
        r = self.dvr("verify")
        self.assertEqual((r.code, r.out), (0, ""), r)
        self.assertIn("0 findings in 1 tape ", r.err)
        self.assertEqual(self.dvr("verify", "-q").err, "")

    def test_a_header(self):
        self.record()
        s = secret()
        self.edit(r"Bearer ⟦[^⟧]*⟧", "Bearer " + s)
        self.assertFound(s, s, "bearer at 2.req.header/Authorization")

    def test_a_parameter_and_a_cookie(self):
        self.record()
        s, c = secret(), secret()
        self.edit(r"/boom\?page=2", "/boom?access_token=" + s)
        self.assertFound(s, s, "2.req.path")
        self.edit("access_token=" + s, "page=2")
        self.edit(r"sid=⟦[^⟧]*⟧", "sid=" + c)
        self.assertFound(c, c, "2.req.header/Cookie")

    def test_a_body_and_what_is_packed_in_it(self):
        self.record('request("POST", "/echo", {"colour": "blue"})\n')
        s = secret()
        self.edit(r'\{"colour": "blue"\}', json.dumps({"m": json.dumps({"password": s})}))
        self.assertFound(s, s, "password at 1.req.body#/password")

    def replace_bodies(self, old, new):
        """In the files of bodies, their names and sizes made right again."""
        folder, names = os.path.join(os.path.dirname(self.tape), "bodies"), []
        text = self.read(self.tape).decode()
        for n in os.listdir(self.path(folder)):
            data = self.read(folder, n).replace(old, new)
            name = hashlib.sha256(data).hexdigest()
            text = re.sub("bodies/%s, bytes: [0-9]+" % n, "bodies/%s, bytes: %d" % (name, len(data)), text)
            os.unlink(self.path(folder, n))
            with open(self.path(folder, name), "wb") as f:
                f.write(data)
            names.append(os.path.join(folder, name))
        with open(self.path(self.tape), "w") as f:
            f.write(text)
        return names

    def test_a_coding_is_undone(self):
        plain = gzip.compress(b'{"colour": "green"}', mtime=0)
        self.record('request("POST", "/echo", %r, {"Content-Encoding": "gzip"})\n' % plain)
        s = secret()
        packed = gzip.compress(json.dumps({"client_secret": s}).encode())
        name, = self.replace_bodies(plain, packed)
        self.assertFound(s, "", "1.req.body#/client_secret", name=name)

    def test_a_large_body_in_a_file(self):
        self.record('request("POST", "/echo", {"pad": "x y " * 8000, "colour": "blue"})\n')
        s = secret()
        for name in self.replace_bodies(b'"colour": "blue"', b'\n"api_key": "%s"' % s.encode()):
            self.assertFound(s, s, "body#/api_key", name=name)

    def test_replay_yaml_comments_and_files_beside(self):
        self.record()
        s = secret()
        plan = os.path.join(os.path.dirname(self.tape), "replay.yaml")
        with open(self.path(plan), "a") as f:
            f.write("pins:\n  - {exchange: 2, status: 409, body: '{\"token\":\"%s\"}'}\n" % s)
        self.assertFound(s, s, name=plan)
        shutil.copy(self.path(plan), self.path("fixtures", "note.txt"))
        self.assertFound(s, s, name="fixtures/note.txt")
        os.unlink(self.path("fixtures", "note.txt"))
        os.unlink(self.path(plan))
        token = "gh" + "p_" + secret(34)
        self.edit("\nlanes:", "\n# see %s\nlanes:" % token)
        self.assertFound(token, "# see")

    def test_a_broken_tape_is_text(self):
        self.record()
        s = secret()
        self.edit(r"Bearer ⟦[^⟧]*⟧", "Bearer " + s)
        self.edit("\nlosses:", "\nlost:")
        self.assertFound(s, s)
        self.edit("Bearer " + s, "nothing")
        r = self.dvr("verify")
        self.assertEqual((r.code, r.out), (0, ""), r)
        self.assertIn("looked through as text", r.err)
        self.assertEqual(self.dvr("verify", "--strict").code, 3)

    def test_rules_of_the_configuration(self):
        self.record()
        self.config('sanitization:\n  - {regex: "page=[0-9]+", replace: "page=[PAGE]"}\n')
        r = self.dvr("verify")
        self.assertEqual(r.code, 1, r)
        self.assertIn("2.req.path", r.out)
        self.config('sanitization:\n  - {keep: "2.req.header/authorization", reason: "a test"}\n')
        self.edit(r"Bearer ⟦[^⟧]*⟧", "Bearer " + secret())
        self.assertEqual(self.dvr("verify").code, 0)

    def test_files_of_a_commit(self):
        """As a hook gives them: any file of a tape is the tape, once."""
        self.record()
        s = secret()
        self.edit(r"Bearer ⟦[^⟧]*⟧", "Bearer " + s)
        plan = os.path.join(os.path.dirname(self.tape), "replay.yaml")
        self.write("other.txt", "nothing here\n")
        r = self.dvr("verify", plan, self.tape, "other.txt")
        self.assertEqual(r.code, 1, r)
        self.assertEqual(len(r.out.splitlines()), 1, r)
        self.assertIn("1 tape and 2 other files", r.err)
        out = json.loads(self.dvr("verify", "--json", self.tape).out)
        self.assertEqual((out["file"], out["rule"], out["place"]),
                         (self.tape, "bearer", "2.req.header/Authorization"))
        self.assertEqual(self.dvr("verify", "nowhere").code, 2)

    def test_our_own_library(self):
        r = self.dvr("verify", os.path.join(ROOT, "fixtures"))
        self.assertEqual((r.code, r.out), (0, ""), r)

    def test_a_thousand_tapes(self):
        self.record()
        text = self.read(self.tape)
        one = self.tapes()[0]
        for i in range(1000):
            d = self.path("many", "%s-%d" % (one, i + 2))
            os.makedirs(d)
            with open(os.path.join(d, "tape.yaml"), "wb") as f:
                f.write(text.replace(b"id: " + one.encode(), b"id: %s-%d" % (one.encode(), i + 2), 1))
        begin = time.monotonic()
        r = self.dvr("verify", "many")
        took = time.monotonic() - begin
        self.assertEqual(r.code, 0, r)
        print("1,000 tapes: %.2f s" % took)
        self.assertLess(took, 30)


class Staged(Recorded):
    """What git would commit counts, and nothing else."""

    def git(self, *args):
        env = dict(self.env, GIT_AUTHOR_NAME="a", GIT_AUTHOR_EMAIL="a@localhost", GIT_COMMITTER_NAME="a",
                   GIT_COMMITTER_EMAIL="a@localhost", GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_SYSTEM="/dev/null",
                   PATH=os.path.dirname(DVR) + ":" + self.env["PATH"])
        return subprocess.run(["git", *args], cwd=self.dir, env=env, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)

    def repository(self):
        self.record()
        self.assertEqual(self.git("init", "-q", ".").returncode, 0)
        self.git("add", "-A", ".")

    def staged(self, code, *args, **kw):
        r = self.dvr("verify", "--staged", *args, **kw)
        self.assertEqual(r.code, code, r)
        self.assertEqual([d for d in os.listdir(self.env["TMPDIR"]) if "dvr-staged" in d], [])
        return r

    def setUp(self):
        super().setUp()
        self.env["TMPDIR"] = self.path("tmp")
        os.mkdir(self.path("tmp"))
        self.write(".gitignore", "tmp\nbuild\nsuite.py\n")

    def test_the_first_commit_of_a_clean_tape(self):
        self.repository()
        r = self.staged(0)
        self.assertIn("0 findings in 1 tape", r.err)

    def test_what_is_staged_counts_and_not_the_work_tree(self):
        self.repository()
        value = secret()
        with open(self.path(self.tape)) as f:
            clean = f.read()
        self.edit(r"page=2", "token=" + value)
        self.staged(0)                          # in the work tree alone
        self.git("add", "-A", ".")
        with open(self.path(self.tape), "w") as f:
            f.write(clean)                      # and now in the index alone
        r = self.staged(1)
        self.assertIn(self.tape + ":", r.out)
        self.assertNotIn(value, r.out + r.err)
        self.assertEqual(self.dvr("verify").code, 0)

    def test_what_is_committed_is_not_looked_at_again(self):
        self.repository()
        self.edit(r"page=2", "token=" + secret())
        self.git("add", "-A", ".")
        self.assertEqual(self.git("commit", "-qm", "a").returncode, 0)
        self.assertIn("0 findings in 0 tapes and 0 other files", self.staged(0).err)
        self.write("other.txt", "nothing\n")
        self.git("add", "other.txt")
        self.assertIn("0 findings in 0 tapes and 1 other file", self.staged(0).err)

    def test_one_file_of_a_tape_is_the_whole_tape(self):
        self.repository()
        self.edit(r"page=2", "token=" + secret())
        self.git("add", "-A", ".")
        self.git("commit", "-qm", "a")
        plan = os.path.join(os.path.dirname(self.tape), "replay.yaml")
        with open(self.path(plan), "a") as f:
            f.write("# a word\n")
        self.git("add", plan)
        self.assertIn(self.tape + ":", self.staged(1).out)

    def test_paths_and_odd_names(self):
        self.repository()
        value = secret()
        for name in (".env", "a b\n.txt", "-c"):
            self.write(name, "password=%s\n" % value)
        self.git("add", "-A", ".")
        r = self.staged(1)
        self.assertIn("3 findings in 1 tape", r.err)
        self.assertNotIn(value, r.out + r.err)
        self.staged(0, "fixtures")
        self.staged(1, ".env")
        os.mkdir(self.path("sub"))
        self.write("sub/x", "password=%s\n" % secret())
        self.git("add", "-A", ".")
        shutil.copy(self.path("dvr.yaml"), self.path("sub"))
        r = self.staged(1, ".", cwd=self.path("sub"))
        self.assertIn("sub/x:1:", r.out)
        self.assertIn("1 finding in 0 tapes and 1 other file", r.err)

    def test_as_a_hook(self):
        self.repository()
        self.git("add", "-A", ".")
        self.write(".git/hooks/pre-commit", "#!/bin/sh\nexec dvr verify --staged\n", 0o755)
        r = self.git("commit", "-m", "clean")
        self.assertEqual(r.returncode, 0, r.stdout)
        value = secret()
        self.edit(r"page=2", "token=" + value)
        r = self.git("commit", "-am", "not clean")  # an index of its own
        self.assertNotEqual(r.returncode, 0, r.stdout)
        self.assertIn(self.tape + ":", r.stdout)
        self.assertNotIn(value, r.stdout)
        self.assertEqual(self.git("rev-list", "--count", "HEAD").stdout.strip(), "1")

    def test_without_a_repository(self):
        self.config("")
        self.assertIn("--staged: git rev-parse failed", self.staged(2, env=dict(
            self.env, GIT_CEILING_DIRECTORIES=os.path.dirname(self.dir))).err)


if __name__ == "__main__":
    main()
