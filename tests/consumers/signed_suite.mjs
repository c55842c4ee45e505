// The client of signed_service.mjs: signs as the issuers do, then finds the bug.
import crypto from "node:crypto";
import http from "node:http";
import { sign } from "@octokit/webhooks-methods";
import aws4 from "aws4";
import jwt from "jsonwebtoken";
import { Webhook } from "standardwebhooks";
import Stripe from "stripe";

const env = process.env;
const base = new URL(env.DVR_BASE_URL);
const body = JSON.stringify({ id: "evt_1", object: "event", by: "jo.canary@corp.example", text: "ä & <b>" });
const json = { "Content-Type": "application/json" };

function ask(method, path, headers, text) {
  return new Promise((resolve, reject) => {
    const r = http.request({ host: base.hostname, port: base.port, method, path, headers: {
      ...headers, ...(text ? { "Content-Length": Buffer.byteLength(text) } : {}) } }, (res) => {
      res.resume();
      res.on("end", () => resolve(res.statusCode));
    });
    r.on("error", reject);
    r.end(text);
  });
}

async function expect(status, ...request) {
  const got = await ask(...request);
  if (got !== status) {
    console.error(request[0], request[1], got);
    process.exit(9);
  }
}

const now = Math.floor(Date.now() / 1000);
await expect(200, "POST", "/github", { ...json, "X-Hub-Signature-256": await sign(env.GITHUB_KEY, body) }, body);
await expect(200, "POST", "/stripe", { ...json, "Stripe-Signature":
  Stripe.webhooks.generateTestHeaderString({ payload: body, secret: env.STRIPE_KEY }) }, body);
await expect(200, "POST", "/slack", { ...json, "X-Slack-Request-Timestamp": now, "X-Slack-Signature":
  "v0=" + crypto.createHmac("sha256", env.SLACK_KEY).update(`v0:${now}:${body}`).digest("hex") }, body);
await expect(200, "POST", "/standard", { ...json, "webhook-id": "msg_17", "webhook-timestamp": now, "webhook-signature":
  new Webhook(env.STANDARD_KEY).sign("msg_17", new Date(now * 1000), body) }, body);
await expect(200, "GET", "/hs256", { Authorization: "Bearer " + jwt.sign({ sub: "u-17" }, env.JWT_KEY, { expiresIn: 60 }) });
const o = { host: base.host, method: "PUT", path: "/aws?list=&b=%20x", region: "eu-west-1", service: "s3", body, headers: { ...json } };
aws4.sign(o, { accessKeyId: env.AWS_ID, secretAccessKey: env.AWS_KEY });
await expect(200, o.method, o.path, o.headers, body);
await expect(500, "POST", "/boom", json, "{}");
