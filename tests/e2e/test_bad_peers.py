"""Peers that break the rules, on real sockets: the suite sees what it would have seen
without dvr, dvr's memory stays bounded, and what happened is told."""
import fcntl
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import termios

from bad_peers import WHAT
from harness import Case, ROOT, main
from tls_peers import Authority, serve, serve_raw

PEER = os.path.join(ROOT, "tests", "e2e", "bad_peers.py")
H2 = os.path.join(ROOT, "tests", "e2e", "h2_service.mjs")
RING = 8 << 10        # KiB
ROOM = 16 << 10       # beyond the ring: tables, buffers, OpenSSL

UNREADABLE = ("h2 bad hpack", "h2 continuation of nothing", "h2 data on stream 0")
HEAD = b"HTTP/1.1 200 OK\r\n"


def answers(data, reset=False):
    """A server that has read a request sends this and is gone, by FIN or by RST."""
    def talk(s):
        asked = b""
        while b"\r\n\r\n" not in asked:
            part = s.recv(65536)
            if not part:
                return
            asked += part
        s.sendall(data)
        if reset:
            # not before the other side has it: a reset overtakes what waits
            while fcntl.ioctl(s, termios.TIOCOUTQ, b"\0" * 4) != b"\0" * 4:
                pass
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return talk


# What a target does, and what its tape says of it ("" where there is none).
GONE = {
    "gone in a body of known length": (answers(HEAD + b"Content-Length: 100\r\n\r\nhalf"), "ended: fin"),
    "gone in a chunk": (answers(HEAD + b"Transfer-Encoding: chunked\r\n\r\n64\r\nhalf"), "ended: fin"),
    "gone between chunks": (answers(HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"), "ended: fin"),
    "gone in the head": (answers(HEAD + b"X-Half: "), "ended: fin"),
    "gone without a word": (answers(b""), "ended: fin"),
    "reset in a body": (answers(HEAD + b"Content-Length: 100\r\n\r\nhalf", True), "ended: rst"),
    "reset without a word": (answers(b"", True), "ended: rst"),
    "no HTTP at all": (answers(b"SSH-2.0-OpenSSH_9\r\n"), ""),
    "two answers to one request": (answers((HEAD + b"Content-Length: 2\r\n\r\nok") * 2), ""),
    "a body until it closes": (answers(HEAD + b"\r\nall of it"), ""),
}


class BadPeers(Case):
    def both(self, what, target, lane="", spec=""):
        """What a peer saw directly and through dvr; dvr's words."""
        direct = subprocess.run([sys.executable, PEER, what, target], capture_output=True, text=True, timeout=60)
        self.assertEqual(direct.returncode, 0, direct.stderr)
        self.config("capture: {max_memory: 8MiB}\n%slanes:\n  - {name: client, role: ingress, target: '%s'%s}\n"
                    % (spec, target, lane), service=False)
        script = self.write("suite.sh", "exec %s %s '%s' $DVR_BASE_URL\n" % (sys.executable, PEER, what))
        r = self.dvr("run", "--no-verify", "--", "sh", script)
        self.assertEqual(r.code, 0, r)
        through = json.loads(r.out)
        self.assertLess(through["grew"], RING + ROOM, what)
        return json.loads(direct.stdout)["saw"], through["saw"], r

    def node(self):
        p = self.start("node", H2, env=dict(self.env, PORT="0"))
        return "http://127.0.0.1:" + re.search(r"(\d+)$", p.stdout.readline()).group(1)

    def test_http2_that_breaks_the_rules(self):
        target = self.node()
        for what in WHAT:
            if what.startswith("h2 "):
                with self.subTest(what):
                    direct, through, r = self.both(what, target)
                    self.assertEqual(direct, through, r)
                    if what in UNREADABLE:
                        self.assertIn("1 connection that could not be read", r.err)

    def tape_text(self):
        return "".join(self.read("fixtures", t, "tape.yaml").decode() for t in self.tapes())

    def test_targets_that_are_gone_in_the_middle(self):
        for what, (talk, told) in GONE.items():
            with self.subTest(what):
                shutil.rmtree(self.path("fixtures"), ignore_errors=True)
                direct, through, r = self.both("by bytes", "http://127.0.0.1:%d" % serve_raw(self, talk))
                self.assertEqual(direct, through, r)
                if told:
                    self.assertEqual(len(self.tapes()), 1, r)
                    self.assertIn("on_reset: true", self.tape_text())
                    self.assertIn(told, self.tape_text())
                else:
                    self.assertEqual(self.tapes(), [], r)

    def test_peers_that_never_finish(self):
        """Three hundred of them, and one good one beside."""
        target = "http://127.0.0.1:%d" % serve_raw(self, answers(HEAD + b"Content-Length: 2\r\n\r\nok"))
        direct, through, r = self.both("half open", target)
        self.assertEqual(direct, through, r)
        self.assertEqual(direct[0][-2:], "ok")

    def test_tls_to_what_is_plain_and_the_reverse(self):
        ca = Authority(self.dir)
        plain = serve_raw(self, lambda s: s.recv(65536) and s.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"))
        secure = serve(self, leaf=ca.leaf("stock"))
        expired = serve(self, leaf=ca.leaf("expired", days="-1"))
        https = ", listen: 'https://127.0.0.1:0', ca: their-ca.pem"
        rows = (
            # TLS to a plain lane and service; plain words to a TLS lane and service
            ("tls", "http://127.0.0.1:%d" % plain, "", "a client spoke TLS to this plain lane"),
            ("answer", "https://127.0.0.1:%d" % secure.port, https, "spoke plainly to this TLS lane"),
            ("garbage", "https://127.0.0.1:%d" % secure.port, https, "spoke plainly to this TLS lane"),
        )
        for what, target, lane, told in rows:
            with self.subTest(what=what, target=target):
                direct, through, r = self.both(what, target, lane)
                self.assertEqual(direct, through, r)
                self.assertIn(told, r.err)
        # A client that checks nothing would not mind an old certificate: dvr does, and gives it the alert.
        for port, told in ((expired.port, "the server's certificate: certificate has expired"), (plain, "the peer does not speak TLS")):
            with self.subTest(told):
                _, through, r = self.both("tls", "https://127.0.0.1:%d" % port, https)
                self.assertNotEqual(through, "fin")
                self.assertIn("TLS with the target failed: " + told, r.err)


if __name__ == "__main__":
    main()
