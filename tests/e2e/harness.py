"""What the end-to-end tests share: running dvr, folders, services, asserts."""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import unittest

import json_service

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DVR = os.environ.get("DVR", os.path.join(ROOT, "build", "dvr"))
SERVICE = os.path.join(ROOT, "tests", "e2e", "service.py")
TIMEOUT = 120


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __repr__(self):
        return "exit %s\n--- stdout\n%s\n--- stderr\n%s" % (self.code, self.out, self.err)


def tape_lines(text):
    """The tapes of a json report: all lines but the one that closes the run."""
    return [t for t in map(json.loads, filter(str.strip, text.splitlines())) if "run" not in t]


class Case(unittest.TestCase):
    """A test with a folder of its own; everything it started ends with it."""

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="dvr-e2e-")
        self.children = []
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("DVR")}
        self.env.update(LC_ALL="C.UTF-8", PYTHONDONTWRITEBYTECODE="1")

    def tearDown(self):
        for p in self.children:
            if p.poll() is None:
                try:
                    os.killpg(p.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
                p.wait()
            for f in (p.stdin, p.stdout, p.stderr):
                if f:
                    f.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def write(self, name, text, mode=0o644):
        p = self.path(name)
        os.makedirs(os.path.dirname(p), exist_ok=True)
        with open(p, "w") as f:
            f.write(textwrap.dedent(text))
        os.chmod(p, mode)
        return p

    def config(self, spec="", service=True, name="dvr.yaml"):
        """A dvr.yaml around the test service; `spec` is added to it."""
        text = ("apiVersion: networking.replay.io/v1alpha1\n"
                "kind: StatefulTunnel\n"
                "metadata: {name: test, namespace: tests}\n"
                "spec:\n")
        if service:
            text += ("  service:\n"
                     "    command: [python3, %s]\n"
                     "    ready: {path: /health, timeout: 20s}\n") % json.dumps(SERVICE)
        text += textwrap.indent(textwrap.dedent(spec), "  ")
        return self.write(name, text)

    def suite(self, body, name="suite.py"):
        """A client script; `get`, `post`, `base` are there for it."""
        return self.write(name, CLIENT + textwrap.dedent(body))

    def start(self, *args, **kw):
        kw.setdefault("cwd", self.dir)
        kw.setdefault("env", self.env)
        kw.setdefault("stdout", subprocess.PIPE)
        kw.setdefault("stderr", subprocess.PIPE)
        kw.setdefault("stdin", subprocess.DEVNULL)
        p = subprocess.Popen(args, start_new_session=True, text=True, **kw)
        self.children.append(p)
        return p

    def dvr(self, *args, timeout=TIMEOUT, **kw):
        p = self.start(DVR, *args, **kw)
        stdin = kw.get("stdin") == subprocess.PIPE
        try:
            out, err = p.communicate(None if not stdin else self.stdin_text, timeout)
        except subprocess.TimeoutExpired:
            os.killpg(p.pid, signal.SIGKILL)
            out, err = p.communicate()
            self.fail("dvr %s did not end in %s s\n%s\n%s" % (" ".join(args), timeout, out, err))
        return Result(p.returncode, out, err)

    def run_suite(self, body, *flags, **kw):
        s = self.suite(body)
        return self.dvr("run", *flags, "--", sys.executable, s, **kw)

    def tapes(self, fixtures="fixtures"):
        d = self.path(fixtures)
        if not os.path.isdir(d):
            return []
        return sorted(n for n in os.listdir(d)
                      if os.path.exists(os.path.join(d, n, "tape.yaml")))

    def read(self, *parts):
        with open(self.path(*parts), "rb") as f:
            return f.read()

    def all_bytes(self, folder):
        """Every file's bytes below a folder, names included."""
        data = b""
        for top, dirs, files in os.walk(self.path(folder)):
            for n in files:
                data += n.encode() + b"\n"
                with open(os.path.join(top, n), "rb") as f:
                    data += f.read()
        return data

    def left_behind(self):
        """Live processes that work in the test's folder, by their command."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if not os.readlink("/proc/%s/cwd" % pid).startswith(self.dir):
                    continue
                with open("/proc/%s/cmdline" % pid, "rb") as f:
                    found.append(f.read().replace(b"\0", b" ").decode())
            except OSError:
                pass    # ended meanwhile, or a zombie
        return [c for c in found if c]

    def assertOneLineError(self, r, code, *parts):
        """One clear line on stderr, with these parts, and this exit code."""
        self.assertEqual(r.code, code, r)
        lines = [l for l in r.err.splitlines() if l.startswith("dvr:")]
        self.assertEqual(len(lines), 1, r)
        for p in parts:
            self.assertIn(p, lines[0], r)


# Services are written into the test's folder: they bring it along.
with open(json_service.__file__) as f:
    JSON_SERVICE = f.read()

CLIENT = '''
import http.client, json, os, socket, sys, time
from urllib.parse import urlsplit
base = urlsplit(os.environ.get("DVR_BASE_URL", "http://127.0.0.1:9"))

def request(method, path, body=None, headers=None, timeout=20, url=None):
    u = urlsplit(url) if url else base
    c = http.client.HTTPConnection(u.hostname, u.port, timeout=timeout)
    try:
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            headers = dict({"Content-Type": "application/json"}, **(headers or {}))
        c.request(method, path, body, headers or {})
        r = c.getresponse()
        data = r.read()
        return r.status, data
    except (OSError, http.client.HTTPException) as x:
        return 0, str(x).encode()
    finally:
        c.close()

def get(path, **kw):
    return request("GET", path, **kw)

def post(path, body=None, **kw):
    return request("POST", path, body, **kw)
'''


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def main():
    unittest.main(verbosity=2)
