"""Two dvr in one folder: a tape and its plan are always of one recording."""
import hashlib
import json
import os
import re
import sys

from harness import Case, DVR, SERVICE, main

# Waits at the gate in the verification, whose service is started after the suite.
GATED = '''\
#!/bin/sh
if [ -e armed ]; then read -r _ < gate; fi
exec python3 %s
''' % json.dumps(SERVICE)


class TwoAtOnce(Case):
    def gate(self, name):
        os.mkfifo(self.path(name))

    def opened(self, name):
        """Returns once somebody waits at the gate."""
        return os.open(self.path(name), os.O_WRONLY)

    def pairs(self):
        """Each tape's hash, and of which its plan says that it is the proof."""
        found = []
        for name in self.tapes():
            tape = self.read("fixtures", name, "tape.yaml").replace(b"\r", b"")
            plan = self.read("fixtures", name, "replay.yaml").decode()
            of = re.search(r"tape: '?([0-9a-f]{64})", plan)
            found.append((hashlib.sha256(tape).hexdigest(), of and of.group(1)))
        return found

    def suite_at(self, gate):
        return self.suite('''
            open(%r).read()
            get("/boom")
        ''' % self.path(gate), gate + ".py")

    def test_the_same_failure_while_the_first_run_proves_its_tape(self):
        self.config(name="plain.yaml")
        self.write("gated.sh", GATED, 0o755)
        self.config(service=False, name="gated.yaml", spec="""
            service: {command: [./gated.sh], ready: {path: /health, timeout: 60s}}
            """)
        self.gate("gate")
        self.gate("second")
        second = self.start(DVR, "run", "-c", "plain.yaml", "--",
                            sys.executable, self.suite_at("second"))
        at_second = self.opened("second")
        first = self.start(DVR, "run", "-c", "gated.yaml", "--", sys.executable, self.suite('''
            get("/boom")
            open("armed", "w").close()
        ''', "first.py"))
        at_gate = self.opened("gate")
        os.close(at_second)
        out, err = second.communicate(timeout=100)
        self.assertEqual(second.returncode, 0, out + err)
        self.assertIn("reproduces: 3/3", err)
        os.unlink(self.path("armed"))
        os.write(at_gate, b"go\n")
        os.close(at_gate)
        out, err = first.communicate(timeout=100)
        self.assertEqual(first.returncode, 0, out + err)
        self.assertEqual(len(self.tapes()), 1, out + err)
        for tape, proved in self.pairs():
            self.assertEqual(tape, proved, err)
        self.assertIn("recorded anew by another run", err)
        r = self.dvr("regress", "-c", "plain.yaml")
        self.assertNotIn("another recording", r.out + r.err, r)

    def test_many_runs_and_regressions(self):
        self.config()
        suite = self.suite('''

            post("/items", {"run": os.environ["RUN"] * 3000})
            get("/boom")
        ''')
        runs = [self.start(DVR, "run", "--", sys.executable, suite,
                           env=dict(self.env, RUN=str(i))) for i in range(3)]
        while any(p.poll() is None for p in runs):
            r = self.dvr("regress")
            self.assertIn(r.code, (1, 5), r)
            for word in ("another recording", "No such file", "bodies/"):
                self.assertNotIn(word, r.out + r.err, r)
        for p in runs:
            out, err = p.communicate()
            self.assertEqual(p.returncode, 0, out + err)
        self.assertEqual(len(self.tapes()), 1)
        for tape, proved in self.pairs():
            self.assertEqual(tape, proved)
        self.assertEqual([n for n in os.listdir(self.path("fixtures")) if n.startswith(".")], [])

    def test_what_a_killed_commit_left_is_told_and_taken_away(self):
        self.config()
        self.run_suite('get("/boom")')
        name = self.tapes()[0]
        half = self.path("fixtures", ".half-tape.tmp-1")
        os.mkdir(half)
        aside = self.path("fixtures", ".%s.old-1" % name)
        os.rename(self.path("fixtures", name), aside)
        r = self.run_suite('get("/health")')
        self.assertIn(".half-tape.tmp-1", r.err, r)
        self.assertEqual(self.tapes(), [name], r)
        self.assertEqual(sorted(os.listdir(self.path("fixtures"))), [name], r)
        self.assertEqual(self.dvr("regress").code, 1)


if __name__ == "__main__":
    main()
