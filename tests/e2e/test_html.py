"""The HTML report in a browser: with script, without, and where only the markup
is honoured; and that nothing from outside is markup."""
import json
import os
import re
import subprocess

from harness import Case, main

HERE = os.path.dirname(os.path.abspath(__file__))
PRICES = """
import http.server, json, os, sys
class H(http.server.BaseHTTPRequestHandler):
    def log_message(self, *a): pass
    def do_GET(self):
        data = json.dumps({"price": 4 if "tea" in self.path else 2, "rate": 1}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), H)
print(s.server_address[1], flush=True)
s.serve_forever()
"""
BUY = """
def buy(session, what, fail=True):
    h = {"X-Session-Id": session}
    token = json.loads(post("/login", {"user": "ada", "password": "correct-" + "horse"}, headers=h)[1])["token"]
    h["Authorization"] = "Bearer " + token
    cart = json.loads(post("/carts", {"for": "ada"}, headers=h)[1])["cart"]["id"]
    for sku in what:
        post("/carts/%s/items" % cart, {"sku": sku, "n": 2}, headers=h)
    if fail:
        post("/carts/%s/pay" % cart, {"card": {"number": "4111" + "1111" * 3}}, headers=h)
buy("one", ["tea"])
"""


class Html(Case):
    def setUp(self):
        super().setUp()
        self.write("prices.py", PRICES)
        p = self.start("python3", self.path("prices.py"))
        self.env["PRICES_PORT"] = p.stdout.readline().strip()
        self.config("service:\n"
                    "  command: [python3, %s]\n"
                    "  env: {DB: \"${DVR_STATE_DIR}/shop.db\", BUILD: \"${BUILD}\"}\n"
                    "  ready: {path: /health, timeout: 20s}\n"
                    "lanes:\n"
                    "  - {name: client, role: ingress, target: \"http://127.0.0.1:${PORT}\"}\n"
                    "  - {name: prices, role: egress, target: \"http://127.0.0.1:${PRICES_PORT}\", env: PRICES_URL}\n"
                    "sessions: {header: X-Session-Id}\n"
                    "state:\n"
                    "  - {name: shop, provider: sqlite, path: \"${DVR_STATE_DIR}/shop.db\", snapshot: session}\n"
                    % json.dumps(os.path.join(HERE, "report_shop.py")), service=False)

    def library(self, suite=BUY + """
get("/photo", headers={"X-Session-Id": "two"})
get("/report", headers={"X-Session-Id": "two"})
get("/hostile/json", headers={"X-Session-Id": "three"})
get("/hostile/text", headers={"X-Session-Id": "four"})
buy("five", ["tea", "milk"])
"""):
        r = self.run_suite(suite, env=dict(self.env, BUILD="recorded"))
        self.assertEqual(r.code, 0, r)
        self.assertTrue(self.tapes(), r)
        return r

    def regress(self, build, *flags):
        return self.dvr("regress", *flags, env=dict(self.env, BUILD=build))


def look(url, *steps, **job):
    """What a browser says of the page."""
    job.update(url=url, steps=list(steps))
    r = subprocess.run(["node", os.path.join(HERE, "browser.mjs")], input=json.dumps(job), text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=90)
    seen = json.loads(r.stdout or "{}")
    if r.returncode or seen.get("dialogs") or seen.get("requests"):
        raise AssertionError(r.stdout + r.stderr)
    return seen


# What a page holds, however it is shown.
FACTS = """(() => {
  const all = s => [...document.querySelectorAll(s)], text = e => e ? e.innerText : '';
  const seen = e => !!e && e.getClientRects().length > 0;
  return {title: document.title, h1: text(document.querySelector('h1')), rows: all('#list tbody tr').filter(seen).length,
    pages: all('article').length, shown: all('article').filter(seen).length,
    bars: all('rect.rec').filter(r => r.getBoundingClientRect().width > 0 && seen(r)).length,
    open: all('details.tape[open]').length, troubles: all('.troubles li').map(text),
    tools: seen(document.getElementById('tools')), scripts: all('script').length,
    foreign: all('img,iframe,object,embed,base,form,link,[onerror],[onload],[onclick]').length,
    links: all('a').map(a => a.getAttribute('href')).filter(h => !/^(#t\\d+(-x\\d+)?|report-files\\/[0-9a-f]{24}\\.(txt|bin))$/.test(h)),
    dead: all('a[href^="#"]').filter(a => !document.getElementById(a.getAttribute('href').slice(1))).length,
    text: document.body.textContent};
})()"""


def facts(url, **job):
    seen = look(url, {"eval": FACTS}, **job)
    return seen["values"][0], seen


class Browser(Html):
    @classmethod
    def setUpClass(cls):
        """One library and three builds for all tests that only look."""
        one = cls("runTest")
        cls.one = one
        Html.setUp(one)
        one.library()
        one.code = {b: one.regress(b, "--report", "html=%s.html" % b, "--report", "json=%s.jsonl" % b,
                                   "--report", "markdown=%s.md" % b) for b in ("strict", "fixed")}

    @classmethod
    def tearDownClass(cls):
        Html.tearDown(cls.one)

    def setUp(self):
        pass

    def tearDown(self):
        pass

    def runTest(self):
        pass

    def url(self, name="strict"):
        return "file://" + self.one.path(name + ".html")

    def tape(self, name="strict", id="post-carts-pay"):
        for line in self.one.read(name + ".jsonl").decode().splitlines():
            t = json.loads(line)
            if t.get("id", "").startswith(id):
                return t
        raise AssertionError(id)

    def test_all_is_there_with_script(self):
        page, seen = facts(self.url())
        self.assertEqual(seen["errors"], [])
        self.assertEqual(page["h1"], "4 of 4 tapes do not pass")
        self.assertEqual((page["rows"], page["pages"], page["shown"]), (4, 4, 1))
        self.assertTrue(page["tools"])
        self.assertEqual((page["foreign"], page["links"], page["dead"], page["scripts"]), (0, [], 0, 1))
        self.assertTrue(any("POST /carts now answers 400: currency required" in t for t in page["troubles"]), page["troubles"])
        for part in ("first difference", "Reproduce it", "dvr regress ", "Why this request", "2.resp.body#/cart/id",
                     "scrubbed", "late by p50", "State, before and after", 'INSERT INTO "carts"', "hash"):
            self.assertIn(part, page["text"])

    def test_all_is_there_without_script(self):
        page, seen = facts(self.url(), script=False)
        self.assertEqual((page["rows"], page["pages"], page["shown"], page["open"]), (4, 4, 4, 1))
        self.assertFalse(page["tools"])
        self.assertGreater(page["bars"], 0)
        # a link opens what it leads to
        page, seen = facts(self.url() + "#t3", script=False)
        self.assertEqual(page["open"], 2)

    def test_markup_alone_is_enough(self):
        """Under the policy that Jenkins serves: no script, no style."""
        policy = "sandbox; default-src 'none'; img-src 'self'; style-src 'self';"
        server = self.one.start("python3", "-c", """
import http.server, sys
class H(http.server.SimpleHTTPRequestHandler):
    def __init__(self, *a): super().__init__(*a, directory=sys.argv[1])
    def end_headers(self):
        self.send_header("Content-Security-Policy", sys.argv[2])
        super().end_headers()
    def log_message(self, *a): pass
s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), H)
print(s.server_address[1], flush=True)
s.serve_forever()""", self.one.dir, policy)
        url = "http://127.0.0.1:%s/strict.html" % server.stdout.readline().strip()
        page, seen = facts(url)
        self.assertTrue(any("inline style" in e for e in seen["errors"]), seen["errors"])
        self.assertTrue(any("script" in e for e in seen["errors"]), seen["errors"])
        self.assertEqual((page["rows"], page["shown"], page["open"]), (4, 4, 1))
        self.assertGreater(page["bars"], 0)
        colours = look(url, {"eval": "[...document.querySelectorAll('font.del')].map(e => getComputedStyle(e).color)"})
        self.assertEqual(set(colours["values"][0]), {"rgb(194, 51, 45)"})

    def test_filters_and_keys(self):
        shown = "[...document.querySelectorAll('#list tbody tr')].filter(r => !r.hidden).length"
        picked = "document.querySelector('tr.pick').dataset.t"
        page = "[...document.querySelectorAll('article')].filter(a => !a.hidden).map(a => a.dataset.t).join()"
        seen = look(self.url(), {"eval": picked}, {"key": "j"}, {"eval": picked}, {"eval": page}, {"key": "k"},
                    {"eval": picked}, {"key": "/"}, {"type": "currency"}, {"eval": shown}, {"eval": page},
                    {"key": "Escape"}, {"eval": shown}, {"key": "?"}, {"eval": "document.querySelector('.help') !== null"},
                    {"key": "Escape"}, {"eval": "document.querySelector('.help') === null"},
                    {"eval": "document.querySelector('.chips button').click()"}, {"eval": shown},
                    {"eval": "document.querySelector('.chips button').click()"},
                    {"eval": "(s => {s.value = 'GET /photo'; s.onchange()})(document.querySelector('#tools select'))"},
                    {"eval": shown}, {"eval": "location.hash"})
        self.assertEqual(seen["errors"], [])
        v = [x for x in seen["values"] if x is not None]
        self.assertEqual(v[1], v[2])
        self.assertNotEqual(v[0], v[1])
        self.assertEqual(v[3], v[0])
        self.assertEqual((v[4], v[6], v[7], v[8], v[9], v[10]), (1, 4, True, True, 0, 1), v)

    def test_narrow_and_dark(self):
        for width in (420, 1400):
            wide = look(self.url() + "#t3", {"eval": "document.documentElement.scrollWidth"}, width=width)
            self.assertEqual(wide["values"], [width])
        paper = "getComputedStyle(document.body).backgroundColor"
        light = look(self.url(), {"eval": paper})["values"]
        self.assertNotEqual(light, look(self.url(), {"eval": paper}, dark=True)["values"])

    def test_what_the_build_answered_is_clean(self):
        """A secret that no recording has seen comes in the report as a handle."""
        secrets = ["AKIA" + "IOSFODNN7" + "ABCDEFG", "ops.team@" + "corp.example.com", "correct-" + "horse"]
        for name in ("strict.html", "strict.jsonl", "strict.md"):
            data = self.one.read(name).decode()
            for s in secrets:
                self.assertNotIn(s, data, name)
        x = {x["id"]: x for r in self.tape()["replays"] for x in r["story"]["exchanges"]}
        self.assertIn("currency required", x[2]["got_body"]["text"])
        self.assertIn("\u27e6dvr:email:25:", x[2]["got_body"]["text"])
        self.assertEqual(self.one.all_bytes("report-files").count(secrets[0].encode()), 0)

    def test_the_story_is_told(self):
        t = self.tape()
        self.assertEqual(t["replays"][-1]["diverged"], "POST /carts now answers 400: currency required")
        story = t["replays"][-1]["story"]
        x = {x["id"]: x for x in story["exchanges"]}
        self.assertEqual([x[i]["egress"] for i in sorted(x)], [False, False, False, True, False, True])
        self.assertEqual((x[4]["cause"], x[4]["lane"], x[2]["want"], x[2]["got"]), (3, "prices", "201", "400"))
        self.assertIn({"from": "2.resp.body#/cart/id", "to": "3.req.path/1"}, x[3]["links"])
        self.assertIn("bearer", [s["rule"] for s in x[1]["scrubbed"]])
        for e in x.values():
            for run in ("recorded", "replayed"):
                self.assertLessEqual(0, e[run]["sent_us"])
                self.assertLessEqual(e[run]["sent_us"], e[run]["end_us"])
        self.assertEqual([x[1][r]["sent_us"] for r in ("recorded", "replayed")], [0, 0])
        store = story["stores"][0]
        self.assertEqual(store["gone"], ['INSERT INTO "stock"("rowid","sku","n") VALUES(1,\'tea\',5);'])
        self.assertEqual(len(store["come"]), 2)
        passed = self.tape("fixed")
        self.assertEqual(passed["verdict"], "pass")
        self.assertIn("story", passed["replays"][0])
        self.assertNotIn("want_body", json.dumps(passed))
        self.assertNotIn("story", passed["replays"][-1])

    def test_large_bodies_lie_beside_it(self):
        with open(self.one.path("strict.html")) as f:
            links = re.findall(r'href="(report-files/[^"]+)"', f.read())
        self.assertTrue(links)
        for l in links:
            self.assertGreater(os.path.getsize(self.one.path(l)), 0)

    def test_the_summaries_group(self):
        md = self.one.read("strict.md").decode()
        self.assertIn("currency required", md)


class Hostile(Html):
    def test_fifty_megabytes(self):
        """Bodies that are large and no text: the report stays small, and quick."""
        self.library('get("/huge")')
        r = self.regress("strict", "--report", "html=out/r.html", "--report", "json=out/r.jsonl")
        self.assertEqual(r.code, 2, r)      # no such folder
        os.mkdir(self.path("out"))
        r = self.regress("strict", "--report", "html=out/r.html", "--report", "json=out/r.jsonl")
        self.assertEqual(r.code, 1, r)
        self.assertLess(os.path.getsize(self.path("out", "r.html")), 1 << 20)
        self.assertLess(os.path.getsize(self.path("out", "r.jsonl")), 4 << 20)
        page, seen = facts("file://" + self.path("out", "r.html"))
        self.assertEqual((page["foreign"], page["links"]), (0, []))


main()
