"""The progress line of `dvr regress`: on a terminal, and nowhere else."""
import fcntl
import os
import pty
import re
import struct
import termios

from harness import Case, DVR, main

CLEAR = "\r\x1b[K"


class Bar(Case):
    def setUp(self):
        super().setUp()
        self.config("replay: {settle: 300ms}")
        for body in 'get("/boom")', 'request("PUT", "/items/1", {"price": -7}); get("/total")':
            r = self.run_suite(body)
            self.assertIn("reproduces: 3/3", r.err, r)

    def on_terminal(self, columns, *flags, **env):
        """What a terminal of that width gets."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        p = self.start(DVR, "regress", *flags, stdout=theirs,
                       env=dict(self.env, BUG="off", TERM="xterm", **env))
        os.close(theirs)
        data = b""
        while True:
            try:
                chunk = os.read(ours, 65536)
            except OSError:
                break       # the last writer is gone
            if not chunk:
                break
            data += chunk
        os.close(ours)
        self.assertEqual(p.wait(), 0, data)
        return data.decode()

    def test_a_terminal_shows_how_far_it_is(self):
        for columns in 40, 80, 140:
            text = self.on_terminal(columns)
            lines = re.findall(r"\r\x1b\[K(\[[#.]{20}\][^\r]*)", text)
            self.assertTrue(any(" 0/2" in l for l in lines), text)
            self.assertTrue(any(" 1/2" in l for l in lines), text)
            for l in lines:
                self.assertLess(len(l), columns)
            # it is taken away before a line of text, and at the end
            last = text.rsplit(CLEAR, 1)[1]
            self.assertNotIn("[#", last)
            self.assertIn("2 tapes:", last)

    def test_the_second_time_it_knows_how_long_it_takes(self):
        self.on_terminal(100)
        self.assertRegex(self.on_terminal(100), r"0/2, \d+s, about \d+s to go")

    def test_no_color_has_none(self):
        self.assertNotIn("\x1b[3", self.on_terminal(80, NO_COLOR="1"))

    def test_elsewhere_there_is_nothing_of_it(self):
        self.env["BUG"] = "off"
        r = self.dvr("regress", env=dict(self.env, TERM="xterm"))
        self.assertEqual(r.code, 0, r)
        for part in ("\r", "\x1b", "[#", "[."):
            self.assertNotIn(part, r.out + r.err)
        for flags in ("-q",), ("--report", "json"):
            self.assertNotIn(CLEAR, self.on_terminal(80, *flags))


if __name__ == "__main__":
    main()
