"""Clients that misbehave: bad_peers.py NAME URL prints what came back, as one line of
JSON. What depends on the clock (how far a flood got) is left out."""
import json
import os
import socket
import ssl
import struct
import sys
from urllib.parse import urlsplit

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
ASK = b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
PLAIN_GET = b"\x82\x86\x84\x41\x01h"
url = urlsplit(sys.argv[2] if len(sys.argv) > 2 else "")


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def connect(timeout=20):
    s = socket.create_connection((url.hostname, url.port), timeout=timeout)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def rest(s):
    """All that still comes, and how it ended."""
    got = b""
    try:
        while True:
            part = s.recv(65536)
            if not part:
                return got, "fin"
            got += part
    except ConnectionResetError:
        return got, "reset"


def frames(data):
    """(kind, stream, error) of each that says something about the streams or the end."""
    seen = []
    while len(data) >= 9:
        n, kind, stream = int.from_bytes(data[:3], "big"), data[3], int.from_bytes(data[5:9], "big")
        code = {3: data[9:13], 7: data[13:17]}.get(kind)
        if kind in (0, 1, 3, 7):
            seen.append(("DATA HEADERS - RESET - - - GOAWAY".split()[kind], stream, code and int.from_bytes(code, "big")))
        data = data[9 + n:]
    return seen


def h2(sent, every=True):
    """What a server says to these frames, until its GOAWAY or its answer to a last PING: it
    does not always close. Of a flood only the last word, how much was answered is a matter of time."""
    got, last = b"", frame(6, 1, 0, b"the last")
    with connect() as s:
        try:
            s.sendall(PREFACE + frame(4, 0, 0) + sent + frame(6, 0, 0, b"the last"))
        except OSError:
            pass    # it had enough
        try:
            while last not in got and not any(f[0] == "GOAWAY" for f in frames(got)):
                part = s.recv(65536)
                if not part:
                    break
                got += part
        except ConnectionResetError:
            pass
    seen = frames(got)
    if every:
        return seen
    return [f for f in seen if f[0] == "GOAWAY"] or ("alive" if last in got else "gone")


def field(name, value, index=False):
    size = b"\x7f" + varint(len(value) - 127) if len(value) > 126 else bytes([len(value)])
    return (b"\x40" if index else b"\x00") + bytes([len(name)]) + name + size + value


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def answer():
    """To one good request, whole."""
    with connect() as s:
        s.sendall(ASK)
        got, end = rest(s)
        return [got.decode("latin1")[-200:], len(got), end]


def by_bytes():
    with connect() as s:
        for i in range(len(ASK)):
            s.sendall(ASK[i:i + 1])
        got, end = rest(s)
        return [got.decode("latin1")[-200:], len(got), end]


def half_open():
    """Three hundred that begin and say no more; a good one is answered beside them."""
    begun = [connect() for _ in range(300)]
    for i, s in enumerate(begun):
        s.sendall((b"", b"G", ASK[:20], ASK[:-2], PREFACE[:10], PREFACE)[i % 6])
    seen = answer()
    for s in begun:
        s.close()
    return seen


def tls_hello():
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with context.wrap_socket(connect(), server_hostname="localhost") as s:
            s.sendall(ASK)
            return rest(s)[1]
    except (ssl.SSLError, OSError) as x:
        return getattr(x, "reason", None) or type(x).__name__


def garbage():
    with connect() as s:
        try:
            s.sendall(bytes(range(256)) * 64)
            s.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        return [x if isinstance(x, str) else len(x) for x in rest(s)]


BOMB = field(b"a", b"v" * 3800, True) + b"\xbe" * 16000
WHAT = {
    "answer": answer, "by bytes": by_bytes, "half open": half_open, "tls": tls_hello, "garbage": garbage,
    "h2 garbage": lambda: h2(b"\xff" * 100),
    "h2 bad hpack": lambda: h2(frame(1, 5, 1, b"\xff" * 6)),
    "h2 continuation of nothing": lambda: h2(frame(9, 0, 1, b"x")),
    "h2 data on stream 0": lambda: h2(frame(0, 0, 0, b"x")),
    "h2 frame above the limit": lambda: h2(frame(0, 0, 1, b"x" * 16385)),
    "h2 even stream": lambda: h2(frame(1, 5, 2, PLAIN_GET)),
    "h2 window overflow": lambda: h2(frame(8, 0, 0, b"\x7f\xff\xff\xff") * 2),
    # 64 MB of fields in 16 KB
    "h2 hpack bomb": lambda: h2(frame(1, 1, 1, PLAIN_GET + BOMB[:12000]) + frame(9, 4, 1, BOMB[12000:]), False),
    "h2 continuation flood": lambda: h2(frame(1, 1, 1, PLAIN_GET) + frame(9, 0, 1, field(b"a", b"v" * 100)) * 200000, False),
    "h2 rapid reset": lambda: h2(b"".join(frame(1, 5, i, PLAIN_GET) + frame(3, 0, i, b"\0\0\0\x08") for i in range(1, 80000, 2)), False),
    "h2 settings flood": lambda: h2(frame(4, 0, 0, b"\0\x03\0\0\0\x64") * 200000, False),
    "h2 ping flood": lambda: h2(frame(6, 0, 0, b"12345678") * 200000, False),
}


def peak(pid):
    with open("/proc/%d/status" % pid) as f:
        return next(int(l.split()[1]) for l in f if l.startswith("VmHWM"))


if __name__ == "__main__":
    before = peak(os.getppid())
    seen = WHAT[sys.argv[1]]()
    print(json.dumps({"saw": seen, "grew": peak(os.getppid()) - before}))
