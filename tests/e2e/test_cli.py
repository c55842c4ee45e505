"""Mistakes on the command line and in dvr.yaml: one line, the right code."""
import os

from harness import Case, main

HEAD = "apiVersion: networking.replay.io/v1alpha1\nkind: StatefulTunnel\n"


class Cli(Case):
    def test_usage(self):
        self.assertEqual(self.dvr().code, 2)
        self.assertEqual(self.dvr("--help").code, 0)
        self.assertIn("regress", self.dvr("--help").out)
        self.assertOneLineError(self.dvr("regres"), 2, "regres")
        self.assertOneLineError(self.dvr("regress", "--jun", "x"), 2, "--jun")
        self.assertOneLineError(self.dvr("regress", "--retries", "many"), 2, "many")
        for c in ("run", "record", "regress", "replay", "accept", "show", "ls"):
            self.assertIn("usage: dvr " + c, self.dvr(c, "--help").out)

    def test_configuration_mistakes_name_the_place(self):
        for text, parts in (
            (HEAD + "spec:\n  tiggers: []\n", ("dvr.yaml:4:3", "triggers")),
            (HEAD + "spec:\n  capture:\n    payloads: maybe\n", ("dvr.yaml:5:15", "true or false")),
            (HEAD + "spec: [\n", ("dvr.yaml",)),
            (HEAD + "spec:\n  sanitization:\n    - regex: \"a(b\"\n", ("dvr.yaml:5:14",)),
        ):
            self.write("dvr.yaml", text)
            with self.subTest(text):
                self.assertOneLineError(self.dvr("run", "--target", "http://127.0.0.1:9", "--", "true"), 2, *parts)

    def test_unreadable_and_missing_configuration(self):
        self.assertOneLineError(self.dvr("run", "-c", "nowhere.yaml", "--", "true"), 2, "nowhere.yaml")
        os.mkdir(self.path("dvr.yaml"))
        self.assertOneLineError(self.dvr("run", "--", "true"), 2, "dvr.yaml")

    def test_port_in_use_and_bad_targets(self):
        import socket
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            s.listen()
            addr = "127.0.0.1:%d" % s.getsockname()[1]
            r = self.dvr("run", "--listen", addr, "--target", "http://127.0.0.1:9", "--", "true")
            self.assertEqual(r.code, 2 if r.code == 2 else 4, r)
            self.assertIn(addr, r.err)
            self.assertIn("in use", r.err)
        self.assertOneLineError(self.dvr("run", "--target", "ftp://x", "--", "true"), 2, "--target")

    def test_a_service_that_is_not_built_names_its_build(self):
        self.config("service: {command: [./gone], build: go build -o gone .}\n", service=False)
        self.assertOneLineError(self.dvr("run", "--", "true"), 4, "`go build -o gone .` makes", "command not found")

    def test_nothing_selected(self):
        self.config()
        self.assertOneLineError(self.dvr("regress"), 5, "no tapes")

    def test_an_unwritable_report_is_told_before_anything_runs(self):
        self.config()
        self.run_suite('get("/boom")')
        self.assertOneLineError(self.dvr("regress", "--junit", "no/such/folder/x.xml"), 2, "x.xml")

    def test_an_edited_tape_is_refused(self):
        """A tape that was made to say something else proves nothing."""
        self.config()
        self.run_suite('get("/boom")')
        tape = self.path("fixtures", self.tapes()[0], "tape.yaml")
        with open(tape) as f:
            text = f.read()
        with open(tape, "w") as f:
            f.write(text.replace("GET /boom", "GET /health"))
        r = self.dvr("regress")
        self.assertEqual(r.code, 3, r)
        self.assertIn("changed since it was verified", r.out)
        with open(tape, "w", newline="") as f:
            f.write(text.replace("\n", "\r\n"))
        self.assertEqual(self.dvr("regress").code, 1)

    def test_tape_mistakes(self):
        self.config()
        self.run_suite('get("/boom")')
        tape = self.path("fixtures", self.tapes()[0], "tape.yaml")
        with open(tape) as f:
            good = f.read()
        for name, bad in (
            ("truncated", good[:len(good) // 2]),
            ("conflict", good.replace("exchanges:", "<<<<<<< HEAD\nexchanges:", 1)),
            ("version", good.replace("dvr: 1", "dvr: 99", 1)),
        ):
            with self.subTest(name):
                with open(tape, "w") as f:
                    f.write(bad)
                r = self.dvr("show", self.tapes()[0])
                self.assertOneLineError(r, 3, "tape.yaml:")
                self.assertEqual(self.dvr("regress").code, 3)


if __name__ == "__main__":
    main()
