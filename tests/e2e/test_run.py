"""dvr run: what is recorded, what is said, which code it exits with."""
import os
import signal
import subprocess
import sys
import time

from harness import Case, DVR, SERVICE, free_port, main


class Run(Case):
    def test_a_500_becomes_a_tape_that_reproduces_and_passes_when_fixed(self):
        """The whole arch: record, verify, fail on the bug, pass on the fix."""
        self.config()
        r = self.run_suite('''
            request("PUT", "/items/1", {"price": 5})
            request("PUT", "/items/2", {"price": -7})
            status, _ = get("/total")
            sys.exit(status == 500)
        ''')
        self.assertEqual(r.code, 1, r)
        tapes = self.tapes()
        self.assertEqual(len(tapes), 1, r)
        self.assertIn("reproduces: 3/3", r.err)
        self.assertIn(tapes[0], r.err)
        bad = self.dvr("regress", "--junit", "bad.xml")
        self.assertEqual(bad.code, 1, bad)
        self.assertIn(b"<failure", self.read("bad.xml"))
        self.env["BUG"] = "off"
        good = self.dvr("regress", "--junit", "good.xml")
        self.assertEqual(good.code, 0, good)
        self.assertNotIn(b"<failure", self.read("good.xml"))

    def test_a_green_suite_leaves_nothing_on_disk(self):
        self.config()
        r = self.run_suite('assert get("/items/9")[0] == 404')
        self.assertEqual(r.code, 0, r)
        self.assertEqual(self.tapes(), [])
        self.assertFalse(os.path.exists(self.path("fixtures")), r)

    def test_a_crash_is_one_tape_and_refused_connections_none(self):
        self.config()
        r = self.run_suite('''
            get("/health")
            get("/crash")
            for _ in range(3): get("/health")
        ''')
        self.assertEqual(len(self.tapes()), 1, r)
        self.assertIn("signal 11", r.err)
        self.assertIn("reproduces: 3/3", r.err)
        self.env["BUG"] = "off"
        self.assertEqual(self.dvr("regress").code, 0)

    def test_a_reset_without_a_crash_is_a_tape(self):
        self.config()
        r = self.run_suite('get("/health"); get("/reset"); get("/health")')
        self.assertEqual(len(self.tapes()), 1, r)
        self.assertIn("reproduces: 3/3", r.err)

    def test_a_hang_is_a_tape(self):
        self.config("triggers: [{on_timeout: 300ms}]\nreplay: {timeout: 500ms}\n")
        r = self.run_suite('get("/hang", timeout=2)')
        self.assertEqual(len(self.tapes()), 1, r)
        self.assertIn("reproduces: 3/3", r.err)

    def test_the_same_failure_twice_is_one_tape(self):
        self.config()
        r = self.run_suite('get("/boom"); get("/health"); get("/boom")')
        self.assertEqual(len(self.tapes()), 1, r)
        again = self.run_suite('get("/boom")')
        self.assertEqual(len(self.tapes()), 1, again)
        self.assertIn("known: " + self.tapes()[0], again.err)

    def test_a_tape_that_never_reproduced_gives_way_to_a_better_one(self):
        self.config()
        self.run_suite('get("/boom")')
        plan = self.path("fixtures", self.tapes()[0], "replay.yaml")
        with open(plan, "w") as f:
            f.write("expect: fixed\nreproduces: {hits: 0, of: 3}\n")
        r = self.run_suite('get("/boom")')
        self.assertEqual(len(self.tapes()), 1, r)
        self.assertIn("reproduces: 3/3", r.err)
        with open(plan) as f:
            self.assertIn("{hits: 3, of: 3, interval: ", f.read())

    def test_paths_in_a_log_tail_are_relative(self):
        self.config(service=False, spec="""
            service:
              command: [python3, app/service.py]
              ready: {path: /health}
        """)
        with open(SERVICE) as f:
            self.write("app/service.py", f.read())
        r = self.run_suite('request("PUT", "/items/1", {"price": -7}); get("/total")')
        data = self.all_bytes("fixtures").decode()
        self.assertIn('"app/service.py"', data, r)
        self.assertNotIn(self.dir, data)

    def test_ignored_and_unlisted_statuses_are_no_trigger(self):
        self.config('''
            ignore: [{route: "GET /flaky-dependency", status: 503, reason: "on purpose"}]
        ''')
        r = self.run_suite('assert get("/flaky-dependency")[0] == 503')
        self.assertEqual((r.code, self.tapes()), (0, []), r)

    def test_commit_failed_drops_what_a_passing_suite_saw(self):
        self.config("commit: failed\n")
        r = self.run_suite('get("/boom")')
        self.assertEqual((r.code, self.tapes()), (0, []), r)
        r = self.run_suite('get("/boom"); sys.exit(4)')
        self.assertEqual((r.code, len(self.tapes())), (4, 1), r)

    def test_exit_codes_of_the_suite_are_its_own(self):
        self.config()
        self.assertEqual(self.dvr("run", "--", "sh", "-c", "exit 7").code, 7)
        self.assertEqual(self.dvr("run", "--", "sh", "-c", "kill -KILL $$").code, 137)
        r = self.dvr("run", "--", "no-such-command-here")
        self.assertOneLineError(r, 127, "no-such-command-here")

    def test_zero_exchanges_are_explained(self):
        self.config()
        r = self.dvr("run", "--", "true")
        self.assertEqual(r.code, 0)
        self.assertIn("no exchange was recorded", r.err)
        self.assertIn("DVR_BASE_URL", r.err)

    def test_a_service_that_dies_early_shows_its_last_lines(self):
        self.config()
        self.env["DIE_EARLY"] = "1"
        r = self.dvr("run", "--", "true")
        self.assertOneLineError(r, 4, "exit status 9")
        self.assertIn("config error: DIE_EARLY", r.err)

    def test_the_target_of_a_running_service(self):
        port = str(free_port())
        service = self.start(sys.executable, os.path.join(os.path.dirname(__file__), "service.py"),
                             env=dict(self.env, PORT=port))
        r = self.run_suite('''
            for _ in range(200):
                if get("/health")[0] == 200: break
                time.sleep(0.05)
            get("/boom")
        ''', "--target", "http://127.0.0.1:" + port)
        self.assertEqual(len(self.tapes()), 1, r)
        self.assertIn("not replayable until", r.err)
        self.assertIsNone(service.poll())

    def test_nothing_to_record_is_a_usage_error(self):
        r = self.dvr("run", "--", "true")
        self.assertOneLineError(r, 2, "--target")
        self.assertOneLineError(self.dvr("run"), 2, "dvr run -- npm test")

    def test_secrets_never_reach_the_tape(self):
        self.config()
        r = self.run_suite('''
            secret = "hunter" + "2-" + "x7Kq9" + "Zw3"
            body = json.loads(post("/login", {"user": "ann", "password": secret})[1])
            request("GET", "/boom", headers={"Authorization": "Bearer " + body["token"],
                    "Cookie": "sid=" + "c00kie" + "-value-123456"})
            open("token", "w").write(body["token"])
        ''')
        self.assertEqual(len(self.tapes()), 1, r)
        data = self.all_bytes("fixtures")
        for secret in ("hunter" + "2-x7Kq9Zw3", self.read("token").decode(), "c00kie-value"):
            self.assertNotIn(secret.encode(), data)
            self.assertNotIn(secret, r.err)

    def test_an_unwritable_library_is_said_and_leaves_the_suite_green(self):
        self.config()
        self.write("fixtures", "this is a file, not a folder")
        r = self.run_suite('get("/boom")')
        self.assertEqual(r.code, 0, r)
        self.assertIn("lost", r.err)
        self.config("on_dvr_error: fail\n")
        self.assertEqual(self.run_suite('get("/boom")').code, 70)

    def test_ctrl_c_commits_and_leaves_no_process(self):
        self.config()
        s = self.suite('''
            get("/boom")
            print("ready", os.getpid(), flush=True)
            time.sleep(60)
        ''')
        p = self.start(DVR, "run", "--", sys.executable, s)
        word, pid = p.stdout.readline().split()
        self.assertEqual(word, "ready")
        p.send_signal(signal.SIGINT)
        out, err = p.communicate(timeout=60)
        self.assertEqual(len(self.tapes()), 1, err)
        self.assertEqual(p.returncode, 130, err)
        with self.assertRaises(ProcessLookupError):
            os.kill(int(pid), 0)

    def gone(self):
        end = time.monotonic() + 20
        while self.left_behind() and time.monotonic() < end:
            time.sleep(0.02)
        self.assertEqual(self.left_behind(), [])

    def test_a_killed_dvr_takes_the_suite_s_children_along(self):
        """No death signal reaches them: their parent is the suite, not dvr."""
        self.config()
        for sig in signal.SIGKILL, signal.SIGQUIT:
            with self.subTest(sig=sig):
                p = self.start(DVR, "run", "--", "sh", "-c",
                               "sleep 300 & (trap '' TERM; echo ready; sleep 301; true) & wait")
                self.assertEqual(p.stdout.readline(), "ready\n")
                self.assertTrue([c for c in self.left_behind() if "sleep 300" in c])
                p.send_signal(sig)
                p.wait(60)
                self.gone()

    def test_a_killed_dvr_takes_a_service_behind_a_shell_along(self):
        self.config(service=False, spec="""
            service:
              command: [sh, -c, "python3 %s; true"]
              ready: {path: /health, timeout: 20s}
        """ % SERVICE)
        p = self.start(DVR, "run", "--", "sh", "-c", "echo ready; sleep 300; true")
        self.assertEqual(p.stdout.readline(), "ready\n")
        self.assertTrue([c for c in self.left_behind() if c.startswith("python3 ")])
        p.kill()
        p.wait(60)
        self.gone()

    def test_a_killed_dvr_leaves_no_data_of_the_service(self):
        """What the service keeps is raw: its folder goes with dvr."""
        os.mkdir(self.path("tmp"))
        self.env["TMPDIR"] = self.path("tmp")
        self.config()
        p = self.start(DVR, "run", "--", "sh", "-c", 'echo x > "$DVR_STATE_DIR/raw"; echo ready; sleep 300; true')
        self.assertEqual(p.stdout.readline(), "ready\n")
        self.assertIn(b"raw", self.all_bytes("tmp"))
        p.kill()
        p.wait(60)
        self.gone()
        end = time.monotonic() + 20
        while os.listdir(self.path("tmp")) and time.monotonic() < end:
            time.sleep(0.02)
        self.assertEqual(os.listdir(self.path("tmp")), [])

    def test_a_pipe_behind_dvr_ends_with_it(self):
        self.config()
        p = self.start("sh", "-c", '"$0" run -- true 2>&1 | cat', DVR)
        p.communicate(timeout=60)
        self.assertEqual(p.returncode, 0)
        self.assertEqual(self.left_behind(), [])

    def test_ctrl_c_during_verification_ends_it(self):
        """The second start of the service is verification's; it never gets ready."""
        starts = self.path("starts")
        self.write("service.sh", """
            echo $$ >> %s
            [ $(wc -l < %s) -gt 1 ] && exec sleep 300
            exec python3 %s
        """ % (starts, starts, SERVICE))
        self.config(service=False, spec="""
            service:
              command: [sh, service.sh]
              ready: {path: /health, timeout: 200s}
        """)
        s = self.suite('get("/boom")')
        p = self.start(DVR, "run", "--", sys.executable, s)
        while not os.path.exists(starts) or len(self.read("starts").splitlines()) < 2:
            self.assertIsNone(p.poll(), p.poll() is not None and p.stderr.read())
            time.sleep(0.01)
        p.send_signal(signal.SIGINT)
        out, err = p.communicate(timeout=60)
        self.assertIn("interrupted", err)
        self.assertEqual(len(self.tapes()), 1, err)
        self.assertEqual(self.left_behind(), [])

    def test_record_runs_until_sigterm(self):
        port = str(free_port())
        self.start(sys.executable, os.path.join(os.path.dirname(__file__), "service.py"),
                   env=dict(self.env, PORT=port))
        p = self.start(DVR, "record", "--target", "http://127.0.0.1:" + port)
        line = p.stderr.readline()
        url = [w for w in line.split() if w.startswith("http://")][0]
        s = self.suite('''
            for _ in range(200):
                if get("/health")[0] == 200: break
                time.sleep(0.05)
            print(get("/boom")[0])
        ''')
        r = subprocess.run([sys.executable, s], env=dict(self.env, DVR_BASE_URL=url),
                           capture_output=True, text=True, timeout=60)
        self.assertEqual(r.stdout.strip(), "500", r)
        p.send_signal(signal.SIGTERM)
        out, err = p.communicate(timeout=60)
        self.assertEqual(len(self.tapes()), 1, err)


if __name__ == "__main__":
    main()
