"""Signatures made anew, checked by the programs of those whose schemes they are:
recorded with one key, accepted in a replay with another, 400 days later."""
import base64
import json
import os
import subprocess

from consumers import installed
from harness import Case, main
from test_survival import LATER

RULES = """
resign:
  - {kind: github, key: {from_env: GITHUB_KEY}}
  - {kind: stripe, key: {from_env: STRIPE_KEY}}
  - {kind: slack, key: {from_env: SLACK_KEY}}
  - {kind: hmac, header: webhook-signature, coding: base64, prefix: "v1,",
     timestamp: webhook-timestamp, over: "{header:webhook-id}.{timestamp}.{body}",
     key: {from_env: STANDARD_KEY, base64: true}}
  - {kind: jwt, key: {from_env: JWT_KEY}}
  - {kind: aws, key: {from_env: AWS_KEY}, id: {from_env: AWS_ID}}
"""
ROUTES = ("/github", "/stripe", "/slack", "/standard", "/hs256", "/aws")


def keys():
    made = {n + "_KEY": "k-" + base64.urlsafe_b64encode(os.urandom(18)).decode()
            for n in ("GITHUB", "STRIPE", "SLACK", "JWT", "AWS")}
    return dict(made, STANDARD_KEY=base64.b64encode(os.urandom(24)).decode(),
                AWS_ID="AKIA" + base64.b32encode(os.urandom(10)).decode())


class Signatures(Case):
    def configure(self, rules):
        at = installed()
        self.config(service=False, spec="service: {command: [node, %s], ready: {path: /health, timeout: 30s}}\n%s" % (
            json.dumps(os.path.join(at, "signed_service.mjs")), rules))
        return os.path.join(at, "signed_suite.mjs")

    def outcomes(self, env):
        """What each route answered in one replay."""
        r = self.dvr("regress", "--repeat", "1", "--report", "json=results.jsonl", env=env)
        with open(self.path("results.jsonl")) as f:
            t = json.loads(f.readline())
        return r, {c["name"].split()[1].split("?")[0]: c["got"] for c in t["replays"][-1]["cases"]}

    def test_each_is_accepted_with_another_key_and_not_without_a_rule(self):
        suite = self.configure(RULES)
        r = self.dvr("run", "--", "node", suite, env=dict(self.env, **keys()))
        self.assertEqual(r.code, 0, r)
        self.assertIn("reproduces: 3/3", r.err, r)
        subprocess.run(["cc", "-shared", "-fPIC", "-o", self.path("later.so"), "-x", "c", "-", "-ldl"],
                       input=LATER, text=True, check=True)
        env = dict(self.env, LD_PRELOAD=self.path("later.so"), **keys())
        r, got = self.outcomes(env)
        self.assertEqual({p: got.get(p) for p in ROUTES}, dict.fromkeys(ROUTES, "200"), r)
        self.assertEqual(r.code, 1, r)
        good = self.dvr("regress", env=dict(env, BUG="off"))
        self.assertEqual(good.code, 0, good)
        self.configure("")
        r, got = self.outcomes(env)
        self.assertEqual({p: got.get(p) for p in ROUTES}, dict.fromkeys(ROUTES, "401"), r)

    def azurite(self, kind):
        """The storage emulator as the service; another key in the replay."""
        at = installed()
        account_key = base64.b64encode(os.urandom(64)).decode()
        main_js = os.path.join(at, "node_modules", "azurite", "dist", "src", kind, "main.js")
        # telemetry off: it would ask for hosts that no lane leads to
        command = ["sh", "-c", 'AZURITE_ACCOUNTS="acct:$AZURE_KEY" exec node "$0" --silent --disableTelemetry '
                   '--%sPort "$PORT" --location "$(mktemp -d "$DVR_STATE_DIR/az-XXXXXX")"' % kind, main_js]
        self.config(service=False, spec="service: {command: %s}\ntriggers: [{on_status: [404]}]\nverify: false\n"
                    "resign: [{kind: azure, key: {from_env: AZURE_KEY}}]\n" % json.dumps(command))
        r = self.dvr("run", "--", "node", os.path.join(at, "azure_suite.mjs"), kind,
                     env=dict(self.env, AZURE_KEY=account_key))
        self.assertEqual(r.code, 0, r)
        env = dict(self.env, AZURE_KEY=base64.b64encode(os.urandom(64)).decode())
        r = self.dvr("regress", "--repeat", "1", "--report", "json=results.jsonl", env=env)
        with open(self.path("results.jsonl")) as f:
            cases = json.loads(f.readline())["replays"][-1]["cases"]
        for c in cases:
            self.assertEqual(c["got"], c["want"], r)
        self.config(service=False, spec="service: {command: %s}\n" % json.dumps(command))
        r = self.dvr("regress", "--repeat", "1", "--report", "json=results.jsonl", env=env)
        with open(self.path("results.jsonl")) as f:
            cases = json.loads(f.readline())["replays"][-1]["cases"]
        self.assertEqual({c["got"] for c in cases}, {"403"}, r)

    def test_azurite_accepts_blob_requests(self):
        self.azurite("blob")

    def test_azurite_accepts_table_requests(self):
        self.azurite("table")


if __name__ == "__main__":
    main()
