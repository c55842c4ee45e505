// A service that has each signature checked by the program that its issuer (or
// the scheme's users) check it with.  BUG=off mends its last answer.
import http from "node:http";
import { verify } from "@octokit/webhooks-methods";
import bolt from "@slack/bolt";
import aws4 from "aws4";
import jwt from "jsonwebtoken";
import { Webhook } from "standardwebhooks";
import Stripe from "stripe";

const env = process.env;

// AWS has no published verifier: the request is signed again and compared.
function awsAgain(req, body) {
  const said = /Credential=([^/]+)\/\d+\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([^,]+),/.exec(req.headers.authorization);
  const headers = Object.fromEntries(said[4].split(";").map((n) => [n, req.headers[n]]));
  const o = { method: req.method, path: req.url, region: said[2], service: said[3], headers, body };
  aws4.sign(o, { accessKeyId: env.AWS_ID, secretAccessKey: env.AWS_KEY });
  const at = Date.parse(headers["x-amz-date"].replace(/(....)(..)(..)T(..)(..)(..)Z/, "$1-$2-$3T$4:$5:$6Z"));
  if (o.headers.Authorization !== req.headers.authorization || Math.abs(Date.now() - at) > 300e3)
    throw new Error("not signed so");
}

const checks = {
  "/github": async (req, body) => {
    if (!await verify(env.GITHUB_KEY, body, req.headers["x-hub-signature-256"])) throw new Error("github");
  },
  "/stripe": (req, body) => Stripe.webhooks.constructEvent(body, req.headers["stripe-signature"], env.STRIPE_KEY),
  "/slack": (req, body) => bolt.verifySlackRequest({ signingSecret: env.SLACK_KEY, body, headers: {
    "x-slack-signature": req.headers["x-slack-signature"],
    "x-slack-request-timestamp": Number(req.headers["x-slack-request-timestamp"]) } }),
  "/standard": (req, body) => new Webhook(env.STANDARD_KEY).verify(body, req.headers),
  "/hs256": (req) => jwt.verify(req.headers.authorization.slice(7), env.JWT_KEY, { algorithms: ["HS256"] }),
  "/aws": awsAgain,
};

http.createServer((req, res) => {
  const parts = [];
  req.on("data", (c) => parts.push(c));
  req.on("end", async () => {
    const body = Buffer.concat(parts).toString();
    const check = checks[req.url.split("?")[0]];
    let status = req.url === "/health" || env.BUG === "off" ? 200 : 500;
    let said = "{}";
    if (check) {
      status = 200;
      await Promise.resolve().then(() => check(req, body)).catch((e) => {
        status = 401;
        said = JSON.stringify({ error: e.name });
      });
    }
    res.writeHead(status, { "Content-Type": "application/json", "Content-Length": said.length });
    res.end(said);
  });
}).listen(env.PORT, "127.0.0.1");
