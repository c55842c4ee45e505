// What Node's own HTTP parser sees in streams, without any socket: reads the
// records of http1_dump.c, writes one line of JSON for each: the messages (with
// their names and values as they came, in hex) and why the rest was refused.
// Run with --no-deprecation: the parser is reached as http_parser's users did.
const { HTTPParser, allMethods, methods } = process.binding('http_parser');
const METHODS = allMethods || methods;
const hex = (s) => Buffer.from(s, 'latin1').toString('hex');
const pairs = (list) => {
  let out = '';
  for (let i = 0; i + 1 < list.length; i += 2) out += hex(list[i]) + '=' + hex(list[i + 1]) + ',';
  return out;
};
const HEAD_MAX = 1 << 20;

function look(kind, bytes) {
  const p = new HTTPParser(), seen = [];
  let now = null, held = [], url = '', refused = '';
  p.initialize(kind === 'q' ? HTTPParser.REQUEST : HTTPParser.RESPONSE, {}, HEAD_MAX, 0);
  p[HTTPParser.kOnMessageBegin | 0] = () => {};
  p[HTTPParser.kOnHeaders | 0] = (list, u) => {
    held.push(...list);
    if (!now) url += u;    // with trailers it comes again
  };
  p[HTTPParser.kOnHeadersComplete | 0] = (major, minor, list, method, u, status) => {
    now = { head: [kind === 'q' ? hex(METHODS[method]) : String(status), kind === 'q' ? hex(url + (u || '')) : '-', minor, major],
      fields: held.concat(list || []), body: [] };
    held = [];
    url = '';
    // As http.Server and http.request answer here.
    if (kind === 'q') return METHODS[method] === 'CONNECT' ? 2 : 0;
    if (status === 101 || (kind === 'c' && status >= 200 && status < 300)) return 2;
    return kind === 'h' || status < 200 ? 1 : 0;
  };
  p[HTTPParser.kOnBody | 0] = (b) => { now.body.push(b.toString('hex')); };
  p[HTTPParser.kOnMessageComplete | 0] = () => {
    seen.push([...now.head, pairs(now.fields), now.body.join(''), pairs(held)]);
    held = [];
    now = null;
  };
  const r = p.execute(bytes, 0, bytes.length);
  if (r instanceof Error) refused = r.code;
  else if (r < bytes.length) refused = 'stopped';
  else if (p.finish() instanceof Error) refused = 'ended early';
  p.close();
  return [seen, refused];
}

process.stdout.write(JSON.stringify(methods) + '\n');
let held = Buffer.alloc(0);
process.stdin.on('data', (d) => {
  held = held.length ? Buffer.concat([held, d]) : d;
  let out = '', at = 0;
  while (held.length - at >= 5) {
    const n = held.readUInt32BE(at + 1);
    if (held.length - at < 5 + n) break;
    const bytes = Buffer.from(held.subarray(at + 5, at + 5 + n));
    out += JSON.stringify(look(String.fromCharCode(held[at]), bytes)) + '\n';
    at += 5 + n;
  }
  held = held.subarray(at);
  if (out) process.stdout.write(out);
});
