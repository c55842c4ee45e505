"""Every client of the transparency test, one after the other: what each of them saw
goes as JSON to the file that the first argument names. URLs and trust are in the environment."""
import functools
import hashlib
import http.client
import itertools
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from urllib.parse import urlsplit

HERE = os.path.dirname(os.path.abspath(__file__))
PLAIN, H2C, TLS, WS, RAW = (os.environ[n] for n in ("PLAIN", "H2C", "TLS", "WS", "RAW"))
GIT, GITS, GRPC, GRPCS = (os.environ[n] for n in ("GIT", "GITS", "GRPC", "GRPCS"))
NGINX, NGINX2, NGINXS, NPMWS, NPMWSS = (os.environ[n] for n in ("NGINX", "NGINX2", "NGINXS", "NPMWS", "NPMWSS"))
# Where dvr is a proxy that clients know of; then these are asked for by their own names.
PROXY = os.environ.get("PROXY", "")
BEHIND = json.loads(os.environ["BEHIND"])
NPM = os.environ.get("NPM")
CA = os.environ["SSL_CERT_FILE"]
JAVA = shutil.which("java") and os.path.exists("Transparent.class")
BIG = b"0123456789abcdef" * 20000
PAGES = (("GET", "page"), ("HEAD", "page"), ("POST", "echo"), ("GET", "gzip"), ("GET", "chunks"), ("GET", "early"),
         ("DELETE", "none"), ("GET", "same"), ("PUT", "gone"), ("GET", "move"), ("GET", "cut"), ("GET", "close"))
CASES = []


class Skip(Exception):
    pass


def sha(data):
    return hashlib.sha256(data).hexdigest()[:16]


def case(client, protocol, *args):
    def keep(f):
        CASES.append((client, protocol, f, args))
        return f
    return keep


def run(*command, env=None):
    if not shutil.which(command[0]):
        raise Skip("no " + command[0])
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=60,
                          env=dict(os.environ, **(env or {})))


def good(r):
    if r.returncode != 0:
        raise RuntimeError(r.stderr.decode(errors="replace")[-600:])
    return r.stdout


def tls():
    return ssl.create_default_context(cafile=CA)


def connect(url):
    u = urlsplit(url)
    s = socket.create_connection((u.hostname, u.port), timeout=20)
    return tls().wrap_socket(s, server_hostname=u.hostname) if u.scheme == "https" else s


@case("curl", "HTTP/1.1", PLAIN + "/curl-h1", "--http1.1")
@case("curl", "HTTP/1.1 (asks h2c)", PLAIN + "/curl-h1-upgrade", "--http2")
@case("curl", "HTTP/2", H2C + "/curl-h2c", "--http2-prior-knowledge")
@case("curl", "TLS HTTP/1.1", TLS + "/curl-tls1", "--http1.1")
@case("curl", "TLS ALPN h2", TLS + "/curl-tls2", "--http2")
def curl(base, version):
    seen = []
    for method, page in PAGES:
        if page == "close" and "h1" not in base:
            continue
        more = {"HEAD": ["-I"], "POST": ["--data-binary", "@big"]}.get(method, ["-X", method])
        r = run("curl", "-sS", "-D", "-", version, "-w", "%{http_version} %{exitcode}", *more, base + "/" + page)
        if page == "cut" and version.startswith("--http2"):
            # what came with the reset in one read, curl drops
            seen.append([page, r.returncode])
            continue
        head, _, body = r.stdout.rpartition(b"\r\n\r\n")
        seen.append([method, page, r.returncode, head.decode("latin1"), len(body), sha(body), body[-5:].decode("latin1")])
    return seen


@case("wget", "HTTP/1.1", PLAIN + "/wget-h1")
@case("wget", "TLS HTTP/1.1", TLS + "/wget-tls")
def wget(base):
    seen = []
    for page in ("page", "gzip", "chunks", "gone", "close")[:4 if base.startswith("https") else 5]:
        r = run("wget", "-q", "-S", "-O", "-", "--tries=1", "--ca-certificate=" + CA, base + "/" + page)
        seen.append([page, r.returncode, r.stderr.decode(), sha(r.stdout)])
    return seen


@case("python http.client", "HTTP/1.1", PLAIN + "/httpclient")
@case("python http.client", "TLS HTTP/1.1", TLS + "/httpclient-tls")
def httpclient(base):
    u = urlsplit(base)
    c = (http.client.HTTPSConnection(u.hostname, u.port, timeout=20, context=tls()) if u.scheme == "https"
         else http.client.HTTPConnection(u.hostname, u.port, timeout=20))
    seen = []
    for method, page in PAGES:
        if page in ("early", "cut", "close"):
            continue
        c.request(method, u.path + "/" + page, BIG if method == "POST" else None, {"X-Mixed-Case": "Yes"})
        r = c.getresponse()
        seen.append([page, r.status, r.reason, r.version, r.getheaders(), sha(r.read())])
    # a body in chunks, of no known length
    c.request("POST", u.path + "/echo", iter([b"a" * 10, b"b" * 70000]), {}, encode_chunked=True)
    r = c.getresponse()
    seen.append([r.status, r.getheaders(), sha(r.read())])
    c.close()
    return seen


@case("python requests", "HTTP/1.1", PLAIN + "/requests")
@case("python requests", "TLS HTTP/1.1", TLS + "/requests-tls")
def with_requests(base):
    try:
        import requests
    except ImportError:
        raise Skip("no python3-requests")
    seen = []
    with requests.Session() as s:
        s.trust_env = True
        for method, page in PAGES:
            if page in ("early", "cut", "close"):
                continue
            r = s.request(method, base + "/" + page, data=BIG if method == "POST" else None, timeout=20, allow_redirects=False)
            seen.append([page, r.status_code, list(r.raw.headers.items()), sha(r.content), sorted(s.cookies.items())])
        r = s.post(base + "/echo", data=iter([b"a" * 10, b"b" * 70000]), timeout=20)
        seen.append([r.status_code, list(r.raw.headers.items()), sha(r.content)])
    return seen


@case("node http", "HTTP/1.1", "http", PLAIN + "/node-h1")
@case("node https", "TLS HTTP/1.1", "http", TLS + "/node-tls1")
@case("node http2", "HTTP/2", "h2", H2C + "/node-h2c")
@case("node http2", "TLS ALPN h2", "h2", TLS + "/node-tls2")
def node(kind, base):
    return json.loads(good(run("node", os.path.join(HERE, "transparent_client.mjs"), kind, base)))


JAVA_RUNS = ("HTTP_1_1", PLAIN + "/java-h1"), ("HTTP_2", PLAIN + "/java-upgrade"), \
    ("HTTP_1_1", TLS + "/java-tls1"), ("HTTP_2", TLS + "/java-tls2")


@functools.lru_cache(None)
def all_of_java():
    """One machine for all of them: it takes a second to start."""
    out = good(run("java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "Transparent", *itertools.chain(*JAVA_RUNS)))
    return out.decode().split("== ")[1:]


@case("java HttpClient", "HTTP/1.1", 0)
@case("java HttpClient", "HTTP/1.1 (asks h2c)", 1)
@case("java HttpClient", "TLS HTTP/1.1", 2)
@case("java HttpClient", "TLS ALPN h2", 3)
def java(n):
    if not JAVA:
        raise Skip("no JDK")
    return all_of_java()[n].splitlines()


@case("nghttp", "HTTP/2", H2C + "/nghttp-h2c")
@case("nghttp", "TLS ALPN h2", TLS + "/nghttp-tls")
def nghttp(base):
    seen = []
    for page in ("page", "gzip", "chunks", "early", "gone"):
        url = base + "/" + page
        body = good(run("nghttp", "--no-dep", url))
        text = good(run("nghttp", "-nv", "--no-dep", url)).decode("latin1")
        fields = [l.split("] ", 1)[1] for l in text.splitlines() if "] recv (stream_id=" in l]
        seen.append([page, sha(body), fields])
    return seen


@case("h2load", "HTTP/1.1", PLAIN + "/h2load-h1", "--h1")
@case("h2load", "HTTP/2", H2C + "/h2load-h2c", "-m10")
@case("h2load", "TLS ALPN h2", TLS + "/h2load-tls", "-m10")
def h2load(base, how):
    out = good(run("h2load", "-n200", "-c2", how, base + "/page")).decode()
    lines = [l for l in out.splitlines() if l.startswith(("requests:", "status codes:", "traffic:", "Application protocol"))]
    # HTTP/2's control frames come as they come: data and headers are what counts
    return [l.split("total, ", 1)[-1] if l.startswith("traffic:") else l for l in lines]


@case("nginx <- curl", "HTTP/1.1", NGINX + "/nginx", "--http1.1")
@case("nginx <- curl", "HTTP/2", NGINX2 + "/nginx2", "--http2-prior-knowledge")
@case("nginx <- curl", "TLS HTTP/1.1", NGINXS + "/nginxs1", "--http1.1")
@case("nginx <- curl", "TLS ALPN h2", NGINXS + "/nginxs2", "--http2")
def nginx(base, version):
    if not urlsplit(base).netloc:
        raise Skip("no nginx")
    seen = []
    for page, more in (("small", []), ("big", []), ("small", ["-I"]), ("zip", ["--compressed"]), ("echo", ["--data-binary", "@big"]),
                       ("big", ["-r", "1000-2999"]), ("big", ["-r", "0-9,20-29"]), ("move", []), ("none", []), ("nowhere", []),
                       ("small", ["-H", "If-None-Match: *", "-H", "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT"])):
        r = run("curl", "-sS", "-D", "-", version, "-w", "%{http_version} %{exitcode}", *more, base + "/" + page)
        head, _, body = r.stdout.partition(b"\r\n\r\n")
        # the boundary of several ranges counts up
        head = re.sub(rb"boundary=\d+", b"boundary=N", head)
        body = re.sub(rb"--\d{20}", b"--N", body)
        dated = [l for l in head.decode("latin1").split("\r\n") if not l.lower().startswith("date:")]
        seen.append([page, r.returncode, dated, len(body), sha(body), body[-5:].decode("latin1")])
    return seen


def by_npm(*args):
    if not NPM:
        raise Skip("no packages from npm")
    return json.loads(good(run("node", os.path.join(HERE, "transparent_npm.mjs"), *args)))


@case("@grpc/grpc-js", "gRPC HTTP/2", "grpc", GRPC)
@case("@grpc/grpc-js", "gRPC TLS h2", "grpc", GRPCS)
@case("node ws <-> ws", "ws", "ws", NPMWS)
@case("node ws <-> ws", "wss", "ws", NPMWSS)
def npm(what, url):
    if NPM and not url:
        raise Skip("no python3-grpcio")
    return by_npm(what, url)


@case("curl as grpcurl", "gRPC HTTP/2", GRPC, "--http2-prior-knowledge")
@case("curl as grpcurl", "gRPC TLS h2", GRPCS, "--http2")
def grpcurl(url, version):
    """What a client without generated code sends: frames of bytes, trailers asked for."""
    if not url:
        raise Skip("no python3-grpcio")
    seen = []
    for method, messages in (("Unary", [b"hello"]), ("Upload", [b"a", BIG, b""]), ("Watch", [b"w"]), ("Chat", [b"one", b"two"]),
                             ("Fail", [b"x"])):
        with open("frames", "wb") as f:
            f.write(b"".join(b"\0" + len(m).to_bytes(4, "big") + m for m in messages))
        r = run("curl", "-sS", "--raw", "-D", "head", version, "-H", "Content-Type: application/grpc", "-H", "TE: trailers",
                "--data-binary", "@frames", url + "/t.T/" + method)
        with open("head", encoding="latin1") as f:
            seen.append([method, r.returncode, f.read(), len(r.stdout), sha(r.stdout)])
    return seen


# ---- dvr as the proxy that a client is told of -----------------------------------

def unproxied():
    """This machine is asked through the proxy, too."""
    return {"NO_PROXY": "", "no_proxy": ""}


@case("curl -x", "forward proxy HTTP/1.1", "PLAIN", "curlx", "--http1.1")
@case("curl -x", "CONNECT, TLS HTTP/1.1", "TLS", "curlx-tls1", "--http1.1")
@case("curl -x", "CONNECT, TLS ALPN h2", "TLS", "curlx-tls2", "--http2")
@case("curl -x -p", "CONNECT, HTTP/1.1", "PLAIN", "curlx-p", "--http1.1", "--proxytunnel")
@case("curl -x -p", "CONNECT, HTTP/2", "H2C", "curlx-h2c", "--http2-prior-knowledge", "--proxytunnel")
def curl_proxied(name, tag, *how):
    seen = []
    way = ["-x", PROXY, "--suppress-connect-headers"] if PROXY else []
    if not PROXY:
        how = [h for h in how if h != "--proxytunnel"]
    for method, page in PAGES:
        if page in ("close", "cut"):
            continue
        more = {"HEAD": ["-I"], "POST": ["--data-binary", "@big"]}.get(method, ["-X", method])
        r = run("curl", "-sS", "-D", "-", *how, *way, "-w", "%{http_version} %{exitcode}", *more,
                BEHIND[name] + "/" + tag + "/" + page, env=unproxied())
        head, _, body = r.stdout.rpartition(b"\r\n\r\n")
        seen.append([method, page, r.returncode, head.decode("latin1"), r.stderr.decode(), len(body), sha(body),
                     body[-5:].decode("latin1")])
    return seen


@case("python requests", "forward proxy HTTP/1.1", "PLAIN", "requests-proxy")
@case("python requests", "CONNECT, TLS HTTP/1.1", "TLS", "requests-proxy-tls")
def requests_proxied(name, tag):
    try:
        import requests
    except ImportError:
        raise Skip("no python3-requests")
    seen = []
    os.environ.update(unproxied())
    with requests.Session() as s:
        s.proxies = {"http": PROXY, "https": PROXY} if PROXY else {}
        for method, page in PAGES:
            if page in ("early", "cut", "close"):
                continue
            r = s.request(method, BEHIND[name] + "/" + tag + "/" + page, data=BIG if method == "POST" else None, timeout=20,
                          allow_redirects=False)
            seen.append([page, r.status_code, list(r.raw.headers.items()), sha(r.content), sorted(s.cookies.items())])
    return seen


@case("node https-proxy-agent", "CONNECT, TLS HTTP/1.1", "agent", "TLS", "agent-tls")
@case("node https-proxy-agent", "CONNECT, HTTP/1.1", "agent", "PLAIN", "agent")
@case("node undici ProxyAgent", "CONNECT, TLS HTTP/1.1", "fetch", "TLS", "undici-tls")
@case("node undici ProxyAgent", "CONNECT, HTTP/1.1", "fetch", "PLAIN", "undici")
def npm_proxied(what, name, tag):
    return by_npm(what, PROXY, BEHIND[name] + "/" + tag)


@case("git http.proxy", "forward proxy HTTP/1.1", "GIT", "clone")
@case("git http.proxy", "CONNECT, TLS HTTP/1.1", "GITS", "clone-tls")
def git_proxied(name, what):
    where = what + "-proxied"
    shutil.rmtree(where, ignore_errors=True)
    good(run("git", "-c", "http.proxy=" + PROXY, "clone", "-q", BEHIND[name] + "/" + what + ".git", where, env=unproxied()))
    good(run("git", "-C", where, "fsck", "--full"))
    return kept(where)


def kept(folder):
    return good(run("git", "-C", folder, "rev-parse", "HEAD", "HEAD^{tree}")).decode()


@case("git clone", "HTTP/1.1", GIT, "clone")
@case("git clone", "TLS HTTP/1.1", GITS, "clone")
@case("git push", "HTTP/1.1", GIT, "push")
@case("git push", "TLS HTTP/1.1", GITS, "push")
def git(base, what):
    name = what + ("-tls" if base.startswith("https") else "")
    where = name + "-copy"
    shutil.rmtree(where, ignore_errors=True)
    repository = base + "/" + name + ".git"
    if what == "clone":
        good(run("git", "clone", "-q", repository, where))
        good(run("git", "-C", where, "fsck", "--full"))
        return kept(where)
    good(run("git", "-C", "work", "push", "-q", "--porcelain", repository, "HEAD:refs/heads/more"))
    return good(run("git", "-C", "work", "ls-remote", repository)).decode()


@case("python grpcio", "gRPC HTTP/2", GRPC)
@case("python grpcio", "gRPC TLS h2", GRPCS)
def grpc(url):
    if not url:
        raise Skip("no python3-grpcio")
    return json.loads(good(run(os.environ["GRPC_PYTHON"], os.path.join(HERE, "transparent_grpc.py"), "call", url)))


def frame(kind, payload, fin=0x80):
    n = len(payload)
    size = bytes([0x80 | n]) if n < 126 else b"\xfe" + n.to_bytes(2, "big") if n < 65536 else b"\xff" + n.to_bytes(8, "big")
    mask = b"\x11\x22\x33\x44"
    return bytes([fin | kind]) + size + mask + bytes(b ^ mask[i & 3] for i, b in enumerate(payload))


def drain(s):
    got = b""
    while True:
        part = s.recv(65536)
        if not part:
            return got
        got += part


@case("WebSocket by hand", "ws", WS, "/ws")
@case("WebSocket by hand", "wss", TLS, "/wss")
def websocket(base, path):
    with connect(base) as s:
        s.sendall(("GET %s/talk HTTP/1.1\r\nHost: a.example\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"
                   "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n" % path).encode()
                  + frame(1, b"at once"))
        for f in (frame(1, "\u00e9t\u00e9".encode()), frame(2, BIG[:70000]), frame(9, b"ping"), frame(1, b"in ", 0), frame(0, b"parts"),
                  frame(2, b""), frame(8, b"\x03\xe8bye")):
            s.sendall(f)
        got = drain(s)
        head, _, rest = got.partition(b"\r\n\r\n")
        return [head.decode(), len(rest), sha(rest)]


@case("event stream by hand", "SSE", PLAIN, "/sse")
@case("event stream by hand", "SSE over TLS", TLS, "/sse-tls")
def events(base, path):
    ask = "GET %s HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n"
    with connect(base) as s:
        s.sendall((ask % (path + "/events")).encode())
        got = b""
        # the next one is asked for when this one is here: held back is hanging
        for n in (1, 2, 3, "end"):
            with connect(base) as other:
                while got.count(b"\n\n") < (n if n != "end" else 4):
                    part = s.recv(65536)
                    if not part:
                        raise RuntimeError("ended early: %r" % got)
                    got += part
                other.sendall((ask % (path + "/event/%s" % n)).encode())
                drain(other)
        got += drain(s)
    return got.decode()


@case("bytes by hand", "HTTP/1.1", RAW)
def raw(base):
    seen = []
    for data in (b"GET /a?b=c%20d&&e HTTP/1.1\r\nhOST: a.example\r\nX-A:  two  \r\nx-a: \r\nConnection: close\r\n\r\n",
                 b"POST /a HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                 b"5;ext=1\r\nhello\r\n00a\r\n0123456789\r\n0\r\nX-Trailer: t\r\n\r\n",
                 b"GET / HTTP/1.0\r\n\r\n",
                 b"OPTIONS * HTTP/1.1\r\nHost: a.example\r\nCookie: a=b;  c=\"d\"\r\nX-Latin: \xe9\xff\r\n"
                 b"TraceParent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n"):
        with connect(base) as s:
            s.sendall(data)
            seen.append(drain(s).decode("latin1"))
    return seen


def main():
    seen = {}
    for client, protocol, f, args in CASES:
        start = time.monotonic()
        try:
            what = {"saw": f(*args)}
        except Skip as x:
            what = {"skip": str(x)}
        except Exception as x:
            what = {"error": "%s: %s" % (type(x).__name__, x)}
        seen[client + " | " + protocol] = what
        if os.environ.get("TIMES"):
            print("%6.2f %s %s" % (time.monotonic() - start, client, protocol), file=sys.stderr)
    with open(sys.argv[1], "w") as out:
        json.dump(seen, out)


main()
