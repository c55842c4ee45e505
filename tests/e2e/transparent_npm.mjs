// Clients and servers from npm (below NPM): transparent_npm.mjs
//   serve              a server of ws, with compression, plain and TLS
//   grpc URL           all four kinds of calls by @grpc/grpc-js
//   ws URL             messages of all sizes by ws
//   agent|fetch PROXY URL...  https-proxy-agent, or undici's fetch, by way of a proxy
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { createRequire } from 'node:module';

const { NPM, CERT, KEY, LOG } = process.env;
const need = createRequire(NPM + '/');
const [what, ...args] = process.argv.slice(2);
const sha = (d) => [d.length, crypto.createHash('sha256').update(d).digest('hex').slice(0, 16)];
const big = Buffer.alloc(70000, 'npm ');

async function serve() {
  const { WebSocketServer } = need('ws');
  const servers = [http.createServer(), https.createServer({ key: fs.readFileSync(KEY), cert: fs.readFileSync(CERT) })];
  for (const server of servers) {
    const wss = new WebSocketServer({ server, perMessageDeflate: { threshold: 100 } });
    wss.on('connection', (s, q) => {
      const raw = q.rawHeaders.flatMap((v, i) => (i % 2 ? [] : [[v, v === 'Sec-WebSocket-Key' ? '' : q.rawHeaders[i + 1]]]));
      const note = (o) => fs.appendFileSync(LOG, JSON.stringify({ at: 'UPGRADE ' + q.url, ...o }) + '\n');
      note({ headers: raw });
      s.on('message', (d, binary) => s.send(d, { binary }));
      s.on('close', (code, why) => note({ code, why: why.toString() }));
    });
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
  }
  console.log(JSON.stringify(servers.map((s) => s.address().port)));
}

async function ws(url) {
  const { WebSocket } = need('ws');
  const s = new WebSocket(url.replace(/^http/, 'ws') + '/ws-npm/talk'), seen = [];
  const send = ['hello', big, '', 'x'.repeat(200), Buffer.from([0, 1, 255]), 'é'.repeat(5000)];
  s.on('upgrade', (r) => seen.push(r.rawHeaders.filter((v, i, all) => all[i - (i % 2)] !== 'Sec-WebSocket-Accept')));
  s.on('open', () => { s.ping('are you there'); for (const m of send) s.send(m); });
  s.on('pong', (d) => seen.push(['pong', d.toString()]));
  let left = send.length;
  s.on('message', (d, binary) => { seen.push([binary, ...sha(d)]); left -= 1; if (!left) s.close(4001, 'enough'); });
  await new Promise((done, fail) => { s.on('error', fail); s.on('close', (code, why) => done(seen.push([code, why.toString()]))); });
  return seen.sort((a, b) => (a[0] === 'pong') - (b[0] === 'pong'));
}

async function grpc(url) {
  const g = need('@grpc/grpc-js');
  const same = (b) => b;
  const method = (name, requestStream, responseStream) => ({ path: '/t.T/' + name, requestStream, responseStream,
    requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same });
  const Client = g.makeGenericClientConstructor({ unary: method('Unary', false, false), fail: method('Fail', false, false),
    nowhere: method('Nowhere', false, false), upload: method('Upload', true, false), watch: method('Watch', false, true),
    chat: method('Chat', true, true) }, 'T');
  const c = new Client(new URL(url).host, url.startsWith('https') ? g.credentials.createSsl() : g.credentials.createInsecure());
  const seen = [];
  const plain = (m) => Object.entries(m.toJSON()).map(([k, v]) => [k, v.map(String)]).sort();
  const meta = () => { const m = new g.Metadata(); m.add('x-client', 'grpc-js'); m.add('x-some-bin', Buffer.from([0, 1, 254])); return m; };
  function watch(name, make, messages) {
    return new Promise((done) => {
      const note = [name], got = [];
      let left = 2;
      const end = () => { left -= 1; if (!left) { seen.push([...note, got]); done(); } };
      const call = make((e, m) => { if (m) got.push(sha(m)); note.push(e ? [e.code, e.details] : 'fine'); end(); });
      call.on('metadata', (m) => note.push(plain(m)));
      call.on('data', (m) => got.push(sha(m)));
      call.on('error', () => {});
      call.on('status', (s) => { note.push([s.code, s.details, plain(s.metadata)]); end(); });
      call.on('end', end);
      for (const m of messages || []) call.write(m);
      if (messages) call.end();
    });
  }
  for (const data of ['', 'hello', 'z'.repeat(1500000)]) await watch('unary', (cb) => c.unary(Buffer.from(data), meta(), cb));
  await watch('fail', (cb) => c.fail(Buffer.from('x'), meta(), cb));
  await watch('unimplemented', (cb) => c.nowhere(Buffer.from('x'), cb));
  await watch('client streaming', (cb) => c.upload(meta(), cb), [Buffer.from('a'), big, Buffer.alloc(0)]);
  await watch('server streaming', () => c.watch(Buffer.alloc(1000, 'w'), meta()));
  await watch('both streaming', () => c.chat(meta()), [Buffer.from('one'), Buffer.from('two'), big]);
  c.close();
  return seen;
}

function ask(agent, url, method, body) {
  return new Promise((done) => {
    const q = (url.startsWith('https') ? https : http).request(url, { agent, method, headers: { 'X-Mixed-Case': 'Yes' } });
    q.on('response', (r) => {
      const parts = [];
      r.on('data', (d) => parts.push(d));
      r.on('end', () => done([r.statusCode, r.rawHeaders, r.rawTrailers, ...sha(Buffer.concat(parts))]));
    });
    q.on('error', (e) => done([e.code, e.message]));
    q.end(body);
  });
}

async function agent(proxy, ...urls) {
  const Agent = proxy && need('https-proxy-agent').HttpsProxyAgent, seen = [];
  for (const u of urls) {
    // the agent keeps no connection: neither do we without it
    const a = Agent ? new Agent(proxy) : new (u.startsWith('https') ? https : http).Agent();
    for (const [m, page] of [['GET', 'page'], ['POST', 'echo'], ['GET', 'gzip'], ['GET', 'chunks'], ['DELETE', 'none'], ['PUT', 'gone']]) {
      seen.push(await ask(a, u + '/' + page, m, m === 'POST' ? big : undefined));
    }
  }
  return seen;
}

async function fetched(proxy, ...urls) {
  const { ProxyAgent, Agent, fetch } = need('undici'), seen = [];
  // fetch has a store of its own for each dispatcher: it is told of ours
  const ca = fs.readFileSync(process.env.NODE_EXTRA_CA_CERTS);
  const dispatcher = proxy ? new ProxyAgent({ uri: proxy, requestTls: { ca } }) : new Agent({ connect: { ca } });
  for (const u of urls) {
    for (const [method, page] of [['GET', 'page'], ['POST', 'echo'], ['GET', 'gzip'], ['GET', 'chunks'], ['DELETE', 'none'], ['PUT', 'gone']]) {
      const r = await fetch(u + '/' + page, { method, dispatcher, body: method === 'POST' ? big : undefined });
      seen.push([r.status, r.statusText, [...r.headers], ...sha(Buffer.from(await r.arrayBuffer()))]);
    }
  }
  await dispatcher.close();
  return seen;
}

if (what === 'serve') await serve();
else {
  console.log(JSON.stringify(await { ws, grpc, agent, fetch: fetched }[what](...args)));
  process.exit(0);
}
