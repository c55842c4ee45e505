"""An API evolves ten times under fifty tapes: how many survive, and do any lie?"""
import json
import os
import re
import time

from harness import Case, ROOT, main

SERVICE = os.path.join(ROOT, "tests", "e2e", "ageing_service.py")
with open(SERVICE) as f:
    STEPS = re.findall(r'"([^"]+)"', re.search(r"STEPS = \((.*?)\)\n", f.read(), re.S).group(1))

SUITE = """
import string
token = json.loads(post("/login", {"user": "ada"})[1])["token"]
auth = {"Authorization": "Bearer " + token}

def call(method, path, body=None):
    return json.loads(request(method, path, body, headers=dict(auth, **{"X-Session-Id": session}))[1])

# Ten ways to get there, five ways to pay: fifty failures that are not the same.
for flow in range(10):
    for way in ("visa", "paypal", "invoice", "cash", "voucher"):
        session = "%d-%s" % (flow, way)
        kind = "/bookings" if flow > 5 else "/carts"
        cart = kind + "/" + call("POST", kind, {"user": "ada"})["id"]
        if flow & 1:
            call("GET", cart)
        if flow & 2:
            call("GET", "/orders?page=1")
        if flow & 4:
            call("POST", cart + "/note", {"text": "ring twice"})
        for sku in ("mug", "teapot", "spoon"):
            call("POST", cart + "/items", {"sku": sku, "quantity": 2})
        call("POST", cart + "/items", {"sku": "no-such-thing", "quantity": 1})
        call("POST", "%s/pay/%s-%s" % (cart, way, string.ascii_lowercase[flow] * 4), {})
"""


class Ageing(Case):
    def setUp(self):
        super().setUp()
        self.write("dvr.yaml", "apiVersion: networking.replay.io/v1alpha1\nkind: StatefulTunnel\n"
                   "metadata: {name: shop}\nspec:\n  service:\n    command: [python3, %s]\n"
                   "    env: {VERSION: \"${VERSION}\", BUG: \"${BUG}\", DENY: \"${DENY}\"}\n"
                   "    ready: {path: /health, timeout: 30s}\n    reset: \":\"\n"
                   "  sessions: {header: X-Session-Id}\n  replay: {timing: fast, settle: 5ms}\n" % json.dumps(SERVICE))
        self.build()

    def build(self, version=0, bug="off", deny=""):
        self.env.update(VERSION=str(version), BUG=bug, DENY=deny)

    def record(self):
        """Fifty tapes, each seen to fail.  The failure is not one of chance, so each
        proof is told as 20 of 20: one clean replay says that it is gone."""
        self.build(bug="on")
        r = self.run_suite(SUITE, "--no-verify")
        self.assertEqual(len(self.tapes()), 50, r)
        for tape in self.tapes():
            plan = self.path("fixtures", tape, "replay.yaml")
            with open(plan) as f:
                text = f.read()
            with open(plan, "w") as f:
                f.write(text.replace("expect: fixed\n", "expect: fixed\n"
                                     "reproduces: {hits: 20, of: 20, timing: fast}\n", 1))
        for tape, verdict in self.regress().items():
            self.assertEqual(verdict["verdict"], "failed", verdict)
            self.assertTrue(verdict["replays"][0]["reproduced"], tape)

    def regress(self, *tapes):
        self.dvr("regress", "-q", "-j", "2", "--retries", "0", "--report", "json=out.json", *tapes)
        with open(self.path("out.json")) as f:
            return {v["id"]: v for v in map(json.loads, f) if "id" in v}

    def failing(self, *tapes):
        return [t for t, v in self.regress(*tapes).items() if v["verdict"] != "pass"]

    def test_fifty_tapes_outlive_ten_versions(self):
        began = time.monotonic()
        self.record()
        untouched = updated = lost = 0
        for version in range(1, 11):
            self.build(version)
            bad = self.failing()
            untouched += 50 - len(bad)
            if bad:
                flags = ("--set", "POST /bookings body#/currency=EUR") if version == 10 else ()
                r = self.dvr("update", "-q", *flags, *bad)
                still = self.failing(*bad)
                lost += len(still)
                updated += len(bad) - len(still)
                self.assertFalse(still, r)
            print("%2d %-32s %2d untouched, %2d updated" % (version, STEPS[version].strip(' "\n'),
                                                           50 - len(bad), len(bad)), flush=True)
        self.assertGreaterEqual(untouched + updated, 0.9 * 500)
        self.assertGreaterEqual(untouched, 0.6 * 500)
        # They still know the bug when it comes back ...
        self.build(10, bug="on")
        for tape, v in self.regress().items():
            self.assertEqual((v["verdict"], v["replays"][0]["reproduced"]), ("failed", True), v["reason"])
        # ... and take no refusal for a fix, nor for new behaviour.
        before = self.all_bytes("fixtures")
        for deny in ("401", "404"):
            self.build(10, deny=deny)
            verdicts = [v["verdict"] for v in self.regress().values()]
            self.assertEqual(sum(v in ("pass", "flaky", "xfail", "skipped") for v in verdicts), 0, verdicts)
            r = self.dvr("update", *self.tapes()[:3])
            self.assertEqual(r.code, 1, r)
            self.assertIn("3 refused", r.err)
        self.assertEqual(self.all_bytes("fixtures"), before)
        print("%d of 500 untouched, %d with one update, %d lost, in %.1f s"
              % (untouched, updated, lost, time.monotonic() - began))


if __name__ == "__main__":
    main()
