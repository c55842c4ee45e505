"""State: a failure that stands in a row is recorded with it and comes back."""
import os
import re
import subprocess
import sys

from harness import Case, DVR, free_port, main

# Fails on a row's value; a log-in compares what stands in the database.
SERVICE = '''
    import http.server, json, os, sqlite3

    FIXED = os.environ.get("FIXED") == "1"
    DB = os.environ["DB"]

    def ask(sql, *values):
        db = sqlite3.connect(DB, timeout=5)
        try:
            with db:
                return db.execute(sql, values).fetchall()
        finally:
            db.close()

    ask("PRAGMA journal_mode = WAL")
    ask("CREATE TABLE IF NOT EXISTS users(id INTEGER PRIMARY KEY, name TEXT, "
        "password TEXT, email TEXT, quota INTEGER, photo BLOB)")
    os.makedirs(os.path.dirname(DB) + "/up", exist_ok=True)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args):
            pass

        def answer(self, status, body):
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self):
            if self.path == "/health":
                return self.answer(200, {})
            rows = ask("SELECT quota FROM users WHERE name = ?",
                       self.path.rsplit("/", 1)[1])
            if not rows:
                return self.answer(404, {})
            if rows[0][0] == 0 and not FIXED:
                return self.answer(500, {"error": "division by zero"})
            self.answer(200, {"share": 100 // (rows[0][0] or 1)})

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            rows = ask("SELECT id FROM users WHERE name = ? AND password = ?",
                       body["user"], body["password"])
            if rows:
                ask("UPDATE users SET quota = quota + 10 WHERE name <> ?", "ada")
            self.answer(200 if rows else 401, {"ok": bool(rows)})

    http.server.ThreadingHTTPServer(
        ("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
'''
# The fixture: rows that no request has made and no start of the service makes.
SEED = '''
    import sqlite3
    pw = "correct-" + "horse-battery"
    mail = "ada.lovelace@" + "mail.example.com"
    state = os.environ["DVR_STATE_DIR"]
    db = sqlite3.connect(state + "/shop.db")
    db.execute("INSERT INTO users VALUES(5, 'ada', ?, ?, 0, x'00ff')", (pw, mail))
    db.execute("INSERT INTO users VALUES(2, 'bob', 'b', 'x', 7, NULL)")
    db.commit()
    db.close()
'''
SUITE = SEED + '''
    assert post("/login", {"user": "ada", "password": pw})[0] == 200
    assert get("/quota/ada")[0] == 200
'''
SECRETS = ["correct-" + "horse-battery", "ada.lovelace@" + "mail.example.com"]


class State(Case):
    def setUp(self):
        super().setUp()
        self.write("service.py", SERVICE)
        self.configure("{name: shop, provider: sqlite, path: \"${DVR_STATE_DIR}/shop.db\", "
                       "snapshot: first_request}")

    def configure(self, *states, more=""):
        self.config("service:\n"
                    "  command: [python3, service.py]\n"
                    "  env: {DB: \"${DVR_STATE_DIR}/shop.db\"}\n"
                    "  ready: {path: /health, timeout: 20s}\n"
                    + ("state:\n" + "".join("  - %s\n" % s for s in states) if states else "")
                    + more, service=False)

    def record(self, suite=SUITE):
        r = self.run_suite(suite)
        self.assertEqual(r.code, 1, r)
        self.assertEqual(len(self.tapes()), 1, r)
        return r, self.tapes()[0]

    def test_step_mode_restores_it_for_a_service_that_is_started_then(self):
        r, tape = self.record()
        port = free_port()
        p = self.start(DVR, "replay", "start", "--target", "http://127.0.0.1:%d" % port, "--tape", tape,
                       "--step-mode", stdin=subprocess.PIPE)
        said = ""
        while not said.endswith("dvr> "):
            c = p.stdout.read(1)
            self.assertTrue(c, said)
            said += c
        where = re.search(r"^  DVR_STATE_DIR=(.*)$", said, re.M).group(1)
        self.assertTrue(os.path.exists(where + "/shop.db"), said)
        self.start(sys.executable, "service.py", stderr=subprocess.DEVNULL,
                   env=dict(self.env, PORT=str(port), DB=where + "/shop.db"))
        wait = self.suite('''
            for _ in range(400):
                if get("/health")[0] == 200: break
                time.sleep(0.05)
        ''', "wait.py")
        subprocess.run([sys.executable, wait], check=True,
                       env=dict(self.env, DVR_BASE_URL="http://127.0.0.1:%d" % port))
        out, err = p.communicate("continue\nquit\n", 60)
        self.assertIn("[Received] 500 Internal Server Error", out, err)
        self.assertNotIn("recorded:", out)
        self.assertFalse(os.path.exists(where))
        whole = self.dvr("replay", "start", "--target", "http://127.0.0.1:%d" % port, "--tape", tape)
        self.assertEqual(whole.code, 2, whole)
        self.assertIn("with --step-mode you do", whole.out, whole)

    def test_a_row_brings_the_failure_back(self):
        r, tape = self.record()
        self.assertIn("reproduces: 3/3", r.err, r)
        everything = self.all_bytes("fixtures")
        for secret in SECRETS:
            self.assertNotIn(secret.encode(), everything)
            self.assertNotIn(secret.encode().hex().encode(), everything)
        dump = self.read("fixtures", tape, "state", "shop.sql").decode()
        self.assertIn("INSERT INTO \"users\"", dump)
        self.assertLess(dump.index("'bob'"), dump.index("'ada'"))
        # the log-in works with the value that stands for the password
        r = self.dvr("regress", "--repeat", "3", "-v")
        self.assertEqual(r.code, 1, r)
        self.assertIn("reproduced 3/3", r.out, r)
        self.assertIn("200 → 200", r.out, r)
        r = self.dvr("regress", env=dict(self.env, FIXED="1"))
        self.assertEqual(r.code, 0, r)

    def test_without_the_state_it_is_no_pass(self):
        _, tape = self.record()
        self.configure()
        r = self.dvr("regress", env=dict(self.env, FIXED="1"))
        self.assertEqual(r.code, 2, r)
        self.assertIn("add it to spec.state", r.out + r.err, r)
        self.configure("{name: shop, provider: sqlite, path: \"${DVR_STATE_DIR}/shop.db\"}")
        with open(self.path("fixtures", tape, "state", "shop.sql"), "a") as f:
            f.write("-- changed\n")
        r = self.dvr("regress", env=dict(self.env, FIXED="1"))
        self.assertEqual(r.code, 3, r)
        os.remove(self.path("fixtures", tape, "state", "shop.sql"))
        os.symlink("/etc/hostname", self.path("fixtures", tape, "state", "shop.sql"))
        r = self.dvr("regress", env=dict(self.env, FIXED="1"))
        self.assertEqual(r.code, 3, r)

    def test_a_running_service_cannot_get_its_state(self):
        self.record()
        r = self.dvr("regress", "--target", "http://127.0.0.1:9",
                     env=dict(self.env, FIXED="1"))
        self.assertNotEqual(r.code, 0, r)
        self.assertIn("without --target", r.out + r.err, r)

    def test_files_and_command(self):
        self.configure(
            "{name: up, provider: files, path: \"${DVR_STATE_DIR}/up\"}",
            "{name: db, provider: command, snapshot: 'sqlite_dump', "
            "restore: 'sqlite_load'}")
        script = self.write("sqlite_dump", '''\
            #!/usr/bin/env python3
            import os, sqlite3, sys
            db = sqlite3.connect(os.environ["DVR_STATE_DIR"] + "/shop.db")
            print("\\n".join(db.iterdump()))
            ''', 0o755)
        self.write("sqlite_load", '''\
            #!/usr/bin/env python3
            import os, sqlite3, sys
            db = sqlite3.connect(os.environ["DVR_STATE_DIR"] + "/shop.db")
            db.executescript(open(os.environ["DVR_STATE_FILE"]).read())
            ''', 0o755)
        self.env["PATH"] = os.path.dirname(script) + ":" + self.env["PATH"]
        r, tape = self.record(SUITE.replace("db.commit()", '''db.commit()
    os.makedirs(state + "/up", exist_ok=True)
    open(state + "/up/note.txt", "w").write("password=" + pw)
    open(state + "/up/raw.bin", "wb").write(b"\\x00" + pw.encode())'''))
        self.assertIn("reproduces: 3/3", r.err, r)
        everything = self.all_bytes("fixtures")
        for secret in SECRETS:
            self.assertNotIn(secret.encode(), everything)
        self.assertIn(b"raw.bin withheld", everything)
        r = self.dvr("regress", env=dict(self.env, FIXED="1"))
        self.assertEqual(r.code, 0, r)

    def test_each_session_begins_with_its_own(self):
        self.configure("{name: shop, provider: sqlite, path: \"${DVR_STATE_DIR}/shop.db\", "
                       "snapshot: session}", more="sessions: {header: X-Session-Id}\n")
        r, tape = self.record(SEED + '''
    for name in ("one", "two"):
        h = {"X-Session-Id": name, "Content-Type": "application/json"}
        post("/login", json.dumps({"user": "ada", "password": pw}), headers=h)
    assert get("/quota/ada", headers=h)[0] == 200
''')
        # by then the first session's log-in has changed bob's row
        dump = self.read("fixtures", tape, "state", "shop.sql").decode()
        self.assertRegex(dump, r"'bob'.*,17,")
        self.assertIn("reproduces: 3/3", r.err, r)

    def test_too_large_is_told(self):
        self.configure("{name: shop, provider: sqlite, path: \"${DVR_STATE_DIR}/shop.db\", "
                       "max_size: 4KiB}")
        r, tape = self.record()
        text = self.read("fixtures", tape, "tape.yaml").decode()
        self.assertIn("not_replayable: ", text)
        self.assertIn("max_size", text)
        r = self.dvr("regress", env=dict(self.env, FIXED="1"))
        self.assertNotEqual(r.code, 0, r)


if __name__ == "__main__":
    main()
