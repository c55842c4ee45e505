// A client of the storage emulator that signs with SharedKey ("Authorize with
// Shared Key", Azure Storage REST reference), and asks for what is not there.
import crypto from "node:crypto";
import http from "node:http";

const base = new URL(process.env.DVR_BASE_URL);
const account = "acct", table = process.argv[2] === "table";
const key = Buffer.from(process.env.AZURE_KEY, "base64");
const mac = (s) => crypto.createHmac("sha256", key).update(s, "utf8").digest("base64");

function signed(method, path, headers, text) {
  const date = new Date().toUTCString();
  const h = table ? { "x-ms-date": date, "x-ms-version": "2019-02-02", dataserviceversion: "3.0",
    accept: "application/json;odata=nometadata", ...headers } :
    { "x-ms-date": date, "x-ms-version": "2021-10-04", ...headers };
  const u = new URL("http://x" + path);
  if (table)
    return { ...h, authorization: `SharedKeyLite ${account}:` + mac(`${date}\n/${account}${u.pathname}`) };
  const ms = Object.keys(h).filter((k) => k.startsWith("x-ms-")).sort().map((k) => `${k}:${h[k]}\n`).join("");
  const query = [...u.searchParams].map(([k, v]) => `\n${k.toLowerCase()}:${v}`).sort().join("");
  const lines = [method, "", "", text ? Buffer.byteLength(text) : "", "", h["content-type"] || "", "", "", "", "", "", ""];
  return { ...h, authorization: `SharedKey ${account}:` +
    mac(lines.join("\n") + "\n" + ms + `/${account}${u.pathname}${query}`) };
}

function ask(method, path, headers, text) {
  return new Promise((resolve, reject) => {
    const r = http.request({ host: base.hostname, port: base.port, method, path, headers: {
      ...signed(method, path, headers, text), "content-length": text ? Buffer.byteLength(text) : 0 } }, (res) => {
      res.resume();
      res.on("end", () => resolve(res.statusCode));
    });
    r.on("error", reject);
    r.end(text);
  });
}

const blob = { "x-ms-blob-type": "BlockBlob", "content-type": "text/plain" };
const json = { "content-type": "application/json" };
for (const [status, ...request] of table ? [
  [201, "POST", "/acct/Tables", json, '{"TableName":"things"}'],
  [201, "POST", "/acct/things", json, '{"PartitionKey":"p","RowKey":"r","n":1}'],
  [404, "GET", "/acct/things(PartitionKey='p',RowKey='no')", {}],
] : [
  [201, "PUT", "/acct/things?restype=container", {}],
  [201, "PUT", "/acct/things/one%20two.txt", blob, "some words"],
  [200, "GET", "/acct/things?restype=container&comp=list&prefix=o", {}],
  [404, "GET", "/acct/things/none", {}],
]) {
  const got = await ask(...request);
  if (got !== status) {
    console.error(request[0], request[1], got);
    process.exit(9);
  }
}
