"""Real clients and real servers, once directly and once through dvr: both sides see
the same, headers in their order and bodies by their hash, but for the correlation id.
DVR_MATRIX names a file that gets the table, too."""
import collections
import json
import os
import random
import re
import shutil
import subprocess
import sys

from harness import Case, DVR, ROOT, main
from tls_peers import Authority, serve_raw

HERE = os.path.join(ROOT, "tests", "e2e")
CLIENTS = os.path.join(HERE, "transparent_clients.py")
LANES = ("PLAIN", "H2C", "WS", "TLS", "GIT", "GITS", "GRPC", "GRPCS", "RAW")
SECURE = ("TLS", "GITS", "GRPCS")
TRUST = ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO",
         "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH")
# What dvr adds to an HTTP/1.1 request, the second where the client sent none.
ADDED = re.compile(r"X-DVR-Correlation-Id: tests/run/\d+\r\n(traceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-01\r\n)?")
ADDED_NAMES = ("X-DVR-Correlation-Id", "traceparent")
# dvr declines h2c for the service, as the README says: these alone may go.
H2C_OFFER = {"upgrade", "http2-settings", "connection"}


def grpc_python():
    """The first python3 that has grpcio, or none."""
    for python in (sys.executable, "/usr/bin/python3"):
        if os.path.exists(python) and subprocess.run([python, "-c", "import grpc"], capture_output=True).returncode == 0:
            return python
    return None


def mirror(s):
    """Answers a request with its own bytes, as far as they are there at its end."""
    got = b""
    while not (got.endswith(b"\r\n\r\n") and (b"chunked" not in got or b"\r\n0\r\n" in got)):
        part = s.recv(65536)
        if not part:
            break
        got += part
    s.sendall(b"HTTP/1.1 200 OK\r\nServer: mirror\r\nX-Odd:\t spaced \r\nConnection: close\r\n\r\n" + got)


def apart(a, b):
    """What only one of the two has."""
    x, y = a.get("saw"), b.get("saw")
    if isinstance(x, list) and isinstance(y, list):
        x, y = [i for i in x if i not in y], [i for i in y if i not in x]
    return json.dumps(x or a)[:3000], json.dumps(y or b)[:3000]


class Transparency(Case):
    def setUp(self):
        super().setUp()
        for name in list(self.env):
            if name in TRUST or name.lower().endswith("_proxy") or name == "JAVA_TOOL_OPTIONS" or name.startswith("GIT_"):
                del self.env[name]
        self.ca = Authority(self.dir)
        cert, key = self.ca.leaf("server")
        self.log = self.path("log")
        open(self.log, "w").close()
        self.env.update(CERT=cert, KEY=key, LOG=self.log, GIT_ROOT=self.path("git"), HOME=self.dir, TZ="UTC",
                        GIT_CONFIG_NOSYSTEM="1", GIT_TERMINAL_PROMPT="0", LANG="C.UTF-8",
                        GIT_AUTHOR_DATE="2026-01-01T00:00:00Z", GIT_COMMITTER_DATE="2026-01-01T00:00:00Z")
        self.write(".gitconfig", "[user]\n\tname = me\n\temail = me@example.test\n[pack]\n\tthreads = 1\n[gc]\n\tauto = 0\n"
                   "[http]\n\treceivepack = true\n[init]\n\tdefaultBranch = main\n[safe]\n\tdirectory = *\n")
        with open(self.path("big"), "wb") as f:
            f.write(b"0123456789abcdef" * 20000)
        if shutil.which("javac"):
            self.run_here("javac", "-d", ".", os.path.join(HERE, "Transparent.java"))

    def run_here(self, *command):
        subprocess.run(command, cwd=self.dir, env=self.env, check=True, capture_output=True, timeout=60)

    def repositories(self):
        """One to clone with some MB in its pack, one to push to; the same each time."""
        os.makedirs(self.path("git"))
        self.run_here("git", "init", "-q", "work")
        noise = random.Random(7)
        for n, size in enumerate((1000, 4 << 20, 300)):
            with open(self.path("work", "file%d" % n), "wb") as f:
                f.write(noise.randbytes(size))
            self.run_here("git", "-C", "work", "add", ".")
            self.run_here("git", "-C", "work", "commit", "-q", "-m", "change %d" % n)
        self.run_here("git", "-C", "work", "repack", "-q", "-a", "-d")
        for name in ("clone", "clone-tls"):
            self.run_here("git", "clone", "-q", "--bare", "--no-local", "work", "git/%s.git" % name)

    def server(self, *command):
        p = self.start(*command, cwd=self.dir)
        line = p.stdout.readline()
        self.assertTrue(line, command)
        return json.loads(line)

    def servers(self):
        python = grpc_python()
        plain, h2c, ws, tls = self.server("node", os.path.join(HERE, "transparent_service.mjs"))
        git, gits = self.server(sys.executable, os.path.join(HERE, "transparent_git.py"))
        grpc, grpcs = self.server(python, os.path.join(HERE, "transparent_grpc.py"), "serve") if python else (0, 0)
        ports = dict(zip(LANES, (plain, h2c, ws, tls, git, gits, grpc, grpcs, serve_raw(self, mirror))))
        self.env["GRPC_PYTHON"] = python or ""
        return {n: "%s://127.0.0.1:%d" % ("https" if n in SECURE else "http", p) for n, p in ports.items() if p}

    def phase(self, name, run):
        """One round of all clients: what they and what the servers saw."""
        for r in ("push", "push-tls"):
            shutil.rmtree(self.path("git", r + ".git"), ignore_errors=True)
            self.run_here("git", "init", "-q", "--bare", "git/%s.git" % r)
        os.truncate(self.log, 0)
        run(self.path(name + ".json"))
        with open(self.path(name + ".json")) as f:
            clients = json.loads(re.sub(r"127\.0\.0\.1:\d+", "HERE", f.read()))
        with open(self.log) as f:
            lines = re.sub(r"127\.0\.0\.1:\d+", "HERE", f.read()).splitlines()
        served = collections.defaultdict(list)
        for o in map(json.loads, lines):
            offers = "/java-upgrade/" in o["at"]
            o["headers"] = [h for h in o.get("headers", ()) if h[0] not in ADDED_NAMES
                            and not (offers and h[0].lower() in H2C_OFFER)]
            served[self.tag(o["at"])].append(json.dumps(o))
        return clients, {t: sorted(v) for t, v in served.items()}

    def tag(self, at):
        return at.split(" ")[1].split("/")[1]

    def direct(self, urls):
        def run(out):
            env = dict(self.env, **{n: urls.get(n, "") for n in LANES}, **{n: self.ca.file for n in TRUST})
            if shutil.which("keytool"):
                self.run_here("keytool", "-importcert", "-noprompt", "-alias", "x", "-file", self.ca.file, "-storetype",
                              "PKCS12", "-keystore", "trust.p12", "-storepass", "changeit")
                env["JAVA_TOOL_OPTIONS"] = ("-Djavax.net.ssl.trustStore=%s -Djavax.net.ssl.trustStorePassword=changeit"
                                            % self.path("trust.p12"))
            subprocess.run([sys.executable, CLIENTS, out], cwd=self.dir, env=env, check=True, timeout=100)
        return run

    def through(self, urls):
        lanes = ["- {name: %s, role: ingress, target: '%s', env: %s%s}"
                 % (n.lower(), u, n, ", listen: 'https://127.0.0.1:0', ca: their-ca.pem" if n in SECURE else "")
                 for n, u in urls.items()]
        self.config("triggers: [{on_status: [599]}]\nlanes:\n  " + "\n  ".join(lanes), service=False)

        def run(out):
            env = dict(self.env, **{n: "" for n in LANES if n not in urls})
            r = self.dvr("run", "--no-verify", "--", sys.executable, CLIENTS, out, env=env)
            self.assertEqual(r.code, 0, r)
            self.summary = r.err
        return run

    def table(self, rows):
        lines = ["%-22s %-20s %s" % r for r in [("client", "protocol", "through dvr")] + rows]
        print("\n" + "\n".join(lines))
        if os.environ.get("DVR_MATRIX"):
            with open(os.environ["DVR_MATRIX"], "w") as f:
                f.write("\n".join(lines) + "\n")

    def test_clients_and_servers_see_the_same(self):
        self.repositories()
        urls = self.servers()
        direct, served = self.phase("direct", self.direct(urls))
        through, witnessed = self.phase("through", self.through(urls))
        name = "bytes by hand | HTTP/1.1"
        self.assertEqual(sum(len(ADDED.findall(x)) for x in through[name]["saw"]), len(through[name]["saw"]))
        through[name]["saw"] = [ADDED.sub("", x) for x in through[name]["saw"]]
        rows, bad = [], []
        for name in direct:
            a, b = direct[name], through[name]
            result = ("skipped: " + a["skip"] if "skip" in a else
                      "FAILED directly: " + a["error"] if "error" in a else "same" if a == b else "DIFFERENT")
            rows.append((*name.split(" | "), result))
            if "skip" not in a and result != "same":
                bad.append("%s:\n  directly %s\n  dvr      %s" % (name, *apart(a, b)))
        for t in sorted(set(served) | set(witnessed)):
            if served.get(t) != witnessed.get(t):
                rows.append((t, "as the server saw it", "DIFFERENT"))
                bad.append("server, %s:\n  directly %s\n  dvr      %s" % (
                    t, *apart({"saw": served.get(t, [])}, {"saw": witnessed.get(t, [])})))
        self.table(rows)
        if bad:
            self.fail("\n".join(bad))
        self.assertGreater(sum(map(len, served.values())), 150)
        exchanges = re.search(r"(\d+) exchanges?", self.summary)
        self.assertGreaterEqual(int(exchanges.group(1)), sum(map(len, witnessed.values())) - 8, self.summary)


if __name__ == "__main__":
    main()
