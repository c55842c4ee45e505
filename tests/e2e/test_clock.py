"""replay.clock: recorded: a service sees the time at which its tape was made."""
import glob
import os
import time
import unittest

from harness import Case, main

SERVICE = '''
import http.server, os, time

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *args):
        pass
    def do_GET(self):
        route, _, rest = self.path.partition("?")
        status, text = 200, "{}"
        if route == "/pay":         # a ticket: valid for a second after it was made
            made = float(rest)
            status, text = (500, "boom") if -60 < time.time() - made < 1 else (401, "expired")
            if status == 500 and os.environ.get("BUG") == "off":
                status, text = 200, "paid"
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
'''


def libfaketime():
    return glob.glob("/usr/lib/*/faketime/libfaketime*.so.1") + glob.glob("/usr/lib*/faketime/*.so.1")


class Clock(Case):
    def configure(self, clock, command="[python3, service.py]"):
        self.write("service.py", SERVICE)
        self.config(service=False, spec="""
            service: {command: %s, ready: {path: /, timeout: 40s}}
            replay: {clock: %s}
        """ % (command, clock))

    @unittest.skipUnless(libfaketime(), "libfaketime is not installed")
    def test_an_expired_ticket_is_valid_again(self):
        """With the real clock the tape diverges; with its own it comes again."""
        self.configure("recorded")
        r = self.run_suite('''
            import time
            made = time.time()
            assert get("/pay?%.3f" % made)[0] == 500
        ''')
        self.assertIn("reproduces: 3/3", r.err, r)
        made = time.time()
        while time.time() < made + 1:
            time.sleep(0.05)
        again = self.dvr("regress")
        self.assertEqual(again.code, 1, again)
        self.assertIn("came again", again.out)
        self.env["BUG"] = "off"
        self.assertEqual(self.dvr("regress").code, 0)
        self.env["BUG"] = "on"
        self.configure("real")
        real = self.dvr("regress")
        self.assertIn("500 → 401", real.out)
        self.assertNotIn("came again", real.out)

    @unittest.skipUnless(libfaketime(), "libfaketime is not installed")
    def test_a_static_program_is_refused_with_a_reason(self):
        self.configure("real")
        self.run_suite('get("/pay?%.3f" % time.time())')
        elf = bytearray(64)     # an ELF header without program headers
        elf[:6] = b"\x7fELF\x02\x01"
        with open(self.path("static"), "wb") as f:
            f.write(elf)
        os.chmod(self.path("static"), 0o755)
        self.configure("recorded", "[./static]")
        r = self.dvr("regress")
        self.assertNotEqual(r.code, 0)
        self.assertIn("linked statically", r.out)


if __name__ == "__main__":
    main()
