"""Dependencies behind TLS, HTTP/2 and gRPC, recorded and then played by mocks."""
import json
import os
import shutil
import socket
import sys
import threading
import unittest

from harness import Case, free_port, main
from test_transparency import grpc_python
from tls_peers import Authority, serve, serve_raw

HERE = os.path.dirname(os.path.abspath(__file__))

# Speaks HTTP/2 alone, behind TLS where there is a certificate; prints its port.
DEPENDENCY = r'''
import fs from "node:fs";
import http2 from "node:http2";
const { CERT, KEY, HOST } = process.env;
const s = CERT ? http2.createSecureServer({ cert: fs.readFileSync(CERT), key: fs.readFileSync(KEY) }) : http2.createServer();
s.on("stream", (stream, h) => {
  let got = "";
  stream.on("data", (d) => { got += d; });
  stream.on("end", () => {
    stream.respond({ ":status": 200, "content-type": "application/json" });
    stream.end(JSON.stringify({ path: h[":path"], got, who: process.env.WHO ?? "dep" }));
  });
});
s.on("sessionError", () => {});
s.listen(0, HOST ?? "127.0.0.1", () => console.log(s.address().port));
'''

# GET /go asks $DEP_URL (or, through the proxy $WORLD, what $CALLS lists) over HTTP/2.
SERVICE = r'''
import http from "node:http";
import http2 from "node:http2";
import tls from "node:tls";

function through(proxy, url) {
  const to = new URL(url), by = new URL(proxy);
  return new Promise((done, fail) => {
    const r = http.request({ host: by.hostname, port: by.port, method: "CONNECT", path: to.host });
    r.on("error", fail);
    r.on("connect", (answer, socket) => {
      if (answer.statusCode !== 200) return fail(new Error("CONNECT " + answer.statusCode));
      if (to.protocol === "http:") return done(socket);
      const t = tls.connect({ socket, ALPNProtocols: ["h2", "http/1.1"], host: to.hostname }, () => done(t));
      t.on("error", fail);
    });
    r.end();
  });
}

async function open(url) {
  const socket = process.env.WORLD && await through(process.env.WORLD, url);
  const c = http2.connect(url, socket ? { createConnection: () => socket } : {});
  c.on("error", () => {});
  return c;
}

function ask(c, path, body) {
  return new Promise((done) => {
    const r = c.request({ ":path": path, ":method": body ? "POST" : "GET" });
    let said = "", status = 0;
    r.on("response", (h) => { status = h[":status"]; });
    r.on("data", (d) => { said += d; });
    r.on("error", (x) => done({ error: x.message }));
    r.on("end", () => done({ status, alpn: c.alpnProtocol, ...(said.startsWith("{") ? JSON.parse(said) : { said }) }));
    if (body) r.write(body);
    r.end();
  });
}

http.createServer(async (q, r) => {
  if (q.url === "/health") return r.end("ok");
  const said = [];
  for (const url of process.env.CALLS ? JSON.parse(process.env.CALLS) : [process.env.DEP_URL]) {
    const c = await open(url).catch((x) => { said.push(x.message); });
    if (!c) continue;
    said.push(await ask(c, "/level?x=1"));
    said.push(await ask(c, "/level", "some words"));
    if (process.env.EXTRA) said.push(await ask(c, "/extra", "more words"));
    c.close();
  }
  const good = process.env.FIXED === "1" && (!process.env.WANT || process.env.WANT === JSON.stringify(said));
  r.statusCode = good ? 200 : 500;
  r.setHeader("content-type", "application/json");
  r.end(JSON.stringify({ said }));
}).listen(Number(process.env.PORT), "127.0.0.1");
'''


class WireCase(Case):
    def setUp(self):
        super().setUp()
        for name in [n for n in self.env if n.lower().endswith("_proxy") or "CERT" in n or "_CA" in n]:
            del self.env[name]
        self.ca = Authority(self.dir)
        self.write("dep.mjs", DEPENDENCY)
        self.write("app.mjs", SERVICE)

    def dependency(self, host="127.0.0.1", secure=True, **env):
        """A Node HTTP/2 server: its process and URL."""
        env = dict(self.env, HOST=host, **env)
        if secure:
            env["CERT"], env["KEY"] = self.ca.leaf("dep-" + host, "DNS:localhost,IP:" + host)
        p = self.start("node", "dep.mjs", env=env)
        return p, "http%s://%s:%s" % ("s" * secure, host, p.stdout.readline().strip())

    def stop(self, p):
        p.kill()
        p.wait()

    def spec(self, lanes, command=("node", "app.mjs"), replay="", env=""):
        self.config(service=False, spec="""
            service:
              command: %s
              ready: {path: /health, timeout: 20s}
              env: {X: "1"%s}
            lanes:
              - {name: client, role: ingress}
              %s
            replay: {settle: 50ms%s}
            """ % (json.dumps(command), env, "\n              ".join("- " + l for l in lanes), replay))

    def record(self):
        r = self.run_suite('s, b = get("/go")\nprint(b.decode())\nsys.exit(s != 500)')
        self.assertEqual(r.code, 0, r)
        self.assertEqual(len(self.tapes()), 1, r)
        return r

    def tape_text(self):
        return "".join(self.read("fixtures", t, "tape.yaml").decode() for t in self.tapes())

    def regress(self, code, *flags, **env):
        r = self.dvr("regress", *flags, env=dict(self.env, **env))
        self.assertEqual(r.code, code, r)
        return r


@unittest.skipUnless(shutil.which("node"), "no node")
class Http2OverTls(WireCase):
    DEP = ("{name: dep, role: egress, listen: 'https://127.0.0.1:0', target: '%s', "
           "env: DEP_URL, ca: their-ca.pem}")

    def said(self, r):
        return json.dumps(json.loads(r.out.splitlines()[0])["said"], separators=(",", ":"))

    def test_a_mock_chooses_what_the_dependency_chose(self):
        p, url = self.dependency()
        self.spec([self.DEP % url])
        r = self.record()
        self.stop(p)
        self.assertEqual(self.said(r).count('"alpn":"h2"'), 2, r)
        self.assertIn("reproduces: 3/3", r.err, r)
        self.assertIn("protocol: h2", self.tape_text())
        self.regress(1)
        r = self.regress(0, FIXED="1", WANT=self.said(r))
        self.assertNotIn("diverged", r.out)

    def test_in_tunnels_each_host_has_its_own(self):
        p, one = self.dependency("127.0.0.2", WHO="one")
        q, two = self.dependency("127.0.0.3", WHO="two")
        calls = json.dumps(json.dumps([one, two]))
        self.spec(["{name: world, role: egress, proxy: forward, env: WORLD, ca: their-ca.pem}"],
                  env=", CALLS: " + calls)
        r = self.record()
        self.stop(p)
        self.stop(q)
        self.assertEqual(self.said(r).count('"alpn":"h2"'), 4, r)
        self.assertIn("reproduces: 3/3", r.err, r)
        r = self.regress(0, FIXED="1", WANT=self.said(r))
        self.assertNotIn("diverged", r.out)

    def test_what_nobody_recorded_is_passed_through(self):
        p, url = self.dependency()
        self.spec([self.DEP % url], replay=", on_miss: passthrough")
        said = json.loads(self.said(self.record()))
        more = dict(said[1], path="/extra", got="more words")
        r = self.regress(0, "-v", FIXED="1", EXTRA="1", WANT=json.dumps(said + [more], separators=(",", ":")))
        self.assertIn("PASSED THROUGH: dep: POST /extra", r.out)
        self.assertNotIn("PASSED THROUGH: dep: POST /level", r.out)
        self.stop(p)
        r = self.regress(1, FIXED="1", EXTRA="1")
        self.assertIn("did not answer", r.out)

    def test_through_tunnels_too(self):
        p, one = self.dependency("127.0.0.2", WHO="one")
        q, two = self.dependency("127.0.0.3", WHO="two")
        lane = "{name: world, role: egress, proxy: forward, env: WORLD, ca: their-ca.pem}"
        self.spec([lane], env=", CALLS: " + json.dumps(json.dumps([one])), replay=", on_miss: passthrough")
        self.record()
        self.spec([lane], env=", CALLS: " + json.dumps(json.dumps([one, two])), replay=", on_miss: passthrough")
        r = self.regress(0, "-v", FIXED="1", EXTRA="1")
        self.assertIn("PASSED THROUGH: world: POST /extra", r.out)
        self.assertIn("went to " + two, r.out)


# GET /go asks $DEP_URL three times over TLS and says what came of it.
HANDSHAKES = r'''
import http.client, http.server, json, os, ssl
from urllib.parse import urlsplit

def ask():
    u, way = urlsplit(os.environ["DEP_URL"]), urlsplit(os.environ.get("WORLD", ""))
    try:
        if way.hostname:
            c = http.client.HTTPSConnection(way.hostname, way.port, timeout=10)
            c.set_tunnel(u.hostname, u.port)
        else:
            c = http.client.HTTPSConnection(u.hostname, u.port, timeout=10)
        c.request("GET", "/level")
        return c.getresponse().read().decode()
    except ssl.SSLError as x:
        return x.reason
    except Exception as x:
        return type(x).__name__ + ": " + str(x)

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *a): pass
    def do_GET(self):
        said = [ask() for i in range(3)] if self.path == "/go" else []
        good = self.path != "/go" or (os.environ.get("FIXED") == "1" and json.loads(os.environ["WANT"]) == said)
        data = json.dumps({"said": said}).encode()
        self.send_response(200 if good else 500)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
'''


class Handshakes(WireCase):
    """TLS with a dependency that failed fails again in the replay, and with the same words."""

    def play(self, lane, server, said, env=""):
        self.write("handshakes.py", HANDSHAKES)
        self.spec([lane], [sys.executable, "handshakes.py"], env=env)
        r = self.record()
        heard = json.loads(r.out.splitlines()[0])["said"]
        self.assertEqual([s if s.isupper() else "ok" for s in heard], said, r)
        self.assertIn("reproduces: 3/3", r.err, r)
        calls = len(server.calls)
        r = self.regress(0, FIXED="1", WANT=json.dumps(heard))
        self.assertNotIn("was not made", r.out)
        self.assertEqual(len(server.calls), calls)

    def test_each_time(self):
        server = serve(self, leaf=self.ca.leaf("old", days="-1"))
        self.play(Http2OverTls.DEP % ("https://localhost:%d" % server.port), server,
                  ["SSLV3_ALERT_CERTIFICATE_EXPIRED"] * 3)

    def test_until_it_was_mended(self):
        other = self.path("other")
        os.mkdir(other)
        bad = serve(self, leaf=Authority(other).leaf("stranger"))
        good = serve(self, leaf=self.ca.leaf("good"))
        ports = [bad.port, good.port, good.port]

        def talk(s):
            with socket.create_connection(("127.0.0.1", ports.pop(0))) as to:
                pump = threading.Thread(target=copy, args=(to, s))
                pump.start()
                copy(s, to)
                pump.join()
        self.play(Http2OverTls.DEP % ("https://localhost:%d" % serve_raw(self, talk)), good,
                  ["TLSV1_ALERT_UNKNOWN_CA", "ok", "ok"])

    def test_in_a_tunnel(self):
        server = serve(self, leaf=self.ca.leaf("old", "IP:127.0.0.6", days="-1"), host="127.0.0.6")
        self.play("{name: world, role: egress, proxy: forward, env: WORLD, ca: their-ca.pem}", server,
                  ["SSLV3_ALERT_CERTIFICATE_EXPIRED"] * 3, ", DEP_URL: 'https://127.0.0.6:%d'" % server.port)


def copy(one, other):
    try:
        while data := one.recv(65536):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)
    except OSError:
        pass    # the other way has ended it


# Asks transparent_grpc.py's service at $DEP_URL; $TURNS: waits for each answer.
GRPC = r'''
import grpc, http.server, json, os, queue, sys
from urllib.parse import urlsplit

def calls():
    u = urlsplit(os.environ["DEP_URL"])
    channel = (grpc.secure_channel(u.netloc, grpc.ssl_channel_credentials()) if u.scheme == "https"
               else grpc.insecure_channel(u.netloc))
    said = []
    with channel:
        said.append(channel.unary_unary("/t.T/Unary")(b"hello", timeout=20).decode())
        try:
            channel.unary_unary("/t.T/Fail")(b"x", timeout=20)
        except grpc.RpcError as x:
            said.append(x.code().name)
        if os.environ.get("EXTRA"):
            said.append(channel.unary_unary("/t.T/Unary")(b"extra" * 1000, timeout=20).decode()[:10])
            said.append([m.decode() for m in channel.unary_stream("/t.T/Watch")(b"", timeout=20)])
        if os.environ.get("UPLOAD"):
            lines = (b"line %d " % i * 10 for i in range(int(os.environ["UPLOAD"])))
            said.append(channel.stream_unary("/t.T/Upload")(iter([os.urandom(16).hex().encode(), *lines]),
                                                            timeout=60)[:1].decode())
        for talk in os.environ.get("TALKS", "one,two,three").split("|"):
            words = queue.Queue()
            chat = channel.stream_stream("/t.T/Chat")(iter(words.get, None), timeout=6)
            try:
                for w in talk.split(","):
                    words.put(w.encode())
                    said.append(next(chat).decode())
                words.put(None)
                said.append(len(list(chat)))
                said.append(chat.code().name)
            except grpc.RpcError as x:
                words.put(None)
                said.append(x.code().name + ": " + x.details())
    return said

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *a): pass
    def do_GET(self):
        said = calls() if self.path == "/go" else []
        good = self.path != "/go" or (os.environ.get("FIXED") == "1" and
                                      os.environ.get("WANT", json.dumps(said)) == json.dumps(said))
        data = json.dumps({"said": said}).encode()
        self.send_response(200 if good else 500)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
'''


class Grpc(WireCase):
    SAID = ["hello", "FAILED_PRECONDITION", "eno", "owt", "eerht", 0, "OK"]

    def setUp(self):
        super().setUp()
        self.python = grpc_python()
        if not self.python:
            self.skipTest("no python3 with grpcio")
        self.write("grpc_app.py", GRPC)

    def service(self, host="127.0.0.1"):
        cert, key = self.ca.leaf("grpc", "DNS:localhost,IP:127.0.0.1")
        env = dict(self.env, CERT=cert, KEY=key, LOG=self.path("log"))
        p = self.start(self.python, os.path.join(HERE, "transparent_grpc.py"), "serve", env=env)
        plain, secure = json.loads(p.stdout.readline())
        return p, plain, secure

    def play(self, secure):
        p, plain, tls = self.service()
        self.spec([Http2OverTls.DEP % ("https://localhost:%d" % tls) if secure else
                   "{name: dep, role: egress, target: 'http://127.0.0.1:%d', env: DEP_URL}" % plain],
                  [self.python, "grpc_app.py"])
        r = self.record()
        self.stop(p)
        if "TALKS" not in self.env:
            self.assertEqual(json.loads(r.out.splitlines()[0])["said"], self.SAID, r)
        self.assertIn("reproduces: 3/3", r.err, r)
        return r

    def test_calls_over_tls_with_a_talk_in_turns(self):
        self.play(True)
        self.regress(0, FIXED="1", WANT=json.dumps(self.SAID))

    def test_calls_in_the_clear_with_a_talk_in_turns(self):
        self.play(False)
        self.regress(0, FIXED="1", WANT=json.dumps(self.SAID))
        self.regress(1)
        # Another word in the middle, and at the beginning, is a miss that the service is told of.
        for words, heard in (("one,zwei,three", ["eno", "UNIMPLEMENTED: not recorded"]),
                             ("eins,two", ["UNIMPLEMENTED: not recorded"])):
            r = self.regress(1, FIXED="1", TALKS=words, WANT=json.dumps(self.SAID[:2] + heard))
            self.assertIn("nobody recorded POST /t.T/Chat", r.out)
            self.assertIn("500 → 200", r.out)

    def test_calls_that_nobody_recorded_are_passed_through(self):
        p, plain, tls = self.service()
        self.spec(["{name: dep, role: egress, target: 'http://127.0.0.1:%d', env: DEP_URL}" % plain],
                  [self.python, "grpc_app.py"], replay=", on_miss: passthrough")
        self.record()
        want = self.SAID[:2] + ["extra" * 2, ["event %d" % i for i in range(5)]] + self.SAID[2:]
        r = self.regress(0, "-v", FIXED="1", EXTRA="1", WANT=json.dumps(want))
        self.assertIn("PASSED THROUGH: dep: POST /t.T/Watch", r.out)
        self.stop(p)

    def test_a_long_upload_costs_no_more_than_its_length(self):
        """Compared as a whole for each of its messages, it took minutes."""
        self.env.update(UPLOAD="3000", TALKS="one")
        self.play(False)
        self.regress(0, FIXED="1")

    def test_talks_that_begin_alike_are_told_apart_where_they_differ(self):
        self.env["TALKS"] = "one,two,three|one,deux,trois," + "z" * 70000
        said = json.loads(self.play(False).out.splitlines()[0])["said"]
        self.regress(0, FIXED="1", WANT=json.dumps(said))
        self.env["TALKS"] = "|".join(self.env["TALKS"].split("|")[::-1])
        self.regress(0, FIXED="1", WANT=json.dumps(said[:2] + said[7:] + said[2:7]))


# Answers each call with the gRPC status $STATUS, and closes each WebSocket with $CLOSE.
ENDS = r'''
import { createHash } from "node:crypto";
import http from "node:http";
import http2 from "node:http2";
const { STATUS, CLOSE, PORT } = process.env;
if (STATUS !== undefined) {
  const s = http2.createServer();
  s.on("stream", (stream) => {
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": STATUS }));
    stream.resume();
    stream.on("end", () => stream.end(Buffer.from([0, 0, 0, 0, 0])));
  });
  s.on("sessionError", () => {});
  s.listen(Number(PORT), "127.0.0.1");
} else {
  const s = http.createServer((q, r) => r.end());
  s.on("upgrade", (q, socket) => {
    const accept = createHash("sha1").update(q.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Accept: " + accept.digest("base64") + "\r\n\r\n");
    socket.on("error", () => {});
    socket.once("data", () => socket.end(Buffer.from([0x88, 2, CLOSE >> 8, CLOSE & 255])));
  });
  s.listen(Number(PORT), "127.0.0.1");
}
'''
TO_CALL = r'''
import http2 from "node:http2";
const s = http2.connect(process.env.DVR_BASE_URL);
const r = s.request({ ":method": "POST", ":path": "/t.T/Buy", "content-type": "application/grpc", te: "trailers" });
r.end(Buffer.from([0, 0, 0, 0, 0]));
r.resume();
r.on("close", () => s.close());
'''
TO_TALK = r'''
import sys
sys.path.insert(0, %r)
from ws_client import Socket
s = Socket()
s.say("hello")
while s.hear(): pass
''' % HERE


@unittest.skipUnless(shutil.which("node"), "no node")
class Pins(WireCase):
    """An accepted answer is more than HTTP's status where the wire says more."""

    def accept(self, suite, name, bad, fixed, told):
        self.write("ends.mjs", ENDS)
        self.config(service=False, spec="""
            service: {command: [node, ends.mjs], ready: {timeout: 20s}}
            replay: {settle: 50ms}
            """)
        self.env[name] = bad
        r = self.dvr("run", "--", *suite)
        self.assertEqual(r.code, 0, r)
        self.assertEqual(len(self.tapes()), 1, r)
        r = self.dvr("accept", self.tapes()[0])
        self.assertIn("still fails as recorded", r.err, r)
        self.env[name] = fixed
        r = self.dvr("accept", self.tapes()[0])
        self.assertEqual(r.code, 0, r)
        self.assertIn(told, self.read("fixtures", self.tapes()[0], "replay.yaml").decode())
        self.regress(0)

    def test_the_status_of_a_call(self):
        self.write("call.mjs", TO_CALL)
        self.accept(("node", "call.mjs"), "STATUS", "13", "5", "status: 200, grpc: NOT_FOUND")
        self.assertIn("not the accepted answer", self.regress(1, STATUS="0").out)
        self.assertIn("came again", self.regress(1, STATUS="13").out)

    def test_the_close_code_of_a_websocket(self):
        self.write("talk.py", TO_TALK)
        self.accept((sys.executable, "talk.py"), "CLOSE", "1011", "1008", "status: 101, close: 1008")
        self.assertIn("not the accepted answer", self.regress(1, CLOSE="1000").out)
        self.assertIn("came again", self.regress(1, CLOSE="1011").out)


# A service behind TLS where HTTP/2 is chosen: its third request fails unless it is FIXED.
SECURE = r'''
import fs from "node:fs";
import http2 from "node:http2";
const { CERT, KEY, PORT, FIXED } = process.env;
let n = 0;
http2.createSecureServer({ cert: fs.readFileSync(CERT), key: fs.readFileSync(KEY), allowHTTP1: true }, (q, r) => {
  let got = "";
  q.on("data", (d) => { got += d; });
  q.on("end", () => {
    const bad = ++n === 3 && FIXED !== "1";
    r.writeHead(bad ? 500 : 200, { "content-type": "application/json" });
    r.end(JSON.stringify({ n, version: q.httpVersion, path: q.url, got }));
  });
}).listen(Number(PORT), "127.0.0.1");
'''
TO_SECURE = r'''
import http2 from "node:http2";
const c = http2.connect(process.env.DVR_BASE_URL);
const ask = (path, body) => new Promise((done) => {
  const r = c.request({ ":path": path, ":method": "POST" });
  let said = "";
  r.on("data", (d) => { said += d; });
  r.on("end", () => done(console.log(c.alpnProtocol, said)));
  r.end(body);
});
for (const [path, body] of [["/one", "1"], ["/two", "x".repeat(100000)], ["/three", "3"]]) await ask(path, body);
c.close();
'''
ROOM = '''
import sys
sys.path.insert(0, %r)
from ws_client import Socket
s = Socket()
for n in range(3):
    s.say(json.dumps({"say": "hello %%d" %% n}))
    heard = s.hear()
    print(heard)
    if heard is None or heard[0] == 8:
        break
s.close()
''' % HERE


@unittest.skipUnless(shutil.which("node"), "no node")
class Ingress(WireCase):
    """Lanes whose clients and services speak TLS, and something newer within."""

    LANE = "{name: client, role: ingress, listen: 'https://127.0.0.1:0', target: 'https://127.0.0.1:${PORT}', ca: their-ca.pem}"

    def serve(self, command):
        cert, key = self.ca.leaf("service")
        self.config(service=False, spec="""
            service:
              command: %s
              env: {CERT: %s, KEY: %s}
            lanes:
              - %s
            replay: {settle: 50ms}
            """ % (json.dumps(command), json.dumps(cert), json.dumps(key), self.LANE))

    def test_http2_by_alpn_end_to_end(self):
        self.write("secure.mjs", SECURE)
        self.write("client.mjs", TO_SECURE)
        self.serve(["node", "secure.mjs"])
        r = self.dvr("run", "--", "node", "client.mjs")
        self.assertEqual(r.out.count("h2 {"), 3, r)
        self.assertIn("reproduces: 3/3", r.err, r)
        self.assertIn("protocol: h2", self.tape_text())
        self.regress(1)
        r = self.regress(0, "-v", FIXED="1")
        # The service said how it was called: all answers but the last are the recorded ones.
        plan = self.path("fixtures", self.tapes()[0], "replay.yaml")
        with open(plan) as f:
            text = f.read()
        with open(plan, "w") as f:
            f.write(text.replace("expect: fixed", "expect: same"))
        self.regress(0)

    def test_a_wss_service_that_closes_with_1011(self):
        self.serve(["node", os.path.join(HERE, "ws_service.mjs")])
        self.env["BUG"] = "on"
        r = self.run_suite(ROOM)
        self.assertIn("(8, b'\\x03\\xf3", r.out, r)
        self.assertIn("reproduces: 3/3", r.err, r)
        self.assertIn("trigger: {on_close: 1011", self.tape_text())
        self.regress(1)
        self.regress(0, BUG="off")


# POST /login hands out a token; a room is opened by it, says a ticket, and takes no message
# without that; the third one breaks it unless FIXED.  A ticket is good for GET /ticket/ID, too.
TICKETS = r'''
import { createHash, randomBytes } from "node:crypto";
import http from "node:http";
const make = () => randomBytes(12).toString("hex");
const tokens = new Set(), tickets = new Set();
const server = http.createServer((q, r) => {
  r.setHeader("content-type", "application/json");
  if (q.url === "/login") {
    const token = make();
    tokens.add(token);
    return r.end(JSON.stringify({ token }));
  }
  const good = tickets.has(q.url.split("/")[2]);
  r.statusCode = q.url === "/" || good ? 200 : 403;
  r.end(JSON.stringify({ good }));
});
const frame = (op, data) => Buffer.concat([Buffer.from([0x80 | op, data.length]), data]);
const close = (socket, code) => socket.end(frame(8, Buffer.from([code >> 8, code & 255])));
server.on("upgrade", (q, socket) => {
  const accept = createHash("sha1").update(q.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
  socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
    "Sec-WebSocket-Accept: " + accept.digest("base64") + "\r\n\r\n");
  let held = Buffer.alloc(0), ticket = "", n = 0;
  socket.on("error", () => {});
  socket.on("data", (d) => {
    held = Buffer.concat([held, d]);
    while (held.length > 6 && held.length >= 6 + (held[1] & 127)) {
      const size = held[1] & 127, text = Buffer.from(held.subarray(6, 6 + size));
      for (let i = 0; i < size; i++) text[i] ^= held[2 + (i & 3)];
      const op = held[0] & 15;
      held = held.subarray(6 + size);
      if (op !== 1) return socket.end(frame(8, text));
      const said = text.toString();
      if (++n === 1) {
        if (!tokens.has(JSON.parse(said).auth)) return close(socket, 1008);
        setTimeout(() => {
          tickets.add(ticket = make());
          socket.write(frame(1, Buffer.from(JSON.stringify({ ticket }))));
        }, Number(process.env.DELAY ?? 0));
        continue;
      }
      if (!said.startsWith("SAY " + ticket + " ")) return close(socket, 1008);
      if (n === 3 && process.env.FIXED !== "1") return close(socket, 1011);
      socket.write(frame(1, Buffer.from("heard " + said.split(" ")[2])));
    }
  });
});
server.listen(Number(process.env.PORT), "127.0.0.1");
'''
TO_ROOM = r'''
import sys
sys.path.insert(0, %r)
from ws_client import Socket
token = json.loads(post("/login", {})[1])["token"]
s = Socket()
s.say(json.dumps({"auth": token}))
ticket = json.loads(s.hear()[1])["ticket"]
s.say("SAY " + ticket + " one")
print(s.hear())
print(get("/ticket/" + ticket))
s.say("SAY " + ticket + " two")
print(s.hear())
s.close()
''' % HERE


@unittest.skipUnless(shutil.which("node"), "no node")
class Bindings(WireCase):
    """What a service hands out in a replay is what it gets in messages, too."""

    def test_tokens_in_websocket_messages(self):
        self.write("tickets.mjs", TICKETS)
        self.config(service=False, spec="""
            service: {command: [node, tickets.mjs], ready: {path: /, timeout: 20s}}
            replay: {settle: 50ms}
            """)
        r = self.run_suite(TO_ROOM)
        self.assertIn("(1, b'heard one')", r.out, r)
        self.assertIn("(200, b'{\"good\":true}')", r.out, r)
        self.assertIn("reproduces: 3/3", r.err, r)
        self.assertIn("trigger: {on_close: 1011", self.tape_text())
        plan = self.read("fixtures", self.tapes()[0], "replay.yaml").decode()
        self.assertIn("from: 1.resp.body#/token, to: 2.req.body#/0/auth", plan)
        self.assertIn("from: 2.resp.body#/0/ticket, to: 2.req.body#/1, ", plan)
        self.assertIn("from: 2.resp.body#/0/ticket, to: 3.req.path/1", plan)
        self.assertIn("came again", self.regress(1).out)
        # A word that comes later than it did is waited for.
        for delay in ("0", "150"):
            r = self.regress(0, "-v", FIXED="1", DELAY=delay)
            self.assertNotIn("binding to", r.out)
            self.assertIn("200                  → 200 ", r.out.split("/ticket/")[1])

    def test_tokens_in_grpc_messages(self):
        self.write("calls.mjs", r"""
            import { randomBytes } from "node:crypto";
            import http2 from "node:http2";
            const tokens = new Set();
            const frame = (t) => Buffer.concat([Buffer.from([0, 0, 0, 0, t.length + 2, 10, t.length]), Buffer.from(t)]);
            const s = http2.createServer();
            s.on("stream", (stream, h) => {
              let got = Buffer.alloc(0);
              stream.on("data", (d) => { got = Buffer.concat([got, d]); });
              stream.on("end", () => {
                const login = h[":path"] === "/t.T/Login", token = login ? randomBytes(12).toString("hex") : "";
                if (login) tokens.add(token);
                const known = tokens.has(got.subarray(7).toString());
                const status = login ? "0" : !known ? "16" : process.env.FIXED === "1" ? "0" : "13";
                stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
                stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": status }));
                stream.end(frame(token));
              });
            });
            s.on("sessionError", () => {});
            s.listen(Number(process.env.PORT), "127.0.0.1");
            """)
        self.write("client.mjs", r"""
            import http2 from "node:http2";
            const s = http2.connect(process.env.DVR_BASE_URL);
            const frame = (t) => Buffer.concat([Buffer.from([0, 0, 0, 0, t.length + 2, 10, t.length]), Buffer.from(t)]);
            const call = (name, text) => new Promise((done) => {
              const r = s.request({ ":method": "POST", ":path": "/t.T/" + name, "content-type": "application/grpc", te: "trailers" });
              let got = Buffer.alloc(0);
              r.on("data", (d) => { got = Buffer.concat([got, d]); });
              r.on("trailers", (h) => console.log(name, h["grpc-status"]));
              r.on("close", () => done(got.subarray(7).toString()));
              r.end(frame(text));
            });
            await call("Buy", await call("Login", "me"));
            s.close();
            """)
        self.config(service=False, spec="""
            service: {command: [node, calls.mjs], ready: {timeout: 20s}}
            replay: {settle: 50ms}
            """)
        r = self.dvr("run", "--", "node", "client.mjs")
        self.assertIn("Buy 13", r.out, r)
        self.assertIn("reproduces: 3/3", r.err, r)
        self.assertIn("came again", self.regress(1).out)
        self.regress(0, FIXED="1")


# What offers an upgrade is upgraded, or nothing; else GET /go fails unless FIXED.
UPGRADING = r'''
import http from "node:http";
const s = http.createServer((q, r) => {
  const bad = q.url === "/go" && process.env.FIXED !== "1";
  r.writeHead(bad ? 500 : 200, { "content-type": "application/json" });
  r.end(JSON.stringify({ names: Object.keys(q.headers).filter((n) => !/^(x-dvr|traceparent)/.test(n)), connection: q.headers.connection }));
});
s.on("upgrade", (q, socket) => socket.destroy());
s.listen(Number(process.env.PORT), "127.0.0.1");
'''


@unittest.skipUnless(shutil.which("node"), "no node")
class UpgradeToHttp2(WireCase):
    """Who offers h2c speaks HTTP/1.1 with the service: when it is recorded, and when it is replayed."""

    def play(self, *suite):
        self.write("upgrading.mjs", UPGRADING)
        self.config(service=False, spec="""
            service: {command: [node, upgrading.mjs], ready: {path: /, timeout: 20s}}
            replay: {settle: 50ms}
            """)
        r = self.dvr("run", "--", *suite)
        self.assertIn("500", r.out, r)
        self.assertIn("reproduces: 3/3", r.err, r)
        text = self.tape_text()
        self.assertIn("HTTP2-Settings: ", text)
        self.assertIn("Upgrade: h2c was not passed on", text)
        self.regress(1)
        self.regress(0, FIXED="1")
        return r

    def test_a_raw_client(self):
        offer = {"Connection": "x-kept, Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAEAAEAA", "X-Kept": "1"}
        r = self.play(sys.executable, self.suite("print(*get('/go', headers=%r))" % offer))
        self.assertIn('"connection":"x-kept"', r.out)

    @unittest.skipUnless(shutil.which("java") and shutil.which("javac"), "no JDK")
    def test_javas_client(self):
        self.write("C.java", """
            import java.net.URI;
            import java.net.http.*;
            public class C {
                public static void main(String[] a) throws Exception {
                    HttpRequest r = HttpRequest.newBuilder(URI.create(System.getenv("DVR_BASE_URL") + "/go")).build();
                    System.out.println(HttpClient.newHttpClient().send(r, HttpResponse.BodyHandlers.ofString()).statusCode());
                }
            }
            """)
        self.play("java", "C.java")


# GET /go says two things in a room of $ROOM_URL.
ASKING = r'''
import http.server, json, os, sys
sys.path.insert(0, %r)
from ws_client import Socket

class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *a): pass
    def do_GET(self):
        heard = []
        if self.path == "/go":
            room = Socket(url=os.environ["ROOM_URL"])
            for word in ("one", "two"):
                room.say(json.dumps({"say": word}))
                heard.append(json.loads(room.hear()[1])["say"])
            room.close()
        body = json.dumps({"said": heard}).encode()
        self.send_response(200 if self.path != "/go" or os.environ.get("FIXED") and heard == ["one", "two"] else 500)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
''' % HERE


@unittest.skipUnless(shutil.which("node"), "no node")
class WssDependency(WireCase):
    def test_it_is_played_over_tls(self):
        cert, key = self.ca.leaf("room")
        port = free_port()
        p = self.start("node", os.path.join(HERE, "ws_service.mjs"),
                       env=dict(self.env, BUG="off", CERT=cert, KEY=key, PORT=str(port)))
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=20).close()
                break
            except ConnectionRefusedError:
                pass
        self.write("asking.py", ASKING)
        self.spec(["{name: room, role: egress, listen: 'https://127.0.0.1:0', target: 'https://localhost:%d', "
                   "env: ROOM_URL, ca: their-ca.pem}" % port], [sys.executable, "asking.py"])
        r = self.record()
        self.stop(p)
        self.assertIn('["one", "two"]', r.out)
        self.assertIn("reproduces: 3/3", r.err, r)
        self.assertIn("protocol: websocket", self.tape_text())
        self.regress(1)
        self.regress(0, FIXED="1")


if __name__ == "__main__":
    main()
