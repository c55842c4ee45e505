"""Large bodies and many connections: memory stays what was promised."""
import os
import re
import socket
import subprocess
import sys
import threading

from harness import Case, DVR, free_port, main

RING = 64 * 1024 * 1024
SLACK = 16 * 1024 * 1024


def rss(pid):
    """Resident bytes, the ring's shared pages included, at the worst moment."""
    with open("/proc/%d/status" % pid) as f:
        return int(re.search(r"VmHWM:\s+(\d+)", f.read()).group(1)) * 1024


class Memory(Case):
    def upstream(self, handler):
        s = socket.socket()
        s.bind(("127.0.0.1", 0))
        s.listen(2048)
        self.addCleanup(s.close)

        def accept():
            while True:
                try:
                    c, _ = s.accept()
                except OSError:
                    return
                threading.Thread(target=handler, args=(c,), daemon=True).start()
        threading.Thread(target=accept, daemon=True).start()
        return "http://127.0.0.1:%d" % s.getsockname()[1]

    def record(self, url):
        self.config("capture: {max_memory: 64MiB}\n", service=False)
        p = self.start(DVR, "record", "--target", url)
        line = p.stderr.readline()
        m = re.search(r"http://127\.0\.0\.1:(\d+)", line)
        self.assertTrue(m, line)
        return p, int(m.group(1))

    def test_a_gigabyte_passes_in_flat_memory(self):
        size = 1 << 30
        block = b"x" * (1 << 20)

        def handler(c):
            with c:
                while b"\r\n\r\n" not in c.recv(65536):
                    pass
                c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
                for _ in range(size // len(block)):
                    c.sendall(block)
        p, port = self.record(self.upstream(handler))
        got = 0
        with socket.create_connection(("127.0.0.1", port)) as c:
            c.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
            while got < size:
                data = c.recv(1 << 20)
                self.assertTrue(data, got)
                got += len(data)
        self.assertGreaterEqual(got, size)
        peak = rss(p.pid)
        print("peak with a 1 GiB body: %.1f MiB" % (peak / 1048576))
        self.assertLess(peak, RING + SLACK)

    def test_a_thousand_connections(self):
        def handler(c):
            with c:
                while True:
                    data = c.recv(65536)
                    if not data:
                        return
                    c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" * data.count(b"\r\n\r\n"))
        import resource
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
        p, port = self.record(self.upstream(handler))
        conns = []
        for i in range(1000):
            c = socket.create_connection(("127.0.0.1", port))
            conns.append(c)
        for _ in range(3):
            for c in conns:
                c.sendall(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
            for c in conns:
                self.assertIn(b"200 OK", c.recv(65536))
        for c in conns:
            c.close()
        peak = rss(p.pid)
        print("peak at 1,000 connections: %.1f MiB" % (peak / 1048576))
        self.assertLess(peak, RING + SLACK)


if __name__ == "__main__":
    main()
