"""How much later events of a stream come through dvr than directly: first_byte.py DVR
[N]. A client opens N streams each way in turn (the first event is there at once) and
then asks for N more events on one stream; medians and the worst of a hundred, in µs."""
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HEAD = (b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
EVENT = b"1a\r\nid: 1\ndata: {\"n\": 12345}\n\r\n"
# Its body goes on while the events come: each part of it asks for one more.
ASK = b"POST /events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
MORE = b"1\r\n.\r\n"


def serve():
    """One connection after the other."""
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        c, _ = listener.accept()
        c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with c:
            if c.recv(65536):
                c.sendall(HEAD + EVENT)
            while c.recv(len(MORE)):
                c.sendall(EVENT)


def connect(port):
    s = socket.create_connection(("127.0.0.1", port))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def opened(port):
    """From connecting to the first event, in µs."""
    begin = time.perf_counter_ns()
    with connect(port) as s:
        s.sendall(ASK)
        got = b""
        while EVENT not in got:
            got += s.recv(65536)
        return (time.perf_counter_ns() - begin) / 1000


def one_more(s):
    begin = time.perf_counter_ns()
    s.sendall(MORE)
    got = b""
    while len(got) < len(EVENT):
        got += s.recv(65536)
    return (time.perf_counter_ns() - begin) / 1000


def streaming(port):
    s = connect(port)
    s.sendall(ASK)
    got = b""
    while EVENT not in got:
        got += s.recv(65536)
    return s


def row(what, direct, through):
    def p99(v):
        return sorted(v)[len(v) * 99 // 100]
    a, b = statistics.median(direct), statistics.median(through)
    print("%-24s %8.0f %8.0f %8.0f %12.0f %8.0f" % (what, a, b, b - a, p99(direct), p99(through)))
    return b - a


def main():
    dvr, n = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    with tempfile.TemporaryDirectory() as tmp:
        with open(os.path.join(tmp, "dvr.yaml"), "w") as f:
            f.write("apiVersion: networking.replay.io/v1alpha1\nkind: StatefulTunnel\n"
                    "metadata: {name: bench, namespace: bench}\nspec: {fixtures: %s/fixtures}\n" % tmp)
        servers = [subprocess.Popen([sys.executable, __file__, "serve"], stdout=subprocess.PIPE, text=True) for _ in range(2)]
        ports = [int(s.stdout.readline()) for s in servers]
        p = subprocess.Popen([dvr, "record", "-c", os.path.join(tmp, "dvr.yaml"), "--target", "http://127.0.0.1:%d" % ports[1]],
                             stderr=subprocess.PIPE, text=True)
        try:
            lane = int(re.search(r"http://127\.0\.0\.1:(\d+)", p.stderr.readline()).group(1))
            pairs = [(opened(ports[0]), opened(lane)) for _ in range(n)]
            a, b = streaming(ports[0]), streaming(lane)
            more = [(one_more(a), one_more(b)) for _ in range(n)]
            a.close()
            b.close()
        finally:
            for each in servers + [p]:
                each.terminate()
                each.wait()
        print("%-24s %8s %8s %8s %12s %8s" % ("events, us (N = %d)" % n, "direct", "dvr", "added", "p99 direct", "dvr"))
        added = row("first byte of a stream", *zip(*pairs))
        row("one more event", *zip(*more))
        # within a millisecond is the aim
        return 0 if added < 1000 else 1


if __name__ == "__main__":
    sys.exit(serve() if sys.argv[1] == "serve" else main())
