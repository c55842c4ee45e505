"""A first configuration: guessed from the repository, and good to run."""
import os

from harness import Case, main

SERVER = """
const http = require('http');
http.createServer((q, s) => {
  if (q.url === '/healthz') return s.end('ok');
  s.statusCode = 500; s.end('boom');
}).listen(process.env.PORT || 3000, '127.0.0.1');
"""
CLIENT = "require('http').get(process.env.DVR_BASE_URL + '/pay', r => process.exit(r.statusCode === 200 ? 0 : 1));"


class Init(Case):
    def files(self):
        return sorted(os.path.relpath(os.path.join(top, n), self.dir)
                      for top, _, names in os.walk(self.dir) for n in names)

    def test_a_node_repository_runs_with_what_was_written(self):
        self.write("package.json", '{"scripts": {"start": "node server.js", "test": "jest", "test:integration": "node suite.js"}}')
        self.write("server.js", SERVER)
        self.write("suite.js", CLIENT)
        r = self.dvr("init")
        self.assertEqual(r.code, 0, r)
        self.assertIn("dvr run -- npm run test:integration", r.err)
        text = self.read("dvr.yaml").decode()
        self.assertIn("command: [node, server.js]", text)
        self.assertIn("path: /healthz", text)
        r = self.dvr("run", "--", "node", "suite.js")
        self.assertEqual(r.code, 1, r)
        self.assertEqual(len(self.tapes()), 1, r)
        self.assertIn("reproduces: 3/3", r.err)

    def test_dependencies_come_from_the_environment_without_secrets(self):
        password = "pa" + "ss" + os.urandom(6).hex()
        self.write("package.json", '{"main": "app.js"}')
        self.write("app.js", "require('http').createServer().listen(4321)")
        self.write(".env.example", 'export INVENTORY_BASE_URL="http://u:%s@127.0.0.1:7001"\n'
                   "DATABASE_URL=postgres://u:%s@db.local/shop\n# PAY_URL=http://x\nBASE_URL=http://me:1\nPLAIN=1\n"
                   "SEARCH_URL='http://search:9200/v1'\n" % (password, password))
        r = self.dvr("init")
        text = self.read("dvr.yaml").decode()
        self.assertIn('{name: inventory, role: egress, target: "http://127.0.0.1:7001", env: INVENTORY_BASE_URL}', text)
        self.assertIn('{name: search, role: egress, target: "http://search:9200", env: SEARCH_URL}   # the variable had a path', text)
        self.assertIn('reach: ["db.local:5432"]', text)
        self.assertIn("port: 4321", text)
        self.assertNotIn(password, text + r.out + r.err)
        self.assertNotIn("PAY_URL", text)
        self.assertNotIn("http://me", text)
        # it reads back
        self.assertOneLineError(self.dvr("regress"), 5, "no tapes")

    def test_other_kinds(self):
        for files, command, suite in (
            ({"manage.py": "", "pytest.ini": ""}, "[python3, manage.py, runserver, --noreload, \"127.0.0.1:${PORT}\"]", "pytest"),
            ({"requirements.txt": "fastapi\npytest\n", "main.py": "app = FastAPI()"}, '[uvicorn, "main:app", --port, "${PORT}"]', "pytest"),
            ({"requirements.txt": "flask\n", "app.py": "app = Flask(__name__)"}, '[flask, --app, app, run, --port, "${PORT}"]', "python3 -m unittest"),
            ({"go.mod": "module x", "main.go": "package main"}, "[.dvr/service]", "go test ./..."),
            ({"Procfile": "release: x\nweb: bundle exec puma -p $PORT\n"}, "bundle exec puma -p $PORT", "CMD"),
            ({}, '["./server", --port, "${PORT}"]', "CMD"),
        ):
            with self.subTest(command):
                top = self.path("repo-%d" % abs(hash(command)))
                os.mkdir(top)
                for name, text in files.items():
                    self.write(os.path.join(top, name), text)
                r = self.dvr("init", cwd=top)
                self.assertEqual(r.code, 0, r)
                self.assertIn("command: %s\n" % command, self.read(top, "dvr.yaml").decode())
                self.assertIn("dvr run -- %s\n" % suite, r.err)
                self.assertOneLineError(self.dvr("regress", cwd=top), 5, "no tapes")

    def test_nothing_that_exists_is_touched(self):
        self.write("dvr.yaml", "mine\n")
        self.write(".gitattributes", "mine\n")
        os.makedirs(self.path(".github"))
        self.write(".gitlab-ci.yml", "mine\n")
        r = self.dvr("init")
        self.assertEqual(r.code, 0, r)
        self.assertIn("dvr.yaml is there already: untouched", r.err)
        for name in ("dvr.yaml", ".gitattributes", ".gitlab-ci.yml"):
            self.assertEqual(self.read(name), b"mine\n")
        self.assertEqual(self.files(), [".gitattributes", ".github/workflows/dvr.yml", ".gitlab-ci.yml", ".gitlab/dvr.yml", "dvr.yaml"])

    def test_a_dry_run_writes_nothing(self):
        self.write("package.json", "{")      # broken: no reason to stop
        r = self.dvr("init", "--dry-run")
        self.assertEqual(r.code, 0, r)
        self.assertIn("kind: StatefulTunnel", r.out)
        self.assertEqual(self.files(), ["package.json"])

    def test_a_folder_that_is_read_only(self):
        if os.geteuid() == 0:
            top = "/proc/self"      # nobody creates files there
        else:
            top = self.path("ro")
            os.mkdir(top, 0o555)
        self.assertOneLineError(self.dvr("init", cwd=top), 2, "dvr.yaml")


main()
