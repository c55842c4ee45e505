"""Isolation of replays: nothing gets out, nothing stays, ports do not meet."""
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

from harness import Case, DVR, main

SERVICE = '''
import http.server, json, os, socket, subprocess, sys, threading, time
BUG = os.environ.get("BUG", "on") == "on"

keep = []

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *args):
        pass
    def answer(self, status, text):
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
    def do_GET(self):
        route, _, rest = self.path.partition("?")
        if route == "/call":        # host:port of somebody that no lane leads to
            host, port = rest.split(":")
            try:
                with socket.create_connection((host, int(port)), 10) as s:
                    s.sendall(b"hello")
                    s.shutdown(socket.SHUT_WR)
                    return self.answer(200, s.makefile().read())
            except OSError as x:
                return self.answer(502, "no dependency: %s" % x)
        if route == "/try":         # as /call, and goes on without it
            host, port = rest.split(":")
            try:
                socket.create_connection((host, int(port)), 10).close()
            except OSError:
                pass
            return self.answer(200, "tried")
        if route == "/part":        # somebody of ours listens a little later
            with socket.socket() as s:
                s.bind(("127.0.0.1", 0))
                late = s.getsockname()
            try:
                socket.create_connection(late, 10).close()
            except OSError:
                pass
            keep.append(socket.create_server(late))
            return self.answer(200, "there")
        if route == "/look":
            try:                    # nobody outside is asked
                socket.getaddrinfo("localhost" if os.path.exists("quiet") else rest, 80)
            except OSError:
                pass
            return self.answer(200, "looked")
        if route == "/spawn":       # a daemon as daemons are: session, double fork
            subprocess.run(["sh", "-c", "setsid sh -c 'sleep 3600 & exec sleep 3601' &"])
            return self.answer(200, "spawned")
        if route == "/wait":
            open("waiting", "a").write("x")
            threading.Event().wait(600 if os.path.exists("block") else 0)
            return self.answer(200, "done")
        if route.startswith("/boom"):
            return self.answer(500 if BUG else 200, "boom")
        return self.answer(200, "{}")

class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

if os.path.exists("meet"):          # both services are up before either listens
    open("meet/%s" % os.urandom(4).hex(), "w").close()
    end = time.monotonic() + 30
    while len(os.listdir("meet")) < 2 and time.monotonic() < end:
        time.sleep(0.01)
    if time.monotonic() >= end:
        sys.exit("nobody else came")
Server(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
'''


def namespaces():
    """Can this machine isolate at all?  Asked of the system, not of dvr."""
    flags = ["-n", "-p", "-f"] if os.geteuid() == 0 else ["-U", "-n", "-p", "-f"]
    return shutil.which("unshare") and subprocess.run(
        ["unshare", *flags, "true"], stderr=subprocess.DEVNULL).returncode == 0


class Outside:
    """A listener on the machine's own loopback that counts who comes."""

    def __init__(self):
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.heard = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                c, _ = self.sock.accept()
            except OSError:
                return
            with c:
                data = c.makefile().read()
                self.heard.append(data)
                c.sendall(b"you said " + data.encode())


@unittest.skipUnless(namespaces(), "this system refuses network namespaces")
class Isolation(Case):
    def setUp(self):
        super().setUp()
        self.write("service.py", SERVICE)
        self.outside = Outside()

    def tearDown(self):
        self.outside.sock.close()
        super().tearDown()

    def configure(self, replay, service=""):
        self.config(service=False, spec="""
            service:
              command: [python3, service.py]
              ready: {path: /, timeout: 40s}
              %s
            replay: %s
        """ % (service, replay))

    def record(self, body):
        r = self.run_suite(body)
        self.assertIn("reproduces: 3/3", r.err, r)

    def test_a_call_that_is_on_no_tape_does_not_get_out(self):
        """Recorded with the dependency there; the replay may not reach it."""
        self.configure("{isolation: none}")
        self.record('assert get("/call?127.0.0.1:%d")[0] == 200; get("/boom")' % self.outside.port)
        self.assertEqual(len(self.outside.heard), 4)    # recorded, verified three times
        for mode in "netns", "auto":
            self.configure("{isolation: %s}" % mode)
            for bug in "on", "off":
                self.env["BUG"] = bug
                r = self.dvr("regress", "--junit", "out.xml")
                self.assertNotEqual(r.code, 0, r)
                self.assertIn("200 → 502", r.out)
                self.assertIn("isolation  network namespace", r.out)
                self.assertIn("tried to reach 127.0.0.1:%d" % self.outside.port, r.out)
                self.assertIn(b"isolation: network namespace", self.read("out.xml"))
        self.assertEqual(len(self.outside.heard), 4, "something got out")

    def test_what_is_in_reach_is_reached(self):
        """The same tape, its dependency allowed: proven, red, green."""
        self.configure("{isolation: netns, reach: ['127.0.0.1:%d']}" % self.outside.port)
        self.record('assert get("/call?127.0.0.1:%d")[0] == 200; get("/boom")' % self.outside.port)
        self.assertEqual(self.dvr("regress").code, 1)
        self.env["BUG"] = "off"
        r = self.dvr("regress")
        self.assertEqual(r.code, 0, r)
        self.assertEqual(set(self.outside.heard), {"hello"})
        self.assertGreater(len(self.outside.heard), 4)

    def test_a_name_in_reach_leads_to_its_address(self):
        """Inside the name is a loopback address, outside it is looked up."""
        self.configure("{isolation: netns, reach: ['localhost:%d']}" % self.outside.port)
        self.record('assert get("/call?localhost:%d")[0] == 200; get("/boom")' % self.outside.port)

    def test_unknown_names_are_noted(self):
        self.configure("{isolation: netns}")
        self.write("quiet", "")
        self.record('get("/look?api.nowhere.test"); get("/boom")')
        os.unlink(self.path("quiet"))
        r = self.dvr("regress")
        self.assertIn("looked up api.nowhere.test, which the tape does not hold", r.out)

    def look(self, host, config="{isolation: netns}", bug="off"):
        """Recorded without the look-up, tried with it."""
        self.configure(config)
        self.env["BUG"] = "on"
        if not self.tapes():
            self.write("quiet", "")
            self.record('get("/look?%s"); get("/boom")' % host)
            os.unlink(self.path("quiet"))
        self.env["BUG"] = bug
        return self.dvr("regress", "--junit", "out.xml", "--report", "json=out.json")

    def test_a_host_wanted_in_vain_is_an_error_that_says_what_to_do(self):
        r = self.look("api.nowhere.test")
        self.assertEqual(r.code, 1, r)
        self.assertRegex(r.out, r"! ERROR")
        for part in ("wanted api.nowhere.test", "egress lane", "replay.reach", "allow_unreached"):
            self.assertIn(part, r.out)
        self.assertIn(b'type="dvr.unreached"', self.read("out.xml"))
        # the recorded failure is final all the same
        r = self.look("api.nowhere.test", bug="on")
        self.assertIn("came again", r.out)

    def test_a_host_that_may_be_missing_is_a_note(self):
        for host in "api.nowhere.test", "'*.nowhere.test'":
            r = self.look("api.nowhere.test",
                          "{isolation: netns, allow_unreached: [{host: %s, reason: telemetry}]}" % host)
            self.assertEqual(r.code, 0, r)
            self.assertIn(b"looked up api.nowhere.test", self.read("out.json"))
        r = self.look("api.nowhere.test",
                      "{isolation: netns, allow_unreached: [{host: nowhere.test, reason: another}]}")
        self.assertEqual(r.code, 1, r)

    def test_where_misses_are_no_errors_a_host_is_a_note(self):
        for how in "passthrough", "nearest":
            r = self.look("api.nowhere.test", "{isolation: netns, on_miss: %s}" % how)
            self.assertEqual(r.code, 0, r)

    def test_an_address_is_named_with_its_port(self):
        self.configure("{isolation: none}")
        self.record('get("/try?127.0.0.1:%d"); get("/boom")' % self.outside.port)
        self.env["BUG"] = "off"
        self.configure("{isolation: netns}")
        r = self.dvr("regress")
        self.assertEqual(r.code, 1, r)
        self.assertIn("wanted 127.0.0.1:%d, where no lane leads" % self.outside.port, r.out)
        heard = len(self.outside.heard)
        for host in "127.0.0.1", "127.0.0.1:%d" % self.outside.port:
            self.configure("{isolation: netns, allow_unreached: [{host: '%s', reason: probe}]}" % host)
            r = self.dvr("regress")
            self.assertEqual(r.code, 0, r)
        self.assertEqual(len(self.outside.heard), heard, "something got out")

    def test_a_part_of_the_service_that_was_waited_for_is_no_error(self):
        self.configure("{isolation: netns}")
        self.record('get("/part"); get("/boom")')
        self.env["BUG"] = "off"
        r = self.dvr("regress")
        self.assertEqual(r.code, 0, r)

    def test_what_lacks_a_lane_is_said_when_it_is_recorded(self):
        self.configure("{isolation: netns}")
        r = self.run_suite('get("/look?api.nowhere.test"); get("/boom")')
        self.assertIn("reproduces: 3/3", r.err, r)
        self.assertIn("wanted api.nowhere.test, where no lane leads", r.err)

    def test_daemons_end_with_the_replay(self):
        """A session of their own and a parent that is gone do not save them."""
        self.configure("{isolation: none}")
        self.record('get("/spawn"); get("/boom")')
        self.end_daemons()
        self.configure("{isolation: netns}")
        r = self.dvr("regress")
        self.assertEqual(r.code, 1, r)
        self.assertEqual(self.left_behind(), [])

    def test_two_replays_on_one_port(self):
        """Each service listens only once both are up, both on the same port."""
        self.configure("{isolation: netns}", "port: 9100")
        self.record('get("/boom-left")')
        self.record('get("/boom-right")')
        self.assertEqual(len(self.tapes()), 2)
        os.mkdir(self.path("meet"))
        a, b = self.start(DVR, "regress", self.tapes()[0]), self.start(DVR, "regress", self.tapes()[1])
        for p in a, b:
            out, err = p.communicate(timeout=60)
            self.assertEqual(p.returncode, 1, out + err)
            self.assertIn("came again", out)

    def end_daemons(self):
        """The recording's own: it is not isolated."""
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink("/proc/%s/cwd" % pid) == self.dir:
                    os.kill(int(pid), signal.SIGKILL)
            except OSError:
                pass
        self.gone()

    def gone(self):
        end = time.monotonic() + 10
        while self.left_behind() and time.monotonic() < end:
            time.sleep(0.01)
        self.assertEqual(self.left_behind(), [])

    def interrupted(self, sig):
        self.configure("{isolation: netns, timeout: 60s}")
        self.record('get("/spawn"); get("/wait"); get("/boom")')
        self.end_daemons()
        self.write("block", "")
        os.unlink(self.path("waiting"))
        p = self.start(DVR, "regress")
        while not os.path.exists(self.path("waiting")):
            self.assertIsNone(p.poll())
            time.sleep(0.01)
        p.send_signal(sig)
        p.communicate(timeout=60)
        self.children.remove(p)
        self.gone()

    def test_ctrl_c_leaves_nobody(self):
        self.interrupted(signal.SIGINT)

    def test_kill_9_leaves_nobody(self):
        self.interrupted(signal.SIGKILL)

    def test_without_namespaces_auto_goes_on_and_netns_does_not(self):
        """A user namespace in which none may be made stands for such a system."""
        refused = ["unshare", "-Ur", "sh", "-c",
                   'echo 0 >/proc/sys/user/max_net_namespaces && exec "$@"', "sh"]
        try:
            subprocess.run([*refused, "true"], check=True, stderr=subprocess.DEVNULL)
        except subprocess.CalledProcessError:
            self.skipTest("no user namespaces here")
        self.configure("{isolation: auto}")
        self.record('get("/boom")')
        p = self.start(*refused, DVR, "regress")
        out, err = p.communicate(timeout=60)
        self.assertEqual(p.returncode, 1, out + err)
        self.assertIn("came again", out)
        self.assertIn("isolation  none", out)
        self.assertIn("not isolated", out)
        self.configure("{isolation: netns}")
        p = self.start(*refused, DVR, "regress")
        out, err = p.communicate(timeout=60)
        self.assertNotEqual(p.returncode, 0, out + err)
        self.assertIn("replay.isolation: netns", out)
        self.assertIn("sysctl", out)
        self.assertNotIn("came again", out)

    def test_bad_entries_are_named(self):
        self.configure("{isolation: sometimes}")
        self.assertOneLineError(self.dvr("regress"), 2, "'sometimes'", "netns")
        self.configure("{reach: [nonsense]}")
        self.assertOneLineError(self.dvr("regress"), 2, "reach", "host:port")
        self.configure("{allow_unreached: [{host: a.test}]}")
        self.assertOneLineError(self.dvr("regress"), 2, "allow_unreached", "reason")


if __name__ == "__main__":
    main()
