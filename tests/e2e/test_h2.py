"""HTTP/2 and gRPC through dvr: the same as directly, and all of it on the tape."""
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import unittest

from harness import Case, DVR, ROOT, main

NODE = os.path.join(ROOT, "tests", "e2e", "h2_%s.mjs")
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
EVERYTHING = ["call:Unary:hello", "call:Upload:a,b,zzz,d", "call:Watch:go", "call:Chat:one,ztwo,three", "call:Zip:x",
              "get:/ok", "get:/early", "get:/headers", "get:/push", "post:/echo:300000", "get:/refuse", "then",
              "post:/echo:0", "call:Unary:again"]


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


class H2(Case):
    def service(self):
        """Runs alone; its port."""
        p = self.start("node", NODE % "service", env=dict(self.env, PORT="0"))
        return int(re.search(r"(\d+)$", p.stdout.readline()).group(1))

    def client(self, base, *steps):
        p = self.start("node", NODE % "client", base, *steps)
        out, err = p.communicate(timeout=60)
        self.assertEqual(p.returncode, 0, err)
        return [json.loads(l) for l in out.splitlines()]

    def spec(self, more="", env="{}"):
        self.config(more, service=False)
        with open(self.path("dvr.yaml"), "a") as f:
            f.write("  service:\n    command: [node, %s]\n    ready: {log: listening, timeout: 20s}\n    env: %s\n"
                    % (json.dumps(NODE % "service"), env))

    def record(self, *steps):
        """The steps under dvr run; what the client saw, and dvr's words."""
        script = self.write("suite.sh", "exec node %s $DVR_BASE_URL %s\n"
                            % (NODE % "client", " ".join("'%s'" % s for s in steps)))
        r = self.dvr("run", "--no-verify", "--", "sh", script)
        self.assertEqual(r.code, 0, r)
        return [json.loads(l) for l in r.out.splitlines()], r

    def tape(self):
        names = self.tapes()
        self.assertEqual(len(names), 1, names)
        return self.read("fixtures", names[0], "tape.yaml").decode()

    def exchange(self, tape, line):
        """The text of the exchange with that request line."""
        for x in tape.split("\n  - id: ")[1:]:
            if "line: %s HTTP/2\n" % line in x:
                return x
        self.fail("no %s in\n%s" % (line, tape))

    # ---- transparency ------------------------------------------------------

    def proxy(self, port, more=""):
        self.config("capture: {max_memory: 8MiB}\n" + more, service=False)
        p = self.start(DVR, "record", "--target", "http://127.0.0.1:%d" % port)
        return p, int(re.search(r"http://127\.0\.0\.1:(\d+)", p.stderr.readline()).group(1))

    def test_clients_see_what_they_see_directly(self):
        port = self.service()
        direct = self.client("http://127.0.0.1:%d" % port, *EVERYTHING)
        _, through = self.proxy(port)
        seen = self.client("http://127.0.0.1:%d" % through, *EVERYTHING)
        self.assertEqual(direct, seen)
        self.assertEqual(len(seen), len(EVERYTHING) - 1)
        self.assertEqual(seen[1]["trailers"]["grpc-status"], "0")

    @unittest.skipUnless(shutil.which("nghttp"), "nghttp is not there")
    def test_nghttp_and_h2load(self):
        port = self.service()
        _, through = self.proxy(port)

        def nghttp(p):
            r = subprocess.run(["nghttp", "-w20", "http://127.0.0.1:%d/early" % p, "http://127.0.0.1:%d/headers" % p],
                               capture_output=True, timeout=30)
            self.assertEqual(r.returncode, 0, r.stderr)
            return r.stdout
        self.assertEqual(nghttp(port), nghttp(through))
        r = subprocess.run(["h2load", "-n2000", "-c4", "-m10", "http://127.0.0.1:%d/ok" % through],
                           capture_output=True, text=True, timeout=60)
        self.assertIn("2000 succeeded, 0 failed", r.stdout)

    def test_a_slow_reader_of_64_MiB_costs_nothing(self):
        p, through = self.proxy(self.service())
        seen = self.client("http://127.0.0.1:%d" % through, "slow:/big", "get:/ok")
        self.assertEqual(seen[0]["bytes"], 64 << 20)
        with open("/proc/%d/status" % p.pid) as f:
            peak = int(re.search(r"VmHWM:\s+(\d+)", f.read()).group(1)) / 1024
        print("peak with a slow reader of 64 MiB: %.1f MiB" % peak)
        self.assertLess(peak, 8 + 16)

    def test_bytes_come_one_by_one(self):
        port = self.service()
        _, through = self.proxy(port)
        ask = PREFACE + frame(4, 0, 0) + frame(1, 5, 1, b"\x82\x86\x84\x41\x01h")

        def answer(p):
            got = b""
            with socket.create_connection(("127.0.0.1", p)) as c:
                c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for i in range(len(ask)):
                    c.sendall(ask[i:i + 1])
                while b"\x00\x01\x00\x00\x00\x01" not in got:      # END_STREAM
                    data = c.recv(65536)
                    self.assertTrue(data, got)
                    got += data
            return got.count(b"x-method") + got.count(frame(4, 1, 0))
        self.assertEqual(answer(port), answer(through))

    # ---- what is recorded --------------------------------------------------

    def test_all_kinds_of_calls_are_on_the_tape(self):
        self.spec()
        steps = EVERYTHING + ["then", "call:Fail:boom"]
        seen, r = self.record(*steps)
        self.assertEqual(seen[-1]["trailers"]["grpc-status"], "13")
        self.assertIn("grpc-status 13", r.err)
        t = self.tape()
        self.assertIn("trigger: {on_grpc_status: 13, exchange: %d}" % t.count("\n  - id: "), t)
        x = self.exchange(t, "POST /demo.Demo/Chat")
        self.assertIn("protocol: h2\n", x)
        self.assertIn("- ':authority: 127.0.0.1:", x)
        self.assertIn("trailers:\n        - 'grpc-status: 0'", x)
        said = re.findall(r"- \{from: (\w+), at: [0-9.]+, (?:end: [0-9.]+, )?(?:kind: (\w+), )?body: (.*)\}", x)
        self.assertEqual([s[:2] for s in said], [("client", ""), ("server", ""), ("client", "compressed"),
                                                  ("server", ""), ("client", ""), ("server", "")], x)
        self.assertEqual([s[2] for s in said if s[0] == "server"], ["one", "ztwo", "three"])
        x = self.exchange(t, "POST /demo.Demo/Upload")
        self.assertEqual(x.count("from: client"), 4, x)
        self.assertIn("body: '4'}", x)
        x = self.exchange(t, "POST /demo.Demo/Watch")
        self.assertEqual(x.count("from: server"), 3, x)
        x = self.exchange(t, "GET /early")
        self.assertIn("interim:", x)
        self.assertIn("line: HTTP/2 103", x)
        self.assertIn("body: page", x)
        x = self.exchange(t, "GET /refuse")
        self.assertIn("ended: reset\n      error: REFUSED_STREAM", x)
        self.assertIn("body: pushed", self.exchange(t, "GET /pushed"))
        self.assertIn("bytes: 300000}", self.exchange(t, "POST /echo"))
        self.assertEqual(self.exchange(t, "GET /headers").count("'x-"), 40)
        self.assertIn("losses: []", t)
        shown = self.dvr("show", self.tapes()[0])
        self.assertRegex(shown.out, r"→ +[0-9.]+ ms compressed ztwo\n", shown)
        self.assertIn("200 INTERNAL", shown.out)

    def test_calls_over_tls(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", "-subj", "/CN=localhost", "-keyout", self.path("key"), "-out", self.path("cert")],
                       check=True, capture_output=True)
        self.spec("lanes:\n  - {name: client, role: ingress, listen: \"https://127.0.0.1:0\", insecure: true,\n"
                  "     target: \"https://127.0.0.1:${PORT}\"}\n",
                  "{KEY: %s, CERT: %s}" % (self.path("key"), self.path("cert")))
        seen, _ = self.record("call:Chat:one,two", "get:/ok", "then", "call:Fail:x")
        self.assertEqual(seen[0]["trailers"]["grpc-status"], "0")
        t = self.tape()
        self.assertIn("- ':scheme: https'", t)
        self.assertIn("on_grpc_status: 13, exchange: 3", t)

    def test_a_status_of_the_clients_own_fault_is_none(self):
        self.spec()
        _, r = self.record("call:Fail:x:x-status=5", "call:TrailersOnly:x:x-status=3")
        self.assertEqual(self.tapes(), [], r)

    def test_statuses_are_configured(self):
        self.spec("triggers: [{on_grpc_status: [NOT_FOUND, 3], action: commit_tape}]\n")
        _, r = self.record("call:Fail:x:x-status=13", "then", "call:TrailersOnly:x:x-status=5")
        self.assertIn("on_grpc_status: 5, exchange: 2", self.tape())

    def test_trailers_alone_tell_the_status(self):
        self.spec()
        self.record("call:TrailersOnly:x")
        self.assertIn("on_grpc_status: 14", self.tape())

    def test_a_stream_that_the_service_resets(self):
        self.spec()
        self.record("get:/ok", "then", "get:/reset")
        t = self.tape()
        self.assertIn("on_reset: true", t)
        x = self.exchange(t, "GET /reset")
        self.assertIn("ended: reset\n      error: INTERNAL_ERROR", x)
        self.assertIn("body: half", x)

    def test_a_stream_that_the_client_cancels_is_no_failure(self):
        self.spec()
        self.record("cancel:/hang", "get:/ok")
        self.assertEqual(self.tapes(), [])

    def test_a_crash_in_the_middle_of_streams(self):
        self.spec()
        seen, r = self.record("get:/ok", "then", "get:/hang", "call:Unary:x", "get:/crash")
        self.assertTrue(any("error" in s or s["code"] for s in seen), seen)
        t = self.tape()
        self.assertRegex(t, r"trigger: \{on_exit: 1, exchange: 4")
        self.assertIn("ledger out of balance", t)
        self.assertRegex(self.exchange(t, "GET /hang"), "ended: (fin|rst)")

    def test_no_message_brings_a_secret_onto_the_tape(self):
        secret = "Bearer " + "".join(chr(97 + i * 7 % 26) + str(i % 10) for i in range(20))
        self.spec()
        _, r = self.record("call:Chat:%s,z%s" % (secret, secret), "call:Unary:x:authorization=" + secret, "then",
                           "call:Fail:" + secret)
        t = self.tape()
        for data in (t.encode(), self.all_bytes("fixtures"), r.err.encode()):
            self.assertNotIn(secret[7:].encode(), data)
        self.assertIn("decoded: gzip", t)

    # ---- bad input ----------------------------------------------------------

    def raw(self, port, data):
        """Everything that comes back; node does not always close."""
        got = b""
        with socket.create_connection(("127.0.0.1", port), timeout=1) as c:
            c.sendall(data)
            c.shutdown(socket.SHUT_WR)
            try:
                while True:
                    part = c.recv(65536)
                    if not part:
                        break
                    got += part
            except (ConnectionResetError, TimeoutError):
                pass
        return got

    def test_garbage_after_the_preface(self):
        port = self.service()
        p, through = self.proxy(port)
        bad = [PREFACE + b"\xff" * 100, PREFACE + frame(4, 0, 0) + frame(9, 0, 1, b"x"),
               PREFACE + frame(4, 0, 0) + frame(1, 5, 1, b"\xff\xff\xff\xff\xff\xff"),
               b"PRI * HTTP/2.0\r\n\r\nno" + b"x" * 40]
        for data in bad:
            self.assertEqual(self.raw(port, data), self.raw(through, data))
        seen = self.client("http://127.0.0.1:%d" % through, "get:/ok")
        self.assertEqual(seen[0]["bytes"], 2)
        self.assertIsNone(p.poll())

    def test_floods_cost_their_limit(self):
        port = self.service()
        p, through = self.proxy(port)
        reset = b"".join(frame(1, 5, i, b"\x82\x86\x84\x41\x01h") + frame(3, 0, i, b"\0\0\0\x08")
                         for i in range(1, 40000, 2))
        flood = frame(1, 1, 1, b"\x82") + frame(9, 0, 1, b"\x00\x01a\x64" + b"v" * 100) * 100000
        for data in (reset, flood):
            with socket.create_connection(("127.0.0.1", through), timeout=20) as c:
                try:
                    c.sendall(PREFACE + frame(4, 0, 0) + data)
                    c.shutdown(socket.SHUT_WR)
                    while c.recv(65536):
                        pass
                except OSError:
                    pass
        seen = self.client("http://127.0.0.1:%d" % through, "get:/ok")
        self.assertEqual(seen[0]["bytes"], 2)
        with open("/proc/%d/status" % p.pid) as f:
            peak = int(re.search(r"VmHWM:\s+(\d+)", f.read()).group(1)) / 1024
        print("peak after floods: %.1f MiB" % peak)
        self.assertLess(peak, 8 + 24)


if __name__ == "__main__":
    main()
