"""Streams of HTTP/1.1, good and bad, for comparisons of parsers: the traps, mutations
of thea grammar that composes new ones; what our decoder says of each; and
the judge of two opinions."""
import itertools
import json
import os
import re
import shlex
import subprocess
import threading

BUILD = os.environ.get("BUILD", "build")
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))

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


OK = b"HTTP/1.1 200 OK\r\n"
LAST = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlast"

# Responses, to GET unless the letter says HEAD or CONNECT.
ANSWERS = [(k, s + LAST) for k, s in (
    [("r", OK + b"Content-Length: " + v + b"\r\n\r\nabc") for v in (
        b"3", b"003", b" 3 ", b"\t3", b"+3", b"0x3", b"3_0", b"", b"3, 3", b"3,4",
        b"99999999999999999999")]
    + [("r", OK + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
       ("r", OK + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
       ("r", OK + b"Content-Length: 3\r\n" + TE + b"\r\n" + ABCD),
       ("r", OK + TE + TE + b"\r\n" + ABCD)]
    + [("r", OK + b"Transfer-Encoding: " + v + b"\r\n\r\n" + ABCD) for v in (
        b"chunked", b"Chunked", b"gzip", b"gzip, chunked", b"chunked, gzip",
        b"xchunked", b"identity", b"")]
    + [("r", OK + f + b"\r\nContent-Length: 0\r\n\r\n") for f in (
        b"X : a", b"X Y: a", b"X: a\r\n b", b"X: a\rb", b"X: a\0b", b"X\0: a",
        b"X: a\1b", b"X: \xff\x80", b"X\xff: a", b": a", b"Xabc", b"X: a\n")]
    + [("r", b"HTTP/1.1 " + v + b"\r\nContent-Length: 3\r\n\r\n") for v in (
        b"100 Continue", b"102 P", b"103 Early Hints", b"204 No", b"304 Same",
        b"099 X", b"99 X", b"2000 X", b"600 X", b"1 X")]
    + [("r", b"HTTP/1.1 " + v + b"\r\nContent-Length: 0\r\n\r\n") for v in (
        b"200", b"200 ", b"200  two", b"200 \xff", b"200 a\x01b", b"205 R", b"999 X")]
    + [("r", v + b" 200 OK\r\nContent-Length: 0\r\n\r\n") for v in (
        b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0", b"HTTP/1.10", b"http/1.1", b"ICY")]
    + [("r", OK + b"\r\nuntil the end"), ("r", b"HTTP/1.0 200 OK\r\n" + TE + b"\r\n" + ABCD),
       ("r", OK + b"Connection: close\r\nContent-Length: 1\r\n\r\na"),
       ("r", OK.replace(b"\r\n", b"\n") + b"Content-Length: 1\n\na"),
       ("h", OK + b"Content-Length: 9\r\n\r\n"), ("h", OK + TE + b"\r\n"),
       ("c", OK + b"Content-Length: 9\r\n\r\n"),
       ("r", b"HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\5hello")]
    + [("r", OK + TE + b"\r\n" + c) for c in (
        ABCD, b"4;a=b\r\nabcd\r\n0;c\r\n\r\n", b"4 \r\nabcd\r\n0\r\n\r\n",
        b"0004\r\nabcd\r\n000\r\n\r\n", b"4\nabcd\n0\n\n", b" 4\r\nabcd\r\n0\r\n\r\n",
        b"+4\r\nabcd\r\n0\r\n\r\n", b"0x4\r\nabcd\r\n0\r\n\r\n", b"\r\nabcd\r\n0\r\n\r\n",
        b"2\r\nabcd\r\n0\r\n\r\n", b"4\r\nabcd0\r\n\r\n",
        b"0\r\nX-T: 1\r\nX-U: 2\r\n\r\n", b"0\r\nContent-Length: 3\r\n\r\n")])]


# ---- new ones ---------------------------------------------------------------

SPICE = [b"\r", b"\n", b"\r\n", b" ", b"\t", b":", b";", b",", b"0", b"\0", b"\x7f", b"\xff",
         b"a", b"chunked", b"5", b"-"]


def mutate(rnd, stream):
    s = bytearray(stream)
    for _ in range(rnd.randint(1, 3)):
        at = rnd.randrange(len(s) + 1)
        what = rnd.randrange(3)
        if what == 0:
            s[at:at + 1] = rnd.choice(SPICE)
        elif what == 1:
            s[at:at] = rnd.choice(SPICE)
        else:
            del s[at:at + rnd.randint(1, 3)]
    return bytes(s)


class Grammar:
    """Composes streams; `odd` is how often a part is not as it should be."""

    METHODS = (b"GET", b"POST", b"PUT", b"HEAD", b"DELETE", b"OPTIONS", b"PATCH", b"PROPFIND", b"CONNECT")
    TARGETS = (b"/", b"/a", b"/a?b=c&d", b"/%20", b"*", b"http://h/a", b"h:80", b"/" + b"x" * 300)
    LENGTHS = (b"3", b"0", b"5", b"003", b"+3", b"-3", b"0x3", b"3_0", b"3 3", b"", b"3,3", b"3, 4", b"3;", b"3\t",
               b"\t3", b"9223372036854775807", b"9223372036854775808", b"18446744073709551619", b"3.0", b"3e0")
    CODINGS = (b"chunked", b"Chunked", b"CHUNKED", b" chunked ", b"gzip, chunked", b"chunked, gzip", b"gzip",
               b"identity", b"chunked, chunked", b"chunked;a=b", b"xchunked", b"chunkedx", b"\x0bchunked", b"",
               b",chunked", b"chunked,", b"identity, chunked", b"\"chunked\"")
    CONNECTIONS = (b"close", b"keep-alive", b"Close, keep-alive", b"x, close", b"upgrade", b"keep-alive, Upgrade",
                   b"close,", b"\tclose", b"TE, close ", b"closed", b"Transfer-Encoding")
    FIELDS = (b"Host: x", b"X: a", b"X:a", b"X:", b"X:  a  b ", b"X: \t", b"Expect: 100-continue", b"Cookie: a=b; c",
              b"Upgrade: websocket", b"Upgrade: h2c", b"Trailer: X-T", b"TE: trailers", b"X: \xff\x80", b"Keep-Alive: 5",
              b"Proxy-Connection: close", b"X: " + b"v" * 300)
    ODD_FIELDS = (b"X : a", b"X Y: a", b"X\t: a", b" X: a", b"\tX: a", b"X: a\r\n b", b"X: a\r\n\tb", b"X: a\rb", b"X: a\0b",
                  b"X\0: a", b"X: a\1b", b"X: a\x7fb", b"X\xff: a", b": a", b"Xabc", b"X\x0b: a", b"X: a\n", b"X: a\r",
                  b"(X): a", b"Content-Length : 3", b"Content-Length\0: 3", b"Transfer-Encoding : chunked",
                  b"Transfer-Encoding:\r\n chunked", b"Content_Length: 3", b"X: a\r\nContent-Length:3")
    SIZES = (b"4", b"04", b"0004", b"4;a=b", b"4;a=\"b\"", b"4;a=\"b;c\"", b"4;", b"4;;", b"4 ;a", b"4; a = b", b"4 ", b"4\t",
             b" 4", b"+4", b"-4", b"0x4", b"4_", b"4h", b"", b";a", b"4\0", b"4;a\0", b"4;a\x80", b"4;a\x01", b"4;a\tb",
             b"10000000000000004", b"fffffffffffffffff", b"00000000000000000000004", b"4;" + b"e" * 300, b"4;a=\"b", b"4;a=b=c",
             b"4;=", b"4;a\rb", b"4\r", b"4;\"a\"", b"4,4", b"3", b"5")
    STATUSES = (b"200", b"200", b"200", b"404", b"500", b"100", b"103", b"101", b"204", b"304", b"205", b"199", b"600", b"999")
    VERSIONS = (b"HTTP/1.0", b"HTTP/1.0", b"HTTP/1.2", b"HTTP/1.9", b"HTTP/2.0", b"HTTP/0.9", b"HTTP/1.10", b"http/1.1",
                b"HTTP/1", b"HTTP /1.1", b"HTTP/01.1", b"HTTP/1.1 ", b"RTSP/1.0", b"")

    def __init__(self, rnd, odd=0.04):
        self.rnd, self.odd = rnd, odd

    def rare(self, times=1):
        return self.rnd.random() < self.odd * times

    def eol(self):
        return self.rnd.choice((b"\n", b"\r", b"\r\r\n", b"\n\r", b"\r\n\r\n", b"")) if self.rare(0.3) else b"\r\n"

    def some(self, first, others, times=1):
        return self.rnd.choice(others) if self.rare(times) else first

    def spaces(self):
        return self.some(b" ", (b"  ", b"\t", b"", b" \t", b"\x0b"), 0.3)

    def line(self, kind):
        version = self.some(b"HTTP/1.1", self.VERSIONS)
        if kind == "q":
            method = self.some(self.rnd.choice(self.METHODS[:8]), (b"CONNECT", b"FROB", b"get", b"G(T", b"PRI", b"SOURCE", b""))
            target = self.some(self.rnd.choice(self.TARGETS[:5]), self.TARGETS + (b"/a b", b"/\xff", b"/\1", b"/\t", b"a", b"/\0"))
            parts = [method, self.spaces(), target, self.spaces(), version]
        else:
            status = self.some(self.rnd.choice(self.STATUSES), (b"20", b"2000", b"099", b"2x0", b"", b"-20", b"+20"))
            reason = self.rnd.choice((b"OK", b"Not so", b"", b"\xe9", b"a\tb")) if not self.rare() else b"a\1\0b"
            parts = [version, self.spaces(), status, self.spaces(), reason]
        return b"".join(parts) + self.eol()

    def field(self):
        r = self.rnd.random()
        if r < self.odd:
            return self.rnd.choice(self.ODD_FIELDS)
        name = self.rnd.choice((b"X", b"Y", b"Z-a"))
        if r < 0.12:
            return b"Connection: " + self.rnd.choice(self.CONNECTIONS)
        return self.rnd.choice(self.FIELDS) if r < 0.6 else name + b": " + b"v" * self.rnd.randrange(20)

    def chunk(self):
        size, data = self.some(b"4", self.SIZES, 3), b"abcd"
        if not self.rare(8):
            data = bytes(self.rnd.choice(b"ab\r\n0;:") for _ in range(self.rnd.choice((1, 2, 9, 16, 40))))
            size = b"%x" % len(data)
            if self.rare(3):
                size = size.upper()
            size += self.some(b"", (b";a", b";a=b", b" ", b";a=\"b c\"", b";x;y=z"), 4)
        return size + self.eol() + data + self.eol()

    def framing(self):
        """The fields that frame, and a body for them, right or not."""
        r = self.rnd.random()
        if r < 0.25:
            return [], b""
        if r < 0.55:
            n = self.rnd.randrange(12)
            return [b"Content-Length: " + self.some(b"%d" % n, self.LENGTHS, 4)], b"c" * n
        fields = [self.some(b"Transfer-Encoding", (b"transfer-encoding", b"TRANSFER-ENCODING"), 3) + b": "
                  + self.some(b"chunked", self.CODINGS, 4)]
        body = b"".join(self.chunk() for _ in range(self.rnd.randrange(4)))
        body += self.some(b"0", (b"00", b"0;a", b"0 ", b"0\t;b", b"-0", b"0x0", b"", b"0;\xff"), 3) + self.eol()
        if self.rare(5):
            body += b"".join(self.some(b"X-T: 1", (b"X-U:  2 ", b"Content-Length: 3", b"Host: y") + self.ODD_FIELDS, 6) + self.eol()
                             for _ in range(self.rnd.randrange(1, 4)))
        if self.rare(2):
            fields.append(b"Content-Length: " + self.rnd.choice(self.LENGTHS))
        if self.rare():
            fields.append(b"Transfer-Encoding: " + self.rnd.choice(self.CODINGS))
        return fields, body + self.eol()

    def message(self, kind):
        framing, body = self.framing()
        fields = [self.field() for _ in range(self.rnd.randrange(4))] + framing
        self.rnd.shuffle(fields)
        head = self.line(kind) + b"".join(f + self.eol() for f in fields) + self.eol()
        if kind == "h" and not self.rare():
            body = b""
        first = self.some(b"", (b"\r\n", b"\n", b"\r\n\r\n", b" ", b"\r"))
        return first + head + body

    def stream(self, kind):
        s = b"".join(self.message(kind) for _ in range(self.rnd.choice((1, 1, 2, 3))))
        r = self.rnd.random()
        if r < 0.3:
            s = mutate(self.rnd, s)
        elif r < 0.35:
            s = s[:self.rnd.randrange(len(s) + 1)]
        return s + (NEXT if kind == "q" else LAST)

    def record(self):
        kind = self.rnd.choice("qqqrrh" + ("c" if self.rare(5) else "r"))
        return kind, self.stream(kind)


# ---- opinions -----------------------------------------------------------------

def build_tool(folder):
    tool = os.path.join(folder, "dump")
    subprocess.run(shlex.split(os.environ.get("CC", "cc")) + [
        "-std=c11", "-D_GNU_SOURCE", "-I" + os.path.join(ROOT, "include"), os.path.join(HERE, "http1_dump.c"),
        os.path.join(BUILD, "libdvr.a"), "-o", tool], check=True)
    return tool


def feed(records):
    return b"".join(k.encode() + len(s).to_bytes(4, "big") + s for k, s in records)


class Opinion:
    """What one parser saw: messages (method or status, target, minor, fields, body, trailers),
    which of them it doubts (one more for what follows the last), and how it ended."""

    def __init__(self, messages, doubts, end):
        self.messages, self.doubts, self.end = messages, doubts, end

    def __repr__(self):
        return "%s, then %s" % ([tuple(unhex(p) for p in m) for m in self.messages], self.end)


def unhex(part):
    try:
        return bytes.fromhex(part).decode("latin1") if len(part) > 3 else part
    except ValueError:
        return ", ".join(": ".join(bytes.fromhex(x).decode("latin1") for x in f.split("=")) for f in part.split(",")[:-1])\
            if "=" in part else part


def ours(records, tool):
    out = subprocess.run([tool], input=feed(records), stdout=subprocess.PIPE, check=True).stdout.decode()
    for line in out.splitlines():
        seen, _, end = line.partition("!")
        parts = seen.split(";")
        yield Opinion([tuple(p.replace("?", "").split(" ")) for p in parts[:-1]], ["?" in p for p in parts], end)


def beyond_node(messages, stream, methods):
    """What Node refuses without any doubt about framing."""
    for m in messages:
        name, raw = bytes.fromhex(m[0]).decode("latin1"), bytes.fromhex(m[1])
        if name not in methods or name == "CONNECT":
            return "method"
        if any(b >= 0x80 for b in raw) or not raw.startswith((b"/", b"*")):
            return "target"
    if b"pgrade" in stream or b"xpect" in stream:
        return "upgrade"
    return None


def core(message):
    """What two readers must agree on: what was asked or answered, and the body."""
    return message[0], message[1], message[4]


def field(message, name):
    """That field's values in a message, in one list of lower case."""
    fields = [f.split("=") for f in message[3].split(",")[:-1]]
    values = [bytes.fromhex(v).decode("latin1").lower() for n, v in fields if bytes.fromhex(n).lower() == name]
    return [v.strip() for v in ",".join(values).split(",") if v.strip()]


# Where we choose to differ from Node's parser: the reason, and how to tell from the
# streafrom the last message that both could have seen.
CHOSEN = (
    ("Node's parser reads RTSP and ICE as if they were HTTP",
     lambda kind, stream, m: b"RTSP/" in stream or b"ICE/" in stream),
    ("after CONNECT or Upgrade the connection is no HTTP for Node's parser; we go on until the answer agrees",
     lambda kind, stream, m: kind == "q" and (bytes.fromhex(m[0]) == b"CONNECT" or "upgrade" in field(m, b"connection"))),
    ("Proxy-Connection frames nothing (RFC 9110 7.6.1, and nginx); for Node it is Connection",
     lambda kind, stream, m: "close" in field(m, b"proxy-connection")),
    ("HTTP/1.0 with close and keep-alive: close wins (RFC 9112 9.3, and nginx)",
     lambda kind, stream, m: m[2] == "0" and {"close", "keep-alive"} <=
     set(field(m, b"connection") + field(m, b"proxy-connection"))),
    ("an interim answer does not end the connection, whatever it says",
     lambda kind, stream, m: kind != "q" and m[0][:1] == "1"),
    ("there is no status below 100 (RFC 9110 15)",
     lambda kind, stream, m: kind != "q" and b".1 0" in stream or b".0 0" in stream),
    ("no NUL and no bare CR in a head, the reason phrase included (RFC 9110 5.5)",
     lambda kind, stream, m: kind != "q" and (b"\0" in stream or b"\r\r" in stream)),
    ("a tab is white space, too (RFC 9110 5.6.3): Node does not see the close before it",
     lambda kind, stream, m: re.search(rb"(?i)connection:[^\r\n]*\t", stream)),
    ("\"chunked,\" ends in chunked (RFC 9110 5.6.1.2, nginx and curl)",
     lambda kind, stream, m: kind != "q" and field(m, b"transfer-encoding")[-1:] == ["chunked"]),
)


def chosen(kind, stream, we, they):
    """The reason why a difference is no fault of ours, or None: it lies with a message
    up to the first that the two do not share."""
    pairs = itertools.zip_longest(we.messages, they.messages)
    seen = [m for both in until(pairs, lambda p: None in p or core(p[0]) != core(p[1])) for m in both if m]
    return next((why for why, known in CHOSEN if any(known(kind, stream, m) for m in seen or [NOTHING])), None)


NOTHING = ("", "", "", "", "", "")


def until(items, last):
    for i in items:
        yield i
        if last(i):
            return


def judge(kind, stream, we, they, methods):
    """None, or what differs. Node may refuse what we only doubt; what it takes, it must
    take as we do; and neither may see a message that the other does not."""
    seen = they.messages
    if we.end == "bad!split":
        return "our pieces are not our whole"
    if [core(m) for m in seen] != [core(m) for m in we.messages[:len(seen)]]:
        return "Node saw other messages"
    for m, n, doubt in zip(seen, we.messages, we.doubts):
        if m != n and not doubt:
            return "Node saw other fields"
    if len(seen) == len(we.messages):
        if we.end == "ok" and they.end and not we.doubts[-1]:
            return "only Node refuses: " + they.end
        return None
    if kind == "q" and beyond_node(we.messages[len(seen):], stream, methods):
        return None
    # Node stopped earlier: we must have had a doubt by that message.
    return None if any(we.doubts[:len(seen) + 1]) else "Node stopped earlier: " + they.end


class NodeParser:
    """Node's parser as a process: records in, opinions out, in batches."""

    def __enter__(self):
        self.p = subprocess.Popen(["node", "--no-deprecation", os.path.join(HERE, "http1_parser.js")],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.methods = json.loads(self.p.stdout.readline())
        return self

    def __exit__(self, *exc):
        self.p.kill()
        self.p.communicate()

    def opinions(self, records):
        # In another thread: both pipes hold less than a batch.
        t = threading.Thread(target=lambda: (self.p.stdin.write(feed(records)), self.p.stdin.flush()))
        t.start()
        for _ in records:
            messages, refused = json.loads(self.p.stdout.readline())
            known = [tuple(map(str, m[:3] + m[4:])) for m in itertools.takewhile(lambda m: m[3] == 1, messages)]
            yield Opinion(known, [], refused)
        t.join()


def differences(records, tool, parser):
    """(why, kind, stream, ours, theirs) for each record that the two judge otherwise."""
    for (kind, stream), we, they in zip(records, ours(records, tool), parser.opinions(records)):
        why = judge(kind, stream, we, they, parser.methods)
        if why and not chosen(kind, stream, we, they):
            yield why, kind, stream, we, they
