// A service on HTTP/2, with TLS where KEY and CERT are files: four kinds of gRPC
// calls and plain streams.
import fs from 'node:fs';
import http2 from 'node:http2';
import zlib from 'node:zlib';

const { KEY, CERT } = process.env;
const server = KEY ? http2.createSecureServer({ key: fs.readFileSync(KEY), cert: fs.readFileSync(CERT) }) : http2.createServer();

function frame(payload, flag = 0) {
  const h = Buffer.alloc(5);
  h[0] = flag;
  h.writeUInt32BE(payload.length, 1);
  return Buffer.concat([h, payload]);
}

// Calls back with each whole message.
function messages(stream, on, end) {
  let held = Buffer.alloc(0);
  stream.on('data', (d) => {
    held = Buffer.concat([held, d]);
    while (held.length >= 5 && held.length >= 5 + held.readUInt32BE(1)) {
      const n = 5 + held.readUInt32BE(1);
      const m = held.subarray(5, n);
      on(held[0] ? zlib.gunzipSync(m) : m);
      held = held.subarray(n);
    }
  });
  stream.on('end', end);
  stream.on('error', () => {});
}

const head = { ':status': 200, 'content-type': 'application/grpc' };

function open(stream, status = 0) {
  stream.respond(head, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(status), 'grpc-message': status ? 'no' : '' }));
}

const calls = {
  Unary(s) { let got; messages(s, (m) => { got = m; }, () => { open(s); s.end(frame(got)); }); },
  Fail(s, h) {
    const status = Number(h['x-status'] || 13);
    messages(s, () => {}, () => { open(s, status); s.end(frame(Buffer.from('half'))); });
  },
  TrailersOnly(s, h) {
    messages(s, () => {}, () => s.respond({ ...head, 'grpc-status': h['x-status'] || '14' }, { endStream: true }));
  },
  Upload(s) { let n = 0; messages(s, () => n++, () => { open(s); s.end(frame(Buffer.from(String(n)))); }); },
  Watch(s) { messages(s, () => {}, () => { open(s); for (let i = 0; i < 3; i++) s.write(frame(Buffer.from('event ' + i))); s.end(); }); },
  Chat(s) { open(s); messages(s, (m) => s.write(frame(m)), () => s.end()); },
  Zip(s) { messages(s, () => {}, () => { s.respond({ ...head, 'grpc-encoding': 'gzip' }, { waitForTrailers: true }); s.on('wantTrailers', () => s.sendTrailers({ 'grpc-status': '0' })); s.end(frame(zlib.gzipSync(Buffer.from('zipped')), 1)); }); },
};

const pages = {
  '/ok'(s) { s.respond({ ':status': 200, 'x-kind': 'plain' }); s.end('ok'); },
  '/fail'(s) { s.respond({ ':status': 500 }); s.end('oops'); },
  '/early'(s) { s.additionalHeaders({ ':status': 103, link: '</a.css>; rel=preload' }); s.respond({ ':status': 200 }); s.end('page'); },
  '/reset'(s) { s.respond({ ':status': 200 }); s.write('half', () => s.destroy(new Error('no'))); },
  '/refuse'(s) { s.close(http2.constants.NGHTTP2_REFUSED_STREAM); },
  '/hang'(s) { s.respond({ ':status': 200 }); s.write('x'); },
  '/headers'(s) { const h = { ':status': 200 }; for (let i = 0; i < 40; i++) h['x-' + i] = 'v'.repeat(900); s.respond(h); s.end(); },
  '/push'(s) { s.pushStream({ ':path': '/pushed' }, (e, p) => { p.respond({ ':status': 200 }); p.end('pushed'); }); s.respond({ ':status': 200 }); s.end('pushing'); },
  '/big'(s) {
    s.respond({ ':status': 200 });
    const block = Buffer.alloc(1 << 20, 'b');
    let left = 64;
    (function more() { while (left-- > 0) if (!s.write(block)) return s.once('drain', more); s.end(); })();
  },
  '/crash'() { setImmediate(() => { throw new Error('ledger out of balance'); }); },
};

server.on('stream', (stream, h) => {
  const path = h[':path'];
  stream.on('error', () => {});
  if (path.startsWith('/demo.Demo/')) return calls[path.slice(11)](stream, h);
  if (pages[path]) return pages[path](stream, h);
  const parts = [];
  stream.on('data', (d) => parts.push(d));
  stream.on('end', () => { stream.respond({ ':status': 200, 'x-method': h[':method'] }); stream.end(Buffer.concat(parts)); });
});
server.on('sessionError', () => {});
server.listen(Number(process.env.PORT || 0), '127.0.0.1', () => console.log('listening on ' + server.address().port));
