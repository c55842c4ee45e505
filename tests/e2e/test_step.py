"""The walk-through of the article: replay start in step mode."""
import os
import subprocess
import sys

from harness import Case, DVR, free_port, main


class Step(Case):
    def record(self):
        self.config()
        self.run_suite('''
            request("PUT", "/items/1", {"price": -5})
            get("/total")
        ''')
        return self.tapes()[0]

    def service(self):
        port = str(free_port())
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


if __name__ == "__main__":
    main()
