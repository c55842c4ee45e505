// node's own clients: transparent_client.mjs http|h2 BASE prints all it saw.
import crypto from 'node:crypto';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';

const [kind, base] = process.argv.slice(2);
const sha = (d) => crypto.createHash('sha256').update(d).digest('hex').slice(0, 16);
const steps = [['GET', 'page'], ['HEAD', 'page'], ['POST', 'echo', Buffer.alloc(300000, 'node')], ['GET', 'gzip'], ['GET', 'chunks'],
  ['GET', 'early'], ['DELETE', 'none'], ['GET', 'same'], ['PUT', 'gone', Buffer.from('x')], ['GET', 'cut'], ['GET', 'close']];

function watch(r, res, seen, done) {
  const parts = [];
  res.on('data', (d) => parts.push(d));
  res.on('error', (e) => { seen.error = e.code; });
  r.on('close', () => { seen.body = sha(Buffer.concat(parts)); seen.trailers ??= res.rawTrailers; done(seen); });
}

function once(agent, [method, page, body]) {
  return new Promise((done) => {
    const seen = { step: method + ' ' + page };
    const r = (base.startsWith('https') ? https : http).request(base + '/' + page, { method, agent,
      headers: { 'X-Mixed-Case': 'Yes', ...(page === 'chunks' ? { TE: 'trailers' } : {}) } });
    r.on('information', (i) => { seen.interim = [i.statusCode, i.rawHeaders]; });
    r.on('error', (e) => { seen.error = e.code; });
    r.on('response', (res) => { seen.head = [res.statusCode, res.statusMessage, res.rawHeaders]; watch(r, res, seen, done); });
    r.end(body);
  });
}

function stream(session, path, [method, page, body]) {
  return new Promise((done) => {
    const seen = { step: method + ' ' + page };
    const r = session.request({ ':method': method, ':path': path + '/' + page, 'x-client': 'node' }, { endStream: !body });
    r.on('headers', (h, f, raw) => { seen.interim = raw; });
    r.on('response', (h, f, raw) => { seen.head = raw; });
    r.on('trailers', (h, f, raw) => { seen.trailers = raw; });
    r.on('close', () => { seen.code = r.rstCode; });
    // what comes with the reset in one read may be dropped
    watch(r, r, seen, (all) => done(page === 'cut' ? { step: all.step, code: all.code, error: all.error } : all));
    if (body) r.end(body);
  });
}

const all = [];
if (kind === 'http') {
  const agent = new (base.startsWith('https') ? https : http).Agent({ keepAlive: true, maxSockets: 1 });
  for (const s of steps) all.push(await once(agent, s));
  agent.destroy();
} else {
  const u = new URL(base);
  const session = http2.connect(u.origin);
  session.on('error', () => {});
  all.push(...await Promise.all(steps.slice(0, -1).map((s) => stream(session, u.pathname, s))));
  all.push(session.alpnProtocol);
  session.close();
}
console.log(JSON.stringify(all));
