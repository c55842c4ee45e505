// gRPC by hand on HTTP/2 without TLS: unary, client, server and bidi calls, and
// calls of its own to $DEP_URL.  BUG=status|reset|silent breaks Buy("bad");
// DELAY is how long Talk thinks (ms).
import http2 from 'node:http2';

const event = (process.env.EVENT || 'event') + ' ';
const bug = process.env.BUG || '', delay = Number(process.env.DELAY || 0);
const head = { ':status': 200, 'content-type': 'application/grpc' };

// A protobuf message with one string in field 1, behind gRPC's five bytes.
export function frame(text) {
  const t = Buffer.from(text);
  const h = Buffer.from([0, 0, 0, 0, t.length + 2, 10, t.length]);
  return Buffer.concat([h, t]);
}

export function messages(stream, on, end) {
  let held = Buffer.alloc(0);
  stream.on('data', (d) => {
    held = Buffer.concat([held, d]);
    while (held.length >= 5 && held.length >= 5 + held.readUInt32BE(1)) {
      const n = 5 + held.readUInt32BE(1);
      on(held.subarray(7, n).toString());
      held = held.subarray(n);
    }
  });
  stream.on('end', end);
  stream.on('error', () => {});
}

function open(stream, status = 0) {
  stream.respond(head, { waitForTrailers: true });
  const t = { status };
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(t.status) }));
  return t;
}

let dep;
function ask(method, texts) {
  if (!dep || dep.destroyed || dep.closed) {
    dep = http2.connect(process.env.DEP_URL);
    dep.on('error', () => {});
  }
  return new Promise((done) => {
    const r = dep.request({ ':method': 'POST', ':path': '/dep.Dep/' + method, 'content-type': 'application/grpc', te: 'trailers' });
    const got = [];
    let status = 'none';
    r.on('response', (h) => { status = h['grpc-status'] ?? status; });
    r.on('trailers', (h) => { status = h['grpc-status'] ?? status; });
    messages(r, (m) => got.push(m), () => {});
    r.on('close', () => done({ got, status, code: r.rstCode }));
    for (const t of texts) r.write(frame(t));
    r.end();
  });
}

const shop = {
  Buy(s) {
    let name;
    messages(s, (m) => { name = m; }, () => {
      if (name === 'bad' && bug === 'reset') return s.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
      if (name === 'bad' && bug === 'silent') return;
      if (name === 'bad' && bug === 'status') return s.respond({ ...head, 'grpc-status': '13' }, { endStream: true });
      open(s);
      s.end(frame('bought ' + name));
    });
  },
  Upload(s) { const got = []; messages(s, (m) => got.push(m), () => { open(s); s.end(frame(got.join('+'))); }); },
  Watch(s) { messages(s, () => {}, () => { open(s); for (let i = 0; i < 3; i++) s.write(frame(event + i)); s.end(); }); },
  Talk(s) {
    const t = open(s);
    let busy = false, over = false;
    const end = () => { over = true; if (!busy) s.end(); };
    messages(s, (m) => {
      if (busy) t.status = 9;      // out of turn
      busy = true;
      setTimeout(() => { busy = false; s.write(frame('re: ' + m)); if (over) s.end(); }, delay);
    }, end);
  },
  // Answers whole in the middle of the call, and tells so that this was enough.
  Abort(s) {
    const t = open(s);
    s.on('wantTrailers', () => { if (t.status) setImmediate(() => s.close(http2.constants.NGHTTP2_NO_ERROR)); });
    messages(s, (m) => {
      if (m !== 'bad' || bug !== 'status') return s.write(frame('re: ' + m));
      t.status = 13;
      s.end();
    }, () => s.end());
  },
  // Talks to the dependency in turns; the call ends when the answer does.
  Ask(s) {
    const words = [], got = [];
    messages(s, (m) => words.push(m), () => {
      const own = http2.connect(process.env.DEP_URL);
      own.on('error', () => {});
      const r = own.request({ ':method': 'POST', ':path': '/dep.Dep/Chat', 'content-type': 'application/grpc', te: 'trailers' });
      let status = 'none';
      const say = () => { if (words.length) r.write(frame(words.shift())); };
      r.on('trailers', (h) => { status = h['grpc-status']; r.end(); });
      messages(r, (m) => { got.push(m); say(); }, () => {});
      r.on('close', () => { own.close(); open(s, bug === 'status' ? Number(status) : 0); s.end(frame(got + '|' + status)); });
      say();
    });
  },
  async Quote(s) {
    const names = [];
    messages(s, (m) => names.push(m), async () => {
      const one = await ask('Price', names.slice(0, 1));
      const all = await ask('List', names);
      const none = await ask('Missing', ['x']);
      if (process.env.EXTRA) await ask('Surprise', ['x']);
      const bad = bug === 'status' && names.includes('bad');
      open(s, bad ? 13 : 0);
      s.end(frame([one.got, all.got, none.status, one.status].join('|')));
    });
  },
};

const depends = {
  // Fails at the third message, without a word of the caller's end.
  Chat(s) {
    const t = open(s);
    let n = 0;
    messages(s, (m) => { if (++n < 3) return s.write(frame('re: ' + m)); t.status = 13; s.end(); }, () => {});
  },
  Price(s) { messages(s, () => {}, () => { open(s); s.end(frame('42')); }); },
  List(s) { const got = []; messages(s, (m) => got.push(m), () => { open(s); got.forEach((m) => s.write(frame(m + '=1'))); s.end(); }); },
  Missing(s) { messages(s, () => {}, () => s.respond({ ...head, 'grpc-status': '5' }, { endStream: true })); },
};

const server = http2.createServer();
server.on('stream', (s, h) => {
  s.on('error', () => {});
  const [, service, method] = h[':path'].split('/');
  const calls = service === 'dep.Dep' ? depends : shop;
  if (calls[method]) return calls[method](s);
  s.respond({ ':status': 200, 'content-type': 'text/plain' });
  s.end('ok');
});
server.on('sessionError', () => {});
server.listen(Number(process.env.PORT || 0), '127.0.0.1', () => console.log('listening on ' + server.address().port));
