"""Raw traffic in memory: gone when it is evicted, and never in a core."""
import os
import re
import secrets
import socket
import subprocess
import sys
import threading
import unittest

from harness import Case, DVR, main


def memory_of(pid):
    """Every readable byte of a process; None when nobody may look."""
    data = []
    try:
        with open("/proc/%d/maps" % pid) as maps, open("/proc/%d/mem" % pid, "rb", 0) as mem:
            for line in maps:
                m = re.match(r"([0-9a-f]+)-([0-9a-f]+) r", line)
                if not m or "[v" in line:
                    continue
                at, end = int(m.group(1), 16), int(m.group(2), 16)
                while at < end:
                    try:
                        mem.seek(at)
                        part = mem.read(min(end - at, 1 << 22))
                    except (OSError, ValueError, OverflowError):
                        break
                    if not part:
                        break
                    data.append(part)
                    at += len(part)
    except PermissionError:
        return None
    return b"".join(data)


class Wipe(Case):
    def record(self):
        """dvr in front of a server that answers 200, in a ring of 1 MiB."""
        s = socket.socket()
        s.bind(("127.0.0.1", 0))
        s.listen(64)
        self.addCleanup(s.close)

        def serve(c):
            with c:
                while True:
                    head = b""
                    while b"\r\n\r\n" not in head:
                        data = c.recv(65536)
                        if not data:
                            return
                        head += data
                    c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

        def accept():
            while True:
                try:
                    c, _ = s.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(c,), daemon=True).start()
        threading.Thread(target=accept, daemon=True).start()
        self.config("capture: {max_memory: 1MiB}\n", service=False)
        p = self.start(DVR, "record", "--target", "http://127.0.0.1:%d" % s.getsockname()[1])
        m = re.search(r"http://127\.0\.0\.1:(\d+)", p.stderr.readline())
        return p, int(m.group(1))

    def ask(self, port, key, n=1):
        with socket.create_connection(("127.0.0.1", port)) as c:
            for _ in range(n):
                c.sendall(b"GET /x HTTP/1.1\r\nHost: x\r\nX-Api-Key: " + key + b"\r\n\r\n")
                self.assertIn(b"200 OK", c.recv(65536))

    def test_what_is_evicted_is_gone(self):
        p, port = self.record()
        key = secrets.token_hex(24).encode()
        # the harness's own copies are in another process
        self.ask(port, key)
        before = memory_of(p.pid)
        if before is None:
            self.skipTest("nobody may look into another process here")
        self.assertIn(key, before)
        self.ask(port, b"n" * 1000, 1200)
        self.assertNotIn(key, memory_of(p.pid))

    def test_others_may_not_look(self):
        """Not dumpable: no core, and no look for the same user."""
        p, _ = self.record()
        self.assertEqual(os.stat("/proc/%d/mem" % p.pid).st_uid, 0)
        if os.geteuid() == 0:
            nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
            p = self.start(*nobody, DVR, "record", "--target", "http://127.0.0.1:9",
                           cwd="/")
            self.assertIn("lane", p.stderr.readline())
            r = subprocess.run(nobody + ["cat", "/proc/%d/maps" % p.pid], capture_output=True)
            self.assertNotEqual(r.returncode, 0, r)

    def test_the_ring_is_in_no_core(self):
        """Its pages say so themselves, should somebody make one as root."""
        p, port = self.record()
        self.ask(port, b"k")
        with open("/proc/%d/smaps" % p.pid) as f:
            maps = re.split(r"\n(?=[0-9a-f]+-[0-9a-f]+ )", f.read())
        shared = [m for m in maps if "/dev/zero (deleted)" in m.splitlines()[0]]
        self.assertTrue(shared, maps)
        for m in shared:
            self.assertRegex(m, r"VmFlags:.*\bdd\b")


if __name__ == "__main__":
    main()
