"""Scrubbing does not kill the reproduction: a service that checks credentials
of every kind fails the same from its committed tape, anywhere and later."""
import base64
import http.server
import os
import shutil
import subprocess
import threading
import unittest

from harness import Case, ROOT, main

HERE = os.path.join(ROOT, "tests", "e2e")
ISSUER = "https://id.corp.example/realms/shop"

KEYS = '''
const crypto = require('crypto'), fs = require('fs');
const make = {RS256: ['rsa', {modulusLength: 2048}], PS256: ['rsa', {modulusLength: 2048}],
    ES256: ['ec', {namedCurve: 'P-256'}], EdDSA: ['ed25519', {}]};
const priv = {}, set = [];
for (const alg of process.argv.slice(1)) {
    if (!make[alg]) continue;
    const k = crypto.generateKeyPairSync(...make[alg]);
    priv[alg] = k.privateKey.export({type: 'pkcs8', format: 'pem'});
    set.push({...k.publicKey.export({format: 'jwk'}), kid: 'real-1', alg, use: 'sig'});
}
fs.writeFileSync('issuer.json', JSON.stringify(priv));
fs.writeFileSync('jwks.json', JSON.stringify({keys: set}));
'''


LATER = '''
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>
#define LATER (400 * 86400)
int clock_gettime(clockid_t id, struct timespec *t)
{
	int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
	int rc = real(id, t);

	if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)
		t->tv_sec += LATER;
	return rc;
}
int gettimeofday(struct timeval *v, void *zone)
{
	struct timespec t;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &t);
	v->tv_sec = t.tv_sec;
	v->tv_usec = t.tv_nsec / 1000;
	return 0;
}
time_t time(time_t *out)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return out ? (*out = t.tv_sec) : t.tv_sec;
}
'''


class Outside(http.server.BaseHTTPRequestHandler):
    """The dependency, which wants its key, and the issuer's JWK set."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        status, data = 200, b'{"level":7}'
        if self.path == "/jwks.json":
            data = self.server.jwks
        elif self.headers.get("X-Api-Key") != self.server.key:
            status, data = 403, b"{}"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Guarded(Case):
    def setUp(self):
        super().setUp()
        self.outside = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Outside)
        threading.Thread(target=self.outside.serve_forever, daemon=True).start()
        self.outside.key = "stock-" + base64.urlsafe_b64encode(os.urandom(15)).decode()
        self.url = "http://127.0.0.1:%d" % self.outside.server_address[1]
        self.env.update(STOCK_KEY=self.outside.key, REAL_ISSUER=ISSUER,
                        JWKS_URL=self.url + "/jwks.json")
        shutil.copy(os.path.join(HERE, "guarded_service.js"), self.dir)

    def tearDown(self):
        self.outside.shutdown()
        self.outside.server_close()
        super().tearDown()

    def record(self, alg, spec="", **env):
        self.config(service=False, spec="\n".join((
            "service: {command: [node, guarded_service.js], ready: {path: /health, timeout: 20s}}",
            "lanes:",
            "  - {name: client, role: ingress}",
            "  - {name: stock, role: egress, target: '%s', env: STOCK_URL}" % self.url,
            "  - {name: issuer, role: egress, target: '%s', env: ISSUER_URL}" % self.url,
            spec)))
        self.env.update(env, ALG=alg)
        subprocess.run(["node", "-e", KEYS, alg], cwd=self.dir, check=True)
        with open(self.path("jwks.json"), "rb") as f:
            self.outside.jwks = f.read()
        r = self.dvr("run", "--", "node", os.path.join(HERE, "guarded_suite.js"))
        self.assertEqual(r.code, 0, r)
        self.assertEqual(len(self.tapes()), 1, r)
        self.summary = r.err
        return r

    def elsewhere(self):
        """What a commit holds, in another folder."""
        clone = self.path("clone of it")
        os.mkdir(clone)
        for n in ("dvr.yaml", "guarded_service.js"):
            shutil.copy(self.path(n), clone)
        shutil.copytree(self.path("fixtures"), os.path.join(clone, "fixtures"))
        return clone

    def other_env(self, **more):
        """Another person's machine: no secret of the recording is on it."""
        env = {k: v for k, v in self.env.items()
               if k not in ("STOCK_KEY", "HOOK_SECRET", "JWT_SECRET", "JWKS_URL")}
        home = self.path("home of another")
        os.makedirs(home, exist_ok=True)
        env.update(HOME=home, USER="another", LOGNAME="another", TZ="Pacific/Auckland",
                   STOCK_KEY="stock-of-another-and-longer-than-it", **more)
        return env

    def assert_same(self, clone, env, n=3):
        """k of n as on the recorder's machine, and the fix is seen there."""
        bad = self.dvr("regress", "--repeat", str(n), cwd=clone, env=env)
        self.assertEqual(bad.code, 1, bad)
        self.assertIn("reproduced %d/%d" % (n, n), bad.out, bad)
        good = self.dvr("regress", cwd=clone, env=dict(env, BUG="off"))
        self.assertEqual(good.code, 0, good)
        return bad, good

    def canaries(self):
        with open(self.path("canaries")) as f:
            return [c.encode() for c in f.read().split("\n")]

    def assert_clean(self, *texts):
        data = self.all_bytes("fixtures") + b"".join(t.encode() for t in texts)
        for c in self.canaries():
            for form in (c, c.hex().encode(), base64.b64encode(c)[:-4], base64.urlsafe_b64encode(c)[:-4]):
                self.assertNotIn(form, data)


class Survival(Guarded):
    def test_everything_at_once_elsewhere_and_later(self):
        """Log-in, cookie, Basic, RS256, a signed webhook, the service's own key:
        from a clone, as another user, in another zone, 400 days later."""
        secret = "hook-" + base64.urlsafe_b64encode(os.urandom(12)).decode()
        r = self.record("RS256", "resign: [{kind: github, key: {from_env: HOOK_SECRET}}]",
                        HOOK_SECRET=secret, EXPIRED="1")
        self.assertIn("reproduces: 3/3", r.err, r)
        env = self.other_env(HOOK_SECRET="another-hook-secret")
        clone = self.elsewhere()
        bad, good = self.assert_same(clone, env)
        self.assert_clean(r.out, r.err, bad.out, bad.err, good.out, good.err)
        # a date that is known to dvr and the service, and to nobody's timers
        subprocess.run(["cc", "-shared", "-fPIC", "-o", self.path("later.so"), "-x", "c", "-", "-ldl"],
                       input=LATER, text=True, check=True)
        self.assert_same(clone, dict(env, LD_PRELOAD=self.path("later.so")))

    def test_on_another_port(self):
        """Without isolation the service gets a free port every time."""
        self.record("ES256", "replay: {isolation: none}")
        self.assertIn("reproduces: 3/3", self.summary)
        self.assert_same(self.elsewhere(), self.other_env())

    def test_with_the_recorded_clock(self):
        """Tokens keep their times, the service sees those of the recording."""
        self.record("EdDSA", "replay: {clock: recorded}\nverify: false")
        self.assertIn("unproven", self.summary)
        bad = self.dvr("regress", "--repeat", "2", cwd=self.elsewhere(), env=self.other_env())
        self.assertIn("reproduced 2/2", bad.out, bad)

    def test_another_algorithm(self):
        self.record("PS256")
        self.assertIn("reproduces: 3/3", self.summary)
        self.assert_same(self.elsewhere(), self.other_env(), 1)

    def test_an_issuer_behind_a_lane(self):
        """The service asks the issuer that was recorded: our keys are there."""
        self.record("RS256", OWN_JWKS="1")
        self.assertIn("reproduces: 3/3", self.summary)
        self.assert_same(self.elsewhere(), self.other_env())

    def test_the_issuer_is_mapped(self):
        self.record("ES256", "tokens: {issuer: mapped, issuer_env: OIDC_ISSUER}")
        self.assertIn("reproduces: 3/3", self.summary)
        self.assert_same(self.elsewhere(), self.other_env())

    def test_shared_secrets_and_named_ones(self):
        """HS256 and an API key are made of what the environment holds, which
        is never shown; without it nothing is started."""
        secrets = {"JWT_SECRET": "first-" + base64.urlsafe_b64encode(os.urandom(9)).decode(),
                   "API_KEY": "first-" + base64.urlsafe_b64encode(os.urandom(9)).decode()}
        r = self.record("HS256", "\n".join((
            "resign: [{kind: jwt, key: {from_env: JWT_SECRET}}]",
            "secrets: [{name: api, field: '*.req.header/x-api-key', from_env: API_KEY}]")), **secrets)
        self.assertIn("reproduces: 3/3", r.err, r)
        clone, env = self.elsewhere(), self.other_env()
        env.update(JWT_SECRET="second-jwt-secret", API_KEY="sesame")
        results = self.assert_same(clone, env)
        for r in results:
            self.assertNotIn("sesame", r.out + r.err)
            self.assertNotIn("second-jwt", r.out + r.err)
        self.assertIn("a call with the key", results[0].out)
        self.assert_clean(results[0].out, results[0].err)
        del env["API_KEY"]
        gone = self.dvr("regress", cwd=clone, env=env)
        self.assertEqual(gone.code, 2, gone)
        self.assertIn("API_KEY is not set; in a replay 'api' under `secrets` takes its value", gone.out)
        self.assertNotIn("a call with the key", gone.out)


if __name__ == "__main__":
    main()
