"""Node's HTTP parser as the judge of ours: what we call clean, Node sees just
so (methods, targets, bodies, number of messages); what we refuse, Node refuses
at the same message; where we say "ambiguous", Node may have stopped earlier.
The traps, and 2000 mutations of them that are the same on every run."""
import json
import os
import random
import shlex
import socket
import subprocess
import sys
import tempfile

BUILD = os.environ.get("BUILD", "build")
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))

# One line for each complete request, one for the end of each connection.
SERVER = r"""
const http = require('http');
const say = (o) => process.stdout.write(JSON.stringify(o) + '\n');
const s = http.createServer({ requireHostHeader: false }, (q, r) => {
  const parts = [], port = q.socket.remotePort;
  q.on('data', (d) => parts.push(d));
  q.on('error', () => {});
  q.on('end', () => {
    say({ port, version: q.httpVersion, method: q.method, target: Buffer.from(q.url, 'latin1')
      .toString('hex'), body: Buffer.concat(parts).toString('hex') });
    r.end();
  });
});
s.on('clientError', (e, c) => {
  c.refused = e.code;
  c.destroy();
});
s.on('connection', (c) => {
  const port = c.remotePort;
  c.on('close', () => say({ port, closed: true, refused: c.refused || '' }));
});
s.listen(0, '127.0.0.1', () => say({ listening: s.address().port,
  methods: http.METHODS }));
"""

HOST = b"Host: x\r\n"
TE = b"Transfer-Encoding: chunked\r\n"
POST = b"POST /a HTTP/1.1\r\n" + HOST
GET = b"GET /a HTTP/1.1\r\n" + HOST
ABCD = b"4\r\nabcd\r\n0\r\n\r\n"
NEXT = b"GET /next?q=1 HTTP/1.1\r\nHost: x\r\n\r\n"


def length(value):
    return POST + b"Content-Length: " + value + b"\r\n\r\nabc"


def coding(value):
    return POST + b"Transfer-Encoding: " + value + b"\r\n\r\n" + ABCD


def chunks(body):
    return POST + TE + b"\r\n" + body


TRAPS = [s + NEXT for s in (
    [GET + b"\r\n", POST + b"\r\n"]
    + [length(v) for v in (b"3", b"003", b" \t3 ", b"+3", b"-3", b"0x3",
                           b"3_0", b"3 0", b"", b"3, 3", b"3,4", b"3;",
                           b"99999999999999999999")]
    + [POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
       POST + b"Content-Length: 3\r\n" + TE + b"\r\n" + ABCD,
       POST + TE + b"Content-Length: 3\r\n\r\n" + ABCD,
       POST + TE + TE + b"\r\n" + ABCD]
    + [coding(v) for v in (b"chunked", b"Chunked", b"gzip", b"gzip, chunked",
                           b"chunked, gzip", b"xchunked", b"chunked;a=b",
                           b"\x0bchunked", b"identity", b"")]
    + [GET + f + b"\r\n\r\n" for f in (
        b"X : a", b"X Y: a", b"X: a\r\n b", b"X: a\rb", b"X: a\0b", b"X\0: a",
        b"X: a\1b", b"X: \xff\x80", b"X\xff: a", b": a", b"Xabc", b"X: a\n",
        b"X: a\r", b"Connection: x, keep-alive", b"X:", b"X:\t \t")]
    + [b"\r\n\r\n" + GET + b"\r\n", b"\n" + GET + b"\r\n",
       b"GET http://h/a HTTP/1.1\r\n\r\n", b"OPTIONS * HTTP/1.1\r\n\r\n",
       b"GET  /a HTTP/1.1\r\n\r\n", b"GET /a HTTP/1.1 \r\n\r\n",
       b"GET /a b HTTP/1.1\r\n\r\n", b" GET /a HTTP/1.1\r\n\r\n",
       b"GET /a HTTP/1.2\r\n\r\n", b"GET /a HTTP/2.0\r\n\r\n",
       b"GET /a\r\n\r\n", b"GET /a HTTP/1.0\r\n\r\n",
       b"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
       GET + b"Connection: close\r\n\r\n", b"HEAD /a HTTP/1.1\r\n\r\n",
       POST.replace(b"\r\n", b"\n") + b"Content-Length: 1\n\na"]
    + [chunks(c) for c in (
        ABCD, b"4;a=b\r\nabcd\r\n0;c\r\n\r\n", b"4 \r\nabcd\r\n0\r\n\r\n",
        b"0004\r\nabcd\r\n000\r\n\r\n", b"A\r\n0123456789\r\n0\r\n\r\n",
        b"4\nabcd\n0\n\n", b" 4\r\nabcd\r\n0\r\n\r\n",
        b"+4\r\nabcd\r\n0\r\n\r\n", b"0x4\r\nabcd\r\n0\r\n\r\n",
        b"4_0\r\nabcd\r\n0\r\n\r\n", b"\r\nabcd\r\n0\r\n\r\n",
        b"4\r\r\nabcd\r\n0\r\n\r\n", b"2\r\nabcd\r\n0\r\n\r\n",
        b"4\r\nabcd0\r\n\r\n", b"4;a=\"b\r\n\"\r\nabcd\r\n0\r\n\r\n",
        b"10000000000000004\r\nabcd\r\n0\r\n\r\n",
        b"0\r\nX-T: 1\r\nX-U: 2\r\n\r\n", b"0\r\nX T: 1\r\n\r\n",
        b"0\r\nContent-Length: 3\r\n\r\n", b"0\r\nX: a\r\n b\r\n\r\n")])]


def mutations(count):
    rnd = random.Random(os.environ.get("SEED", "dvr"))
    spice = [b"\r", b"\n", b"\r\n", b" ", b"\t", b":", b";", b",", b"0",
             b"\0", b"\x7f", b"\xff", b"a", b"chunked", b"5", b"-"]
    for _ in range(count):
        s = bytearray(rnd.choice(TRAPS))
        for _ in range(rnd.randint(1, 3)):
            at = rnd.randrange(len(s))
            what = rnd.randrange(3)
            if what == 0:
                s[at:at + 1] = rnd.choice(spice)
            elif what == 1:
                s[at:at] = rnd.choice(spice)
            else:
                del s[at:at + rnd.randint(1, 3)]
        yield bytes(s)


def ours(streams, tool):
    feed = b"".join(len(s).to_bytes(4, "big") + s for s in streams)
    out = subprocess.run([tool], input=feed, stdout=subprocess.PIPE,
                         check=True).stdout.decode()
    for line in out.splitlines():
        seen, _, end = line.rpartition("!")
        parts = seen.split(";")
        messages = [tuple(p.replace("?", "").split(" ")) for p in parts[:-1]]
        doubts = ["?" in p for p in parts]
        yield messages, doubts, end


def node(port, out, stream):
    c = socket.create_connection(("127.0.0.1", port))
    c.settimeout(20)
    mine = c.getsockname()[1]
    try:
        c.sendall(stream)
        c.shutdown(socket.SHUT_WR)
        while c.recv(65536):
            pass
    except OSError:
        pass    # refused in the middle: the close line says why
    c.close()
    messages, foreign = [], False
    while True:
        o = json.loads(out.readline())
        if o["port"] != mine:
            continue
        if o.get("closed"):
            return messages, o["refused"]
        # HTTP/0.9 and a preface of HTTP/2 are no business of this decoder.
        if not o["version"].startswith("1."):
            foreign = True
        if not foreign:
            messages.append((o["method"].encode().hex(), o["target"],
                             o["body"]))


def beyond_node(messages, stream, methods):
    """What Node refuses without any doubt about framing."""
    for method, target, _ in messages:
        name = bytes.fromhex(method).decode("latin1")
        raw = bytes.fromhex(target)
        if name not in methods or name == "CONNECT":
            return "method"
        if any(b >= 0x80 for b in raw) or not raw.startswith((b"/", b"*")):
            return "target"
    if b"pgrade" in stream or b"xpect" in stream:
        return "upgrade"
    return None


def judge(stream, we, they, methods):
    """None, or what differs."""
    messages, doubts, end = we
    seen, refused = they
    if seen != messages[:len(seen)]:
        return "Node saw other messages"
    if len(seen) == len(messages):
        if end == "ok" and refused and not doubts[-1]:
            return "only Node refuses: " + refused
        return None
    if beyond_node(messages[len(seen):], stream, methods):
        return None
    # Node stopped earlier: we must have had a doubt by that message.
    return None if any(doubts[:len(seen) + 1]) else "Node stopped earlier: " + refused


def main():
    with tempfile.TemporaryDirectory() as tmp:
        tool = os.path.join(tmp, "dump")
        subprocess.run(shlex.split(os.environ.get("CC", "cc")) + ["-std=c11",
                        "-D_GNU_SOURCE", "-I" + os.path.join(ROOT, "include"),
                        os.path.join(HERE, "http1_dump.c"),
                        os.path.join(BUILD, "libdvr.a"), "-o", tool],
                       check=True)
        streams = TRAPS + list(mutations(int(os.environ.get("MUTATIONS", 2000))))
        saw = list(ours(streams, tool))
    server = subprocess.Popen(["node", "-e", SERVER], stdout=subprocess.PIPE,
                              text=True)
    bad = clean = 0
    try:
        hello = json.loads(server.stdout.readline())
        for stream, we in zip(streams, saw):
            they = node(hello["listening"], server.stdout, stream)
            clean += we[2] == "ok" and not any(we[1])
            wrong = judge(stream, we, they, hello["methods"])
            if wrong:
                bad += 1
                print("%s\n  sent %r\n  ours %r\n  node %r" %
                      (wrong, stream, we, they))
    finally:
        server.kill()
        server.wait()
    print("%d streams, %d of them clean, %d judged otherwise by Node" %
          (len(streams), clean, bad))
    return 1 if bad or clean < 100 else 0


sys.exit(main())
