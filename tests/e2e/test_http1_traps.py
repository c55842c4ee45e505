"""The traps of HTTP/1.1 through dvr as it records: whatever they mean to either end,
their bytes arrive as they were sent, whole and one by one; nothing of ours but the ids."""
import re
import socket
import threading

from harness import Case, DVR, main
from http1_streams import ANSWERS, TRAPS

ADDED = re.compile(rb"X-DVR-Correlation-Id: [^\r]*\r\n(traceparent: [^\r]*\r\n)?")


def drain(s):
    got = b""
    try:
        while True:
            part = s.recv(65536)
            if not part:
                return got
            got += part
    except ConnectionResetError:
        return got + b"<reset>"


class Traps(Case):
    def through(self, serve):
        """dvr before a server that gives each connection to `serve`; dvr's port."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def accept():
            while True:
                try:
                    c, _ = listener.accept()
                except OSError:
                    return
                with c:
                    c.settimeout(20)
                    serve(c)
        threading.Thread(target=accept, daemon=True).start()
        self.config("capture: {max_memory: 8MiB}\n", service=False)
        p = self.start(DVR, "record", "--target", "http://127.0.0.1:%d" % listener.getsockname()[1])
        return int(re.search(r"http://127\.0\.0\.1:(\d+)", p.stderr.readline()).group(1))

    def ask(self, port, pieces):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as c:
            c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                for p in pieces:
                    c.sendall(p)
                c.shutdown(socket.SHUT_WR)
            except OSError:
                pass    # it said no before the end: reset, or not connected any more
            return drain(c)

    def check_requests(self, cut):
        arrived = []
        # Not a word comes back: a service of any kind.
        port = self.through(lambda c: arrived.append(drain(c)))
        edited = 0
        for trap in TRAPS:
            self.assertEqual(self.ask(port, cut(trap)), b"")
            got = arrived.pop()
            self.assertEqual(ADDED.sub(b"", got), trap)
            edited += got != trap
        return edited

    def test_requests_arrive_as_they_were_sent(self):
        self.assertGreater(self.check_requests(lambda trap: [trap]), 20)

    def test_requests_that_come_byte_by_byte(self):
        self.check_requests(lambda trap: [trap[i:i + 1] for i in range(len(trap))])

    def test_answers_arrive_as_they_were_sent(self):
        def serve(c):
            head = b""
            while b"\r\n\r\n" not in head:
                head += c.recv(65536)
            kind, answer = ANSWERS[int(head.split(b" ")[1][1:].split(b":")[0])]
            # one after the other: what was forwarded at the cut is not taken back
            for part in (answer[:len(answer) // 2], answer[len(answer) // 2:]):
                c.sendall(part)
            c.shutdown(socket.SHUT_WR)
            drain(c)
        port = self.through(serve)
        methods = {"r": "GET", "h": "HEAD", "c": "CONNECT"}
        for i, (kind, answer) in enumerate(ANSWERS):
            ask = "%s /%d HTTP/1.1\r\nHost: x\r\n\r\n" % (methods[kind], i)
            self.assertEqual(self.ask(port, [ask.encode()]), answer)

    def test_a_huge_head_gets_the_services_own_431(self):
        node = self.start("node", "-e", "const s = require('http').createServer((q, r) => r.end('ok'));"
                          "s.listen(0, '127.0.0.1', () => console.log(s.address().port))")
        port = int(node.stdout.readline())
        self.config("capture: {max_memory: 8MiB}\n", service=False)
        p = self.start(DVR, "record", "--target", "http://127.0.0.1:%d" % port)
        through = int(re.search(r"http://127\.0\.0\.1:(\d+)", p.stderr.readline()).group(1))
        # one that dvr decodes, and one larger than any that it would hold
        for size in (20_000, 400_000):
            head = b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"v" * size + b"\r\n\r\n"
            answer = self.ask(through, [head]).replace(b"<reset>", b"")
            self.assertIn(b"HTTP/1.1 431 Request Header Fields Too Large\r\n", answer)
            self.assertEqual(self.ask(port, [head]).replace(b"<reset>", b""), answer)


if __name__ == "__main__":
    main()
