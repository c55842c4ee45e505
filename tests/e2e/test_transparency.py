"""Real clients and real servers, once directly and once through dvr: both sides see
the same, headers in their order and bodies by their hash, but for the correlation id.
DVR_MATRIX names a file that gets the table in Markdown, too."""
import collections
import http.client
import json
import os
import random
import re
import shutil
import subprocess
import sys
import unittest.mock

from consumers import install
from harness import Case, ROOT, free_port, main
from tls_peers import Authority, serve_raw

HERE = os.path.join(ROOT, "tests", "e2e")
CLIENTS = os.path.join(HERE, "transparent_clients.py")
LANES = ("PLAIN", "H2C", "WS", "TLS", "GIT", "GITS", "GRPC", "GRPCS", "RAW", "NGINX", "NGINX2", "NGINXS", "NPMWS", "NPMWSS")
SECURE = ("TLS", "GITS", "GRPCS", "NGINXS", "NPMWSS")
TRUST = ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO",
         "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH")
# What dvr adds to an HTTP/1.1 request, the second where the client sent none.
ADDED = re.compile(r"X-DVR-Correlation-Id: tests/run/\d+\r\n(traceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-01\r\n)?")
ADDED_NAMES = ("X-DVR-Correlation-Id", "traceparent")
# dvr declines h2c for the service, as the README says: these alone may go.
H2C_OFFER = {"upgrade", "http2-settings", "connection"}

NGINX = """
daemon off; master_process off; worker_processes 1; pid %(dir)s/nginx.pid; error_log %(dir)s/nginx.log crit;
events { worker_connections 64; }
http {
	log_format line escape=json '{"at":"$request_method $request_uri","version":"$server_protocol","status":$status,'
		'"sent":$body_bytes_sent,"headers":[["user-agent","$http_user_agent"],["range","$http_range"],["host","$http_host"]]}';
	access_log %(dir)s/log line; root %(dir)s/www; default_type text/plain; gzip on; gzip_types text/plain; gzip_min_length 2000;
	client_body_temp_path %(dir)s; proxy_temp_path %(dir)s; fastcgi_temp_path %(dir)s; uwsgi_temp_path %(dir)s;
	scgi_temp_path %(dir)s; client_max_body_size 0; http2_max_concurrent_streams 16;
	server {
		listen 127.0.0.1:%(plain)d; listen 127.0.0.1:%(h2c)d http2; listen 127.0.0.1:%(tls)d ssl http2;
		ssl_certificate %(cert)s; ssl_certificate_key %(key)s;
		rewrite ^/(?:nginx[a-z0-9]*|last)/(.*)$ /$1;
		location /echo { client_body_buffer_size 1m; proxy_pass http://127.0.0.1:%(back)d; proxy_set_header X-Tag nginx; }
		location /move { return 302 /elsewhere; }
		location /none { return 204; }
		location /zip { alias %(dir)s/www/text; }
	}
}
"""


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


def verdict(direct, through):
    """One word for the matrix. A client that is not here is passed over aloud; where CI runs,
    ci/deps.sh installs all of them, so that is a failure."""
    if "skip" in direct:
        return ("MISSING: " if os.environ.get("CI") else "skipped: ") + direct["skip"]
    if "error" in direct:
        return "FAILED directly: " + direct["error"]
    return "same" if direct == through else "DIFFERENT"


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
        self.env["NPM"] = self.packages()
        if self.env["NPM"]:
            ports["NPMWS"], ports["NPMWSS"] = self.server("node", os.path.join(HERE, "transparent_npm.mjs"), "serve")
        if shutil.which("nginx"):
            ports.update(self.nginx(plain))
        return {n: "%s://127.0.0.1:%d" % ("https" if n in SECURE else "http", p) for n, p in ports.items() if p}

    def packages(self):
        """Where the packages from npm are, or nothing where there is no npm to get them."""
        return install("clients") if shutil.which("npm") else ""

    def nginx(self, back):
        """An nginx that logs as the others do."""
        os.makedirs(self.path("www"))
        noise = random.Random(8)
        for name, data in (("small", b"small\n"), ("big", noise.randbytes(3 << 20)), ("text", b"A line of text.\n" * 5000)):
            with open(self.path("www", name), "wb") as f:
                f.write(data)
            os.utime(self.path("www", name), (1767225600, 1767225600))
        self.front = free_port()
        ports = {"NGINX": self.front, "NGINX2": free_port(), "NGINXS": free_port()}
        self.write("nginx.conf", NGINX % dict(dir=self.dir, back=back, plain=ports["NGINX"], h2c=ports["NGINX2"], tls=ports["NGINXS"],
                                              cert=self.env["CERT"], key=self.env["KEY"]))
        os.chmod(self.dir, 0o755)
        p = self.start("nginx", "-e", self.path("nginx.log"), "-c", self.path("nginx.conf"))
        while not self.nginx_said():
            self.assertIsNone(p.poll(), "nginx does not start")
        return ports

    def nginx_said(self):
        """Its word for a request that nobody compares: all before stand in its log."""
        try:
            c = http.client.HTTPConnection("127.0.0.1", self.front, timeout=20)
            c.request("GET", "/last/none")
            c.getresponse().read()
            return True
        except ConnectionRefusedError:
            return False
        finally:
            c.close()

    def phase(self, name, run):
        """One round of all clients: what they and what the servers saw."""
        for r in ("push", "push-tls"):
            shutil.rmtree(self.path("git", r + ".git"), ignore_errors=True)
            self.run_here("git", "init", "-q", "--bare", "git/%s.git" % r)
        os.truncate(self.log, 0)
        run(self.path(name + ".json"))
        with open(self.path(name + ".json")) as f:
            clients = json.loads(re.sub(r"127\.0\.0\.1:\d+", "HERE", f.read()))
        if hasattr(self, "front"):
            self.nginx_said()
        with open(self.log) as f:
            lines = re.sub(r"127\.0\.0\.1:\d+", "HERE", f.read()).splitlines()
        served = collections.defaultdict(list)
        for o in map(json.loads, lines):
            offers = "-upgrade/" in o["at"]
            o["headers"] = [h for h in o.get("headers", ()) if h[0] not in ADDED_NAMES
                            and not (offers and h[0].lower() in H2C_OFFER)]
            if self.tag(o["at"]) != "last":
                served[self.tag(o["at"])].append(json.dumps(o))
        return clients, {t: sorted(v) for t, v in served.items()}

    def tag(self, at):
        return at.split(" ")[1].split("/")[1]

    def direct(self, urls):
        def run(out):
            env = dict(self.env, BEHIND=json.dumps(urls), **{n: urls.get(n, "") for n in LANES}, **{n: self.ca.file for n in TRUST})
            if shutil.which("keytool"):
                self.run_here("keytool", "-importcert", "-noprompt", "-alias", "x", "-file", self.ca.file, "-storetype",
                              "PKCS12", "-keystore", "trust.p12", "-storepass", "changeit")
                env["JAVA_TOOL_OPTIONS"] = ("-Djavax.net.ssl.trustStore=%s -Djavax.net.ssl.trustStorePassword=changeit"
                                            % self.path("trust.p12"))
            subprocess.run([sys.executable, CLIENTS, out], cwd=self.dir, env=env, check=True, timeout=140)
        return run

    def through(self, urls):
        lanes = ["- {name: %s, role: ingress, target: '%s', env: %s%s}"
                 % (n.lower(), u, n, ", listen: 'https://127.0.0.1:0', ca: their-ca.pem" if n in SECURE else "")
                 for n, u in urls.items()]
        # A lane for services to call out; here the suite's clients are told of it.
        proxy = "http://127.0.0.1:%d" % free_port()
        lanes.append("- {name: proxy, role: egress, proxy: forward, listen: '%s', ca: their-ca.pem}" % proxy)
        self.config("triggers: [{on_status: [599]}]\nlanes:\n  " + "\n  ".join(lanes), service=False)

        def run(out):
            env = dict(self.env, PROXY=proxy, BEHIND=json.dumps(urls), **{n: "" for n in LANES if n not in urls})
            r = self.dvr("run", "--no-verify", "--", sys.executable, CLIENTS, out, env=env, timeout=140)
            self.assertEqual(r.code, 0, r)
            self.summary = r.err
        return run

    def table(self, rows):
        head = ("client", "protocol", "through dvr")
        print("\n" + "\n".join("%-23s %-23s %s" % r for r in [head] + rows))
        if os.environ.get("DVR_MATRIX"):
            with open(os.environ["DVR_MATRIX"], "w") as f:
                f.writelines("| %s | %s | %s |\n" % r for r in [head, ("---",) * 3] + rows)

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
            rows.append((*name.split(" | "), verdict(a, b)))
            if rows[-1][2] != "same" and not rows[-1][2].startswith("skipped"):
                bad.append("%s: %s\n  directly %s\n  dvr      %s" % (name, rows[-1][2], *apart(a, b)))
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

    def test_a_tool_that_is_not_there_is_told(self):
        """With an empty PATH, without the packages of Python and npm: each row has its reason."""
        nowhere = "http://127.0.0.1:%d" % free_port()
        os.mkdir(self.path("nothing"))
        for name in ("requests.py", "grpc.py"):
            self.write("blocked/" + name, "raise ImportError\n")
        urls = dict(dict.fromkeys(LANES, nowhere), GRPC="", GRPCS="", NGINX="", NGINX2="", NGINXS="")
        env = dict(self.env, PATH=self.path("nothing"), PYTHONPATH=self.path("blocked"), BEHIND=json.dumps(urls), NPM="",
                   SSL_CERT_FILE=self.ca.file, **urls)
        subprocess.run([sys.executable, CLIENTS, self.path("out")], cwd=self.dir, env=env, check=True, timeout=60)
        seen = json.loads(self.read("out"))
        tools = [name for name, what in seen.items() if "skip" in what]
        # what is left needs nothing but Python
        self.assertEqual({n.split(" | ")[0] for n in seen if n not in tools},
                         {"python http.client", "WebSocket by hand", "event stream by hand", "bytes by hand"})
        for name in tools:
            self.assertRegex(seen[name]["skip"], r"^no \S+")
        one = seen[tools[0]]
        with unittest.mock.patch.dict(os.environ, CI=""):
            self.assertEqual(verdict(one, one), "skipped: " + one["skip"])
        with unittest.mock.patch.dict(os.environ, CI="true"):
            self.assertEqual(verdict(one, one), "MISSING: " + one["skip"])


if __name__ == "__main__":
    main()
