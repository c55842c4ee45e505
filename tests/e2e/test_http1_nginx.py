"""nginx as a second judge of our HTTP/1.1 decoder, with the traps and some mutations
of them: what it passes on, we must have seen just so (method, target, body), and what
we call clean, it must take."""
import json
import os
import random
import re
import socket
import subprocess
import sys
import tempfile

from harness import free_port
from http1_streams import Opinion, TRAPS, build_tool, mutate, ours

CONF = """
daemon off; master_process off; worker_processes 1; pid %(dir)s/pid; error_log %(dir)s/error.log;
events { worker_connections 512; }
http {
	log_format seen escape=json '{"from":"$remote_addr","status":$status,"method":"$request_method",'
		'"target":"$request_uri","body":"$request_body"}';
	client_body_temp_path %(dir)s; proxy_temp_path %(dir)s; fastcgi_temp_path %(dir)s;
	uwsgi_temp_path %(dir)s; scgi_temp_path %(dir)s;
	proxy_ignore_client_abort on; client_body_buffer_size 64k; client_body_in_single_buffer on; lingering_close off;
	server {
		listen 127.0.0.1:%(front)d;
		access_log %(dir)s/seen seen;
		location / { proxy_pass http://127.0.0.1:%(back)d; }
	}
	server { listen 127.0.0.1:%(back)d; access_log off; return 200; }
}
"""


def send(port, stream, source):
    with socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(source, 0)) as c:
        try:
            c.sendall(stream)
            c.shutdown(socket.SHUT_WR)
            while c.recv(65536):
                pass
        except OSError:
            pass


def opinions(streams, folder):
    front, back = free_port(), free_port()
    conf = os.path.join(folder, "nginx.conf")
    with open(conf, "w") as f:
        f.write(CONF % {"dir": folder, "front": front, "back": back})
    os.chmod(folder, 0o755)
    server = subprocess.Popen(["nginx", "-e", os.path.join(folder, "error.log"), "-c", conf])
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", front)).close()
                break
            except ConnectionRefusedError:
                if server.poll() is not None:
                    raise AssertionError("nginx does not start")
        # An address of its own tells each connection apart in the log.
        sources = ["127.1.%d.%d" % (i // 250, i % 250 + 1) for i in range(len(streams))]
        for stream, source in zip(streams, sources):
            send(front, stream, source)
    finally:
        server.send_signal(subprocess.signal.SIGQUIT)
        server.wait(20)
    with open(os.path.join(folder, "seen"), encoding="latin1") as f:
        lines = [json.loads(l) for l in f]
    for source in sources:
        mine = [l for l in lines if l["from"] == source]
        seen = [l for l in mine if l["status"] in (200, 499, 502)]
        parts = [[l[k].encode("latin1").hex() for k in ("method", "target", "body")] for l in seen]
        yield Opinion([(method, target, "", "", body, "") for method, target, body in parts], [],
                      " ".join(str(l["status"]) for l in mine if l not in seen))


def passed(message):
    return message[0], message[1], message[4]


# Where we choose to differ: the reason, and how to tell by the stream and by our
# message that nginx does not have.
CHOSEN = (
    ("nginx wants a Host (RFC 9112 3.2 does, too): the service may say so, we decode",
     lambda stream, m: m and not any(re.fullmatch(r"host=[\w.:-]+", h.lower()) for h in fields(m))),
    ("nginx knows methods of capitals alone, and neither CONNECT nor TRACE",
     lambda stream, m: m and (not re.fullmatch(rb"[A-Z_-]+", name(m)) or name(m) in (b"CONNECT", b"TRACE"))),
    ("a tab is white space, too (RFC 9110 5.6.3)", lambda stream, m: b"\t" in stream),
    ("a version has one digit behind the dot (RFC 9112 2.3)", lambda stream, m: not m and re.search(rb"HTTP/1\.[0-9]{2}", stream)),
    ("nginx looks for keep-alive within a token, too", lambda stream, m: not m and re.search(rb"(?i)[^,\s]keep-alive|keep-alive[^,\s]", stream)),
    ("nginx wants a target with a path",
     lambda stream, m: m and not bytes.fromhex(m[1]).startswith((b"/", b"http"))),
    ("HTTP/0.9 has no head and no end; Node refuses it as we do",
     lambda stream, m: not m and re.search(rb"GET +[^ \r\n]* ?\r?\n", stream)),
    ("CR CR LF is no line end (RFC 9112 2.2); Node refuses it as we do",
     lambda stream, m: not m and b"\r\r\n" in stream),
    ("nginx throws trailers away unread; Node refuses bad ones as we do",
     lambda stream, m: not m and re.search(rb"\n0+[^\n]*\r?\n[^\r\n]", stream)),
)


def name(m):
    return bytes.fromhex(m[0])


def fields(m):
    pairs = [f.split("=") for f in m[3].split(",")[:-1]]
    return ["%s=%s" % tuple(bytes.fromhex(x).decode("latin1") for x in f) for f in pairs]


def judge(stream, we, they):
    """None, or what differs."""
    seen = [passed(m) for m in they.messages]
    known = [passed(m) for m in we.messages]
    same = next((i for i, (a, b) in enumerate(zip(seen, known)) if a != b), min(len(seen), len(known)))
    m = we.messages[same] if same < len(known) else None
    if same == len(seen) and (not m or any(we.doubts[:same + 1])):
        return None
    if any(known(stream, m) for _, known in CHOSEN):
        return None
    return "nginx passed on other messages" if same < len(seen) else "nginx stopped earlier"


def main():
    rnd = random.Random(os.environ.get("SEED", "dvr"))
    streams = TRAPS + [mutate(rnd, rnd.choice(TRAPS)) for _ in range(int(os.environ.get("MUTATIONS", 300)))]
    bad = clean = 0
    with tempfile.TemporaryDirectory() as tmp:
        saw = list(ours([("q", s) for s in streams], build_tool(tmp)))
        for stream, we, they in zip(streams, saw, opinions(streams, tmp)):
            clean += len(they.messages) > 0
            why = judge(stream, we, they)
            if why:
                bad += 1
                print("%s\n  sent  %r\n  ours  %r %s\n  nginx %r" % (why, stream, we, we.doubts, they))
    print("%d streams, %d of them with an answer, %d judged otherwise by nginx" % (len(streams), clean, bad))
    return 1 if bad or clean < 80 else 0


sys.exit(main())
