"""The walk-through of the article: replay start in step mode."""
import base64
import os
import re
import subprocess
import sys

from harness import Case, DVR, free_port, main
from test_survival import Guarded


class Step(Case):
    def record(self):
        self.config()
        self.run_suite('''
            request("PUT", "/items/1", {"price": -5})
            get("/total")
        ''')
        return self.tapes()[0]

    def service(self, port=None):
        port = str(port or free_port())
        self.start(sys.executable, os.path.join(os.path.dirname(__file__), "service.py"),
                   env=dict(self.env, PORT=port))
        url = "http://127.0.0.1:" + port
        s = self.suite('''
            for _ in range(200):
                if get("/health")[0] == 200: break
                time.sleep(0.05)
        ''', "wait.py")
        subprocess.run([sys.executable, s], env=dict(self.env, DVR_BASE_URL=url), check=True)
        return url

    def test_next_sends_one_exchange_at_a_time(self):
        tape, url = self.record(), self.service()
        cli = os.path.join(os.path.dirname(DVR), "dvr-cli")
        p = self.start(cli, "replay", "start", "--target", url, "--tape", tape, "--step-mode",
                       stdin=subprocess.PIPE)
        out, err = p.communicate("next\nnext\nnext\nquit\n", 60)
        self.assertEqual(p.returncode, 0, out + err)
        lines = out.splitlines()
        self.assertEqual(lines[:3], ["dvr> next", "[Sent] PUT /items/1 (Payload ID: 1)",
                                     "[Received] 201 Created"], out)
        self.assertIn("[Sent] GET /total (Payload ID: 2)", out)
        self.assertIn("[Received] 500 Internal Server Error", out)
        self.assertIn("[End]", out)

    def test_replay_start_without_steps(self):
        tape, url = self.record(), self.service()
        r = self.dvr("replay", "start", "--target", url, "--tape", tape)
        self.assertEqual(r.code, 1, r)

    def test_a_target_that_is_not_there(self):
        tape = self.record()
        r = self.dvr("replay", "start", "--target", "http://127.0.0.1:%d" % free_port(), "--tape", tape)
        self.assertEqual(r.code, 4, r)

    def test_a_terminal_edits_its_line(self):
        tape, url = self.record(), self.service()
        master, slave = os.openpty()
        p = self.start(DVR, "replay", "start", "--target", url, "--tape", tape, "--step-mode",
                       stdin=slave, stdout=slave, stderr=slave, env=dict(self.env, TERM="xterm"))
        os.close(slave)
        said = b""
        for word, keys in ((b"dvr> ", b"nexx\x7ft\n"), (b"201 Created", b"\x1b[A\n"),
                           (b"500 Internal", b"quit\n"), (None, None)):
            while word is None or word not in said:
                try:
                    more = os.read(master, 4096)
                except OSError:     # it has gone
                    break
                said += more
            if keys:
                os.write(master, keys)
        os.close(master)
        self.assertEqual(p.wait(20), 0, said)

    def test_a_service_that_is_not_there_yet_is_waited_for(self):
        tape, port = self.record(), free_port()
        master, slave = os.openpty()
        p = self.start(DVR, "replay", "start", "--target", "http://localhost:%d" % port, "--tape", tape,
                       "--step-mode", stdin=slave, stdout=slave, stderr=slave, env=dict(self.env, TERM="xterm"))
        os.close(slave)
        said = b""
        for word, keys in ((b"dvr> ", b"next\n"), (b"start the service", b"next\n"),
                           (b"201 Created", b"quit\n"), (None, None)):
            while word is None or word not in said:
                try:
                    more = os.read(master, 4096)
                except OSError:     # it has gone
                    break
                said += more
            if word == b"start the service":
                self.service(port)
            if keys:
                os.write(master, keys)
        os.close(master)
        self.assertEqual(p.wait(20), 0, said)
        self.assertIn(b"201 Created", said)

    def test_its_time_is_told(self):
        tape, url = self.record(), self.service()
        r = self.dvr("replay", "start", "--target", url, "--tape", tape)
        said = re.search(r"(\d+\.\d+) s\s*$", r.out)
        self.assertTrue(said and float(said.group(1)) > 0, r)


class Steps(Guarded):
    """A service that a person starts, beside what dvr answers for."""

    def steps(self, tape, port, cwd, env):
        """Step mode at its first prompt, and the variables that it told."""
        p = self.start(DVR, "replay", "start", "--target", "http://127.0.0.1:%d" % port, "--tape", tape,
                       "--step-mode", stdin=subprocess.PIPE, cwd=cwd, env=env)
        said = ""
        while not said.endswith("dvr> "):
            c = p.stdout.read(1)
            self.assertTrue(c, said + p.stderr.read() if not c else "")
            said += c
        return p, dict(re.findall(r"^  (\w+)=(.*)$", said, re.M)), said

    def serve(self, argv, port, cwd, env):
        p = self.start(*argv, cwd=cwd, env=dict(env, PORT=str(port)), stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        s = self.suite('''
            for _ in range(400):
                if get("/health")[0] == 200: break
                time.sleep(0.05)
            else: sys.exit(1)
        ''', "wait.py")
        subprocess.run([sys.executable, s], env=dict(self.env, DVR_BASE_URL="http://127.0.0.1:%d" % port),
                       check=True)
        return p

    def recorded(self, spec=""):
        secret = "hook-" + base64.urlsafe_b64encode(os.urandom(12)).decode()
        r = self.record("RS256", "resign: [{kind: github, key: {from_env: HOOK_SECRET}}]\n" + spec,
                        HOOK_SECRET=secret)
        self.assertIn("reproduces: 3/3", r.err, r)
        return self.elsewhere(), self.other_env(HOOK_SECRET="another-hook-secret")

    def test_step_mode_has_keys_secrets_and_mocks(self):
        clone, env = self.recorded()
        port = free_port()
        p, told, said = self.steps(self.tapes()[0], port, clone, env)
        for name in ("DVR_JWKS_URL", "STOCK_URL"):
            self.assertRegex(told.get(name, ""), r"^http://127\.0\.0\.1:\d+", said)
        # the mocks answer while nobody writes at the prompt
        keys = subprocess.run(["node", "-e", "fetch(process.argv[1]).then(async r => console.log(await r.text()))",
                               told["DVR_JWKS_URL"]], stdout=subprocess.PIPE, text=True, timeout=30)
        self.assertIn('"keys"', keys.stdout)
        self.serve(("node", "guarded_service.js"), port, clone, dict(env, **told))
        out, err = p.communicate("continue\nquit\n", 60)
        self.assertEqual(p.returncode, 0, out + err)
        got = re.findall(r"^\[Received\] (.*)$", out, re.M)
        self.assertGreaterEqual(len(got), 6, out)
        for line in got[:-1]:
            self.assertRegex(line, "^20[01] ", out)
        self.assertNotIn("recorded:", out)

    def test_replay_start_on_ports_that_stay(self):
        clone, env = self.recorded()
        stock, keys, port = free_port(), free_port(), free_port()
        with open(os.path.join(clone, "dvr.yaml")) as f:
            text = f.read()
        text = text.replace("env: STOCK_URL", "listen: '127.0.0.1:%d', env: STOCK_URL" % stock)
        with open(os.path.join(clone, "dvr.yaml"), "w") as f:
            f.write(text + "\n  tokens: {listen: '127.0.0.1:%d'}\n" % keys)
        told = {"STOCK_URL": "http://127.0.0.1:%d" % stock,
                "DVR_JWKS_URL": "http://127.0.0.1:%d/.well-known/jwks.json" % keys}
        self.serve(("node", "guarded_service.js"), port, clone, dict(env, **told))
        r = self.dvr("replay", "start", "--target", "http://127.0.0.1:%d" % port, "--tape", self.tapes()[0],
                     cwd=clone, env=env)
        for name in told:
            self.assertIn("%s=%s" % (name, told[name]), r.err, r)
        self.assertEqual(r.code, 1, r)
        self.assertIn("the recorded failure came again", r.out, r)
        self.serve(("node", "guarded_service.js"), port, clone, dict(env, BUG="off", **told))
        for i in range(2):
            r = self.dvr("regress", "--target", "http://127.0.0.1:%d" % port, cwd=clone, env=env)
            self.assertEqual(r.code, 0, r)


if __name__ == "__main__":
    main()
