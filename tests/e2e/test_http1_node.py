"""Node as the judge of our HTTP/1.1 decoder: what we call clean, Node sees just so
(methods, targets, statuses, fields, bodies, trailers, number of messages); what we
refuse, Node refuses at the same message; where we say "ambiguous", Node may have
stopped earlier.  A whole http.Server has the traps for requests; its parser alone
has all traps and what a grammar composes, the same on every run.  `make
fuzz-http1` goes on from there."""
import json
import os
import random
import socket
import subprocess
import sys
import tempfile

from http1_streams import (ANSWERS, CHOSEN, Grammar, NodeParser, Opinion, TRAPS, build_tool, chosen, differences, judge, mutate,
                           ours)

# One line for each complete request, one for the end of each connection.
SERVER = r"""
const http = require('http');
const hex = (s) => Buffer.from(s, 'latin1').toString('hex');
const pairs = (list) => list.reduce((out, s, i) => out + hex(s) + (i % 2 ? ',' : '='), '');
const say = (o) => process.stdout.write(JSON.stringify(o) + '\n');
const s = http.createServer({ requireHostHeader: false }, (q, r) => {
  const parts = [], port = q.socket.remotePort;
  q.on('data', (d) => parts.push(d));
  q.on('error', () => {});
  q.on('end', () => {
    say({ port, version: q.httpVersion, minor: String(q.httpVersionMinor), method: q.method, target: hex(q.url),
      fields: pairs(q.rawHeaders), body: Buffer.concat(parts).toString('hex'), trailers: pairs(q.rawTrailers) });
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
            return Opinion(messages, [], o["refused"])
        # HTTP/0.9 and a preface of HTTP/2 are no business of this decoder.
        if not o["version"].startswith("1."):
            foreign = True
        if not foreign:
            messages.append((o["method"].encode().hex(), o["target"], o["minor"],
                             o["fields"], o["body"], o["trailers"]))


# One stream for each reason to differ, in the order of CHOSEN, that shows it.
DIFFERENCES = (
    ("q", b"GET /a RTSP/1.0\r\n\r\n"),
    ("q", b"CONNECT h:80 HTTP/1.1\r\n\r\nGET /a HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("q", b"GET /a HTTP/1.1\r\nProxy-Connection: close\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("q", b"GET /a HTTP/1.0\r\nConnection: close, keep-alive\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("r", b"HTTP/1.1 103 E\r\nConnection: close\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ("r", b"HTTP/1.1 099 N\r\nContent-Length: 0\r\n\r\n"),
    ("r", b"HTTP/1.1 200 a\0b\r\nContent-Length: 0\r\n\r\n"),
    ("q", b"GET /a HTTP/1.1\r\nConnection: close\t\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("r", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked,\r\n\r\n1\r\na\r\n0\r\n\r\n"),
)


def show(why, stream, we, they):
    print("%s\n  sent %r\n  ours %r\n  node %r" % (why, stream, we, they))
    return 1


def with_the_server(streams, tool):
    """Requests through sockets to a whole http.Server."""
    bad = clean = 0
    server = subprocess.Popen(["node", "-e", SERVER], stdout=subprocess.PIPE, text=True)
    try:
        hello = json.loads(server.stdout.readline())
        for stream, we in zip(streams, ours([("q", s) for s in streams], tool)):
            they = node(hello["listening"], server.stdout, stream)
            clean += we.end == "ok" and not any(we.doubts)
            why = judge("q", stream, we, they, hello["methods"])
            if why and not chosen("q", stream, we, they):
                bad += show(why, stream, we, they)
    finally:
        server.kill()
        server.communicate()
    print("http.Server: %d streams, %d of them clean, %d judged otherwise" % (len(streams), clean, bad))
    return bad + (clean < 30)


def with_the_parser(rnd, tool):
    """Both directions; and the reasons to differ are still true."""
    known = [("q", s) for s in TRAPS] + ANSWERS
    grammar = Grammar(rnd)
    records = known + [grammar.record() for _ in range(6000)]
    records += [(k, mutate(rnd, s)) for k, s in (rnd.choice(known) for _ in range(2000))]
    bad = 0
    with NodeParser() as parser:
        for why, kind, stream, we, they in differences(records, tool, parser):
            bad += show(why, stream, we, they)
        assert len(DIFFERENCES) == len(CHOSEN)
        opinions = zip(DIFFERENCES, CHOSEN, ours(DIFFERENCES, tool), parser.opinions(DIFFERENCES))
        for (kind, stream), (reason, _), we, they in opinions:
            if not judge(kind, stream, we, they, parser.methods):
                bad += show("there is no difference any more: " + reason, stream, we, they)
            elif chosen(kind, stream, we, they) != reason:
                bad += show("this shows another difference than: " + reason, stream, we, they)
    print("parser: %d streams, %d judged otherwise" % (len(records), bad))
    return bad


def main():
    rnd = random.Random(os.environ.get("SEED", "dvr"))
    with tempfile.TemporaryDirectory() as tmp:
        tool = build_tool(tmp)
        streams = TRAPS + [mutate(rnd, rnd.choice(TRAPS)) for _ in range(500)]
        return 1 if with_the_server(streams, tool) + with_the_parser(rnd, tool) else 0


sys.exit(main())
