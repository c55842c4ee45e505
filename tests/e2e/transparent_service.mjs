// What the transparency test's clients talk to: one set of pages on HTTP/1.1, on
// HTTP/2 with prior knowledge and on TLS with either. Every request is a line of
// the file LOG: its headers as they came, its body's hash, its trailers.
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import zlib from 'node:zlib';

const { KEY, CERT, LOG } = process.env;
const sha = (d) => crypto.createHash('sha256').update(d).digest('hex').slice(0, 16);
const pairs = (raw) => raw.reduce((a, v, i) => (i % 2 ? a[a.length - 1].push(v) : a.push([v]), a), []);
const note = (o) => fs.appendFileSync(LOG, JSON.stringify(o) + '\n');
const text = 'A page that is long enough to be worth its coding. '.repeat(200);
const waiting = new Map();    // event streams, by their path

// HTTP/2 has lower-case names; node sends a raw list as it is on HTTP/1.1.
function head(res, status, list) {
  if (res.stream) for (const [k, v] of list) res.appendHeader ? res.appendHeader(k, v) : add(res, k, v);
  if (res.stream) return res.writeHead(status);
  res.writeHead(status, list.flat());
}

function add(res, k, v) {
  const before = res.getHeader(k);
  res.setHeader(k, before === undefined ? v : [].concat(before, v));
}

const pages = {
  page(req, res) {
    head(res, 200, [['Content-Type', 'text/plain; charset=utf-8'], ['Set-Cookie', 'a=1; Path=/'], ['X-MiXed', 'Case'],
      ['X-Empty', ''], ['Set-Cookie', 'b=2'], ['Content-Length', String(text.length)], ['X-Inner', 'a,  b\tc']]);
    res.end(text);
  },
  echo(req, res, body) {
    head(res, 200, [['X-Method', req.method], ['Content-Length', String(body.length)]]);
    res.end(body);
  },
  gzip(req, res) {
    const data = zlib.gzipSync(text);
    head(res, 200, [['Content-Encoding', 'gzip'], ['Content-Type', 'text/plain'], ['Content-Length', String(data.length)]]);
    res.end(data);
  },
  chunks(req, res) {
    head(res, 200, res.stream ? [] : [['Transfer-Encoding', 'chunked'], ['Trailer', 'X-Sum']]);
    res.write('one');
    res.write('second');
    res.addTrailers({ 'X-Sum': '9' });
    res.end('x'.repeat(70000));
  },
  early(req, res) { res.writeEarlyHints({ link: '</a.css>; rel=preload' }); head(res, 200, [['Content-Length', '2']]); res.end('ok'); },
  none(req, res) { head(res, 204, [['X-Nothing', 'here']]); res.end(); },
  same(req, res) { head(res, 304, [['ETag', '"v1"']]); res.end(); },
  gone(req, res) { head(res, 404, [['Content-Length', '3']]); res.end('no\n'); },
  move(req, res) { head(res, 302, [['Location', '/elsewhere/page'], ['Content-Length', '0']]); res.end(); },
  cut(req, res) {
    head(res, 200, [['Content-Length', '1000']]);
    res.write('half', () => (res.stream ? res.stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR) : res.socket.destroy()));
  },
  close(req, res) { head(res, 200, [['Connection', 'close']]); res.useChunkedEncodingByDefault = false; res.end('until the end'); },
  // Each event leaves only when the client has asked for it elsewhere.
  events(req, res) { head(res, 200, [['Content-Type', 'text/event-stream']]); res.write(': hello\n\n'); waiting.set(req.url, res); },
  event(req, res) {
    const [, tag, , n] = req.url.split('/');
    const stream = waiting.get('/' + tag + '/events');
    if (n === 'end') stream.end();
    else stream.write(`id: ${n}\ndata: {"n": ${n}}\n\n`);
    head(res, 204, []);
    res.end();
  },
};

function handle(req, res) {
  const parts = [];
  res.sendDate = false;
  res.on('error', () => {});
  req.on('error', () => {});
  req.on('data', (d) => parts.push(d));
  req.on('end', () => {
    const body = Buffer.concat(parts);
    note({ at: req.method + ' ' + req.url, version: req.httpVersion, headers: pairs(req.rawHeaders), bytes: body.length,
      body: sha(body), trailers: pairs(req.rawTrailers) });
    (pages[req.url.split('?')[0].split('/')[2]] || pages.page)(req, res, body);
  });
}

// WebSocket: every frame comes back unmasked, in its own frame.
function upgrade(req, socket, first) {
  note({ at: 'UPGRADE ' + req.url, version: req.httpVersion, headers: pairs(req.rawHeaders) });
  const accept = crypto.createHash('sha1').update(req.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11');
  socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: '
    + accept.digest('base64') + '\r\n\r\n');
  let held = first, all = first;
  function walk() {
    for (;;) {
      if (held.length < 2) return;
      let n = held[1] & 127, at = 2;
      if (n === 126) { if (held.length < 4) return; n = held.readUInt16BE(2); at = 4; }
      else if (n === 127) { if (held.length < 10) return; n = Number(held.readBigUInt64BE(2)); at = 10; }
      if (held.length < at + 4 + n) return;
      const mask = held.subarray(at, at + 4);
      const payload = Buffer.from(held.subarray(at + 4, at + 4 + n)).map((b, i) => b ^ mask[i & 3]);
      const h = Buffer.from(held.subarray(0, at));
      h[1] &= 127;
      socket.write(Buffer.concat([h, payload]));
      if ((h[0] & 15) === 8) { note({ at: 'CLOSED ' + req.url, bytes: all.length, body: sha(all) }); return socket.end(); }
      held = held.subarray(at + 4 + n);
    }
  }
  socket.on('error', () => {});
  socket.on('data', (d) => { held = Buffer.concat([held, d]); all = Buffer.concat([all, d]); walk(); });
  walk();
}

const servers = [
  http.createServer(handle), http2.createServer(handle), http.createServer(handle),
  http2.createSecureServer({ key: fs.readFileSync(KEY), cert: fs.readFileSync(CERT), allowHTTP1: true }, handle),
];
// With such a listener node would no longer answer what offers h2c.
for (const s of servers.slice(2)) s.on('upgrade', upgrade);
for (const s of servers) {
  s.on('sessionError', () => {});
  await new Promise((done) => s.listen(0, '127.0.0.1', done));
}
console.log(JSON.stringify(servers.map((s) => s.address().port)));
