"""gRPC over HTTP/2 replayed: fails on the build that failed, passes on the fixed one."""
import json
import os
import re
import socket
import struct
import sys
import unittest

from harness import Case, ROOT, main

NODE = os.path.join(ROOT, "tests", "e2e", "grpc_%s.mjs")


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


# A service in HTTP/2's place: what it sends once the preface is there, by argv.
ODD = '''
import os, socket, sys, threading
say = bytes.fromhex(sys.argv[1])
s = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
print("listening", flush=True)
def serve(c):
    try:
        if c.recv(65536) and say:
            c.sendall(say)
        while c.recv(65536):
            pass
    except OSError:
        pass
    c.close()
while True:
    threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
'''


# Answers an upload in its middle, and asks for no more of it.
UP_SERVICE = '''
import http2 from 'node:http2';
const server = http2.createServer();
server.on('stream', (s, h) => {
  s.on('error', () => {});
  if (h[':path'] === '/slow') return setTimeout(() => { s.respond(); s.end('slow'); }, 300);
  s.once('data', () => {
    s.respond({':status': 500});
    s.end('enough');
    setImmediate(() => s.close(http2.constants.NGHTTP2_NO_ERROR));
  });
});
server.listen(process.env.PORT, '127.0.0.1', () => console.log('listening'));
'''
UP_CLIENT = '''
import http2 from 'node:http2';
const session = http2.connect(process.env.DVR_BASE_URL);
const ask = (h) => {
  const r = session.request(h, {endStream: false});
  const done = new Promise((ok) => { r.on('response', (a) => { r.status = a[':status']; }); r.on('close', () => ok(r.status)); });
  r.on('error', () => {});
  r.resume();
  return [r, done];
};
const [slow, slowed] = ask({':path': '/slow'});
slow.end();
const [up, upped] = ask({':method': 'POST', ':path': '/up', 'content-length': 1000});
up.write('x');
console.log('up ' + await upped + ' slow ' + await slowed);
session.close();
'''


class GrpcReplay(Case):
    def spec(self, more=""):
        self.config(more, service=False)
        with open(self.path("dvr.yaml"), "a") as f:
            f.write("  service:\n    command: [node, %s]\n    ready: {log: listening, timeout: 20s}\n"
                    % json.dumps(NODE % "service"))

    def with_env(self, **env):
        return dict(self.env, **env)

    def record(self, *steps, **env):
        script = self.write("suite.sh", "exec node %s $DVR_BASE_URL %s\n"
                            % (NODE % "client", " ".join("'%s'" % s for s in steps)))
        r = self.dvr("run", "--", "sh", script, env=self.with_env(**env))
        self.assertEqual(r.code, 0, r)
        self.assertEqual(len(self.tapes()), 1, r)
        return r

    def regress(self, code, *flags, **env):
        r = self.dvr("regress", *flags, env=self.with_env(**env))
        self.assertEqual(r.code, code, r)
        return r

    # ---- calls of the suite -------------------------------------------------

    def test_all_kinds_of_calls(self):
        self.spec()
        r = self.record("call:Buy:tea", "call:Upload:a,b,c", "call:Watch:go", "talk:Talk:one,two,three",
                        "cancel:Talk:one", "call:Buy:bad", BUG="status")
        self.assertIn("Upload status=0 code=0", r.out)
        r = self.regress(1, BUG="status")
        self.assertIn("the recorded failure came again: POST /shop.Shop/Buy", r.out)
        r = self.regress(0)
        self.assertNotIn("diverged", r.out)

    def test_answers_are_compared_message_by_message(self):
        self.spec()
        self.record("call:Upload:a,b,c", "call:Watch:go", "talk:Talk:one,two", "call:Buy:bad", BUG="status")
        plan = self.path("fixtures", self.tapes()[0], "replay.yaml")
        with open(plan) as f:
            text = f.read()
        with open(plan, "w") as f:
            f.write(text.replace("expect: fixed", "expect: same"))
        self.regress(0, BUG="status")
        r = self.regress(1, BUG="status", EVENT="evict")
        self.assertRegex(r.out, r"2.resp.body#/0\S*  event 0 \u2192 evict 0\n")
        self.assertRegex(r.out, r"2.resp.body#/2\S*  event 2")

    def test_turns_are_kept_with_a_slower_service(self):
        """Messages that came too early would get status 9."""
        self.spec()
        self.record("talk:Talk:one,two,three", "call:Buy:bad", BUG="status")
        r = self.regress(0, DELAY="150")
        self.assertNotIn("without the service's", r.out)

    def test_streams_side_by_side_on_one_connection(self):
        self.spec()
        self.record("talk:Talk:a,b,c&", "call:Watch:x&", "call:Buy:tea&", "call:Buy:bad", BUG="status", DELAY="20")
        self.regress(1, BUG="status", DELAY="20")
        self.regress(0, DELAY="20")

    def test_a_service_that_has_answered_whole_asks_for_no_more(self):
        """What other streams of the connection say goes on."""
        self.spec()
        r = self.record("talk:Talk:a,b,c&", "talk:Abort:one,bad,three", "call:Buy:tea", BUG="status", DELAY="50")
        self.assertIn("Abort status=13", r.out)
        self.assertIn("reproduces: 3/3", r.err)
        tape = self.read("fixtures", self.tapes()[0], "tape.yaml").decode()
        self.assertNotIn("ended:", tape.split("  - id: 2\n")[1])
        r = self.regress(1, BUG="status", DELAY="50")
        self.assertIn("the recorded failure came again: POST /shop.Shop/Abort (exchange 2): 200 INTERNAL", r.out)
        self.regress(0, DELAY="50")

    def test_a_body_that_is_not_read_to_its_end_leaves_other_streams_alone(self):
        self.config("", service=False)
        service = self.write("up.mjs", UP_SERVICE)
        with open(self.path("dvr.yaml"), "a") as f:
            f.write("  service:\n    command: [node, %s]\n    ready: {log: listening, timeout: 20s}\n" % service)
        r = self.dvr("run", "--", "node", self.write("up_client.mjs", UP_CLIENT))
        self.assertEqual(r.out, "up 500 slow 200\n", r)
        self.assertIn("reproduces: 3/3", r.err)
        r = self.dvr("regress", "-v")
        self.assertEqual(r.code, 1, r)
        self.assertRegex(r.out, r"GET /slow +200 → 200 ")

    def test_a_reset_stream(self):
        self.spec()
        self.record("call:Buy:tea", "call:Buy:bad", BUG="reset")
        r = self.regress(1, BUG="reset")
        self.assertIn("connection reset", r.out)
        self.regress(0)

    # ---- calls of the service -------------------------------------------------

    def depending(self, *steps):
        """The service calls another one, which is gone afterwards."""
        p = self.start("node", NODE % "service", env=dict(self.env, PORT="0"))
        port = int(re.search(r"(\d+)$", p.stdout.readline()).group(1))
        self.spec("lanes:\n  - {name: client, role: ingress}\n"
                  "  - {name: dep, role: egress, target: 'http://127.0.0.1:%d', env: DEP_URL}\n" % port)
        r = self.record(*(steps or ("call:Quote:tea,milk", "call:Quote:bad")), BUG="status")
        p.kill()
        p.wait()
        return r

    def test_calls_of_the_service_are_answered_from_the_tape(self):
        said = self.depending().out
        self.assertIn("42|tea=1,milk=1|5|0", said)
        r = self.regress(1, BUG="status")
        self.assertIn("the recorded failure came again: POST /shop.Shop/Quote", r.out)
        r = self.regress(0)
        self.assertNotIn("diverged", r.out)

    def test_a_talk_that_the_dependency_ends_goes_in_turns_again(self):
        """The service ended its side only after the answer had ended."""
        r = self.depending("call:Ask:one,two,three,four")
        self.assertIn("re: one,re: two|13", re.sub(r"[^ -~]", "", r.out).replace("(", ""))
        self.assertIn("reproduces: 3/3", r.err)
        self.regress(1, BUG="status")
        self.regress(0)

    def test_a_call_that_nobody_recorded(self):
        self.depending()
        r = self.regress(1, EXTRA="1")
        self.assertIn("nobody recorded POST /dep.Dep/Surprise", r.out)
        stub = r.out[r.out.index("stubs:\n"):].split("\n\n")[0]
        with open(self.path("fixtures", self.tapes()[0], "replay.yaml"), "a") as f:
            f.write(stub + "\n")
        self.regress(0, EXTRA="1")

    # ---- services that break the protocol -----------------------------------

    def odd(self, data, code=None):
        """The tape of a good service against this one."""
        self.spec()
        if not self.tapes():
            self.record("call:Buy:tea", "call:Buy:bad", BUG="status")
        self.config("", service=False)
        script = self.write("odd.py", ODD)
        with open(self.path("dvr.yaml"), "a") as f:
            f.write("  service:\n    command: [%s, %s, '%s']\n    ready: {log: listening, timeout: 20s}\n"
                    % (sys.executable, script, data.hex()))
        r = self.dvr("regress", "--repeat", "1", "--timeout", "500ms", timeout=60)
        self.assertNotEqual(r.code, 0, r)
        return r

    def test_odd_services(self):
        settings = frame(4, 0, 0)
        self.assertIn("time-out", self.odd(settings).out)
        self.assertIn("time-out", self.odd(b"").out)
        r = self.odd(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        self.assertIn("the service answers HTTP/1.1", r.out + r.err)
        r = self.odd(b"\xff" * 100)
        self.assertIn("not HTTP/2", r.out + r.err)
        r = self.odd(settings + frame(3, 0, 1, b"\0\0\0\x0b"))
        self.assertIn("connection reset", r.out)
        r = self.odd(settings + frame(7, 0, 0, b"\0\0\0\0\0\0\0\x0b"))
        self.assertIn("connection reset", r.out)


if __name__ == "__main__":
    main()
