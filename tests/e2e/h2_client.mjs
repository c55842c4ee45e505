// h2_client.mjs BASE STEP...: makes the steps on one connection, side by side,
// and prints what was seen of each, in the steps' order.
//   call:METHOD[:MESSAGES[:HEADER=VALUE]]   gRPC; "z" before a message: gzip
//   get:PATH   post:PATH:BYTES   cancel:PATH   slow:PATH
//   then       waits until all before it are over
import http2 from 'node:http2';
import zlib from 'node:zlib';
import crypto from 'node:crypto';

const [base, ...steps] = process.argv.slice(2);
const session = http2.connect(base, { settings: { headerTableSize: 1000 } });
session.on('error', () => {});
session.on('stream', (s) => s.resume());

function frame(text) {
  const z = text.startsWith('z');
  const payload = z ? zlib.gzipSync(Buffer.from(text)) : Buffer.from(text);
  const h = Buffer.alloc(5);
  h[0] = z ? 1 : 0;
  h.writeUInt32BE(payload.length, 1);
  return Buffer.concat([h, payload]);
}

const plain = (h) => h && Object.fromEntries(Object.entries(h).filter(([k]) => k !== 'date'));

function watch(r) {
  const seen = { bytes: 0 };
  const hash = crypto.createHash('sha256');
  return new Promise((done) => {
    r.on('headers', (h) => { (seen.interim ||= []).push(plain(h)); });
    r.on('response', (h) => { seen.head = plain(h); });
    r.on('trailers', (h) => { seen.trailers = plain(h); });
    r.on('data', (d) => { seen.bytes += d.length; hash.update(d); });
    r.on('error', (e) => { seen.error = e.code; });
    r.on('close', () => { seen.code = r.rstCode; seen.hash = hash.digest('hex').slice(0, 12); done(seen); });
  });
}

function start(step) {
  const [kind, name, arg = '', header = ''] = step.split(':');
  const h = {};
  if (header) h[header.split('=')[0]] = header.split('=')[1];
  if (kind === 'call') {
    const r = session.request({ ':method': 'POST', ':path': '/demo.Demo/' + name, 'content-type': 'application/grpc',
      te: 'trailers', 'grpc-encoding': 'gzip', ...h });
    const done = watch(r);
    const texts = arg.split(',');
    (function next() { const t = texts.shift(); if (t === undefined) return r.end(); r.write(frame(t), () => setTimeout(next, 3)); })();
    return done;
  }
  const r = session.request({ ':path': name, ':method': kind === 'post' ? 'POST' : 'GET', ...h }, { endStream: kind !== 'post' });
  const done = watch(r);
  if (kind === 'post') r.end(Buffer.alloc(Number(arg), 'p'));
  if (kind === 'cancel') r.on('data', () => r.close(http2.constants.NGHTTP2_CANCEL));
  if (kind === 'slow') { r.pause(); setTimeout(() => r.resume(), 1500); }
  return done;
}

let running = [];
for (const step of steps) {
  if (step === 'then') { await Promise.all(running); continue; }
  if (session.destroyed || session.closed) { running.push({ error: 'closed' }); continue; }
  running.push(start(step));
}
for (const seen of await Promise.all(running)) console.log(JSON.stringify(seen));
session.close();
