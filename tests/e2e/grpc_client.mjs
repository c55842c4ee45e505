// grpc_client.mjs BASE STEP...: gRPC calls on one connection, one after the other
// (a step that ends in "&" is not waited for); prints what came of each.
//   call:METHOD:MESSAGES     all at once       talk:METHOD:MESSAGES   in turns
//   cancel:METHOD:MESSAGES   given up at the first answer
import http2 from 'node:http2';

const [base, ...steps] = process.argv.slice(2);
const session = http2.connect(base);
session.on('error', () => {});

function frame(text) {
  const t = Buffer.from(text);
  return Buffer.concat([Buffer.from([0, 0, 0, 0, t.length + 2, 10, t.length]), t]);
}

function step(text) {
  const [kind, method, arg] = text.split(':');
  const r = session.request({ ':method': 'POST', ':path': '/shop.Shop/' + method, 'content-type': 'application/grpc',
    te: 'trailers' });
  const texts = arg.split(',');
  let said = '', status = '';
  r.on('error', () => {});
  r.on('response', (h) => { status = h['grpc-status'] ?? status; });
  r.on('trailers', (h) => { status = h['grpc-status'] ?? status; });
  const next = () => { const t = texts.shift(); if (t === undefined) r.end(); else r.write(frame(t)); };
  r.on('data', (d) => { said += d.toString().replace(/[^ -~]/g, ''); if (kind === 'talk') next(); if (kind === 'cancel') r.close(8); });
  if (kind === 'call') { for (const t of texts) r.write(frame(t)); r.end(); } else next();
  return new Promise((done) => r.on('close', () => done(`${method} status=${status} code=${r.rstCode} ${said}`)));
}

const open = [];
for (const s of steps) {
  const p = step(s.replace(/&$/, ''));
  open.push(p);
  if (!s.endsWith('&')) await p;
}
for (const line of await Promise.all(open)) console.log(line);
session.close();
