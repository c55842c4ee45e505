// The shelf's suite: two pictures go up and come back, a text file is refused,
// then one is refused whose multipart body ends early (a client that gave up in
// the middle, behind a proxy that made the length right), and life goes on.
// A line for each request; exit code 1 when one of them fails.
import http from 'node:http';

const base = process.env.DVR_BASE_URL || process.argv[2];
if (!base) {
	console.error('suite.mjs: DVR_BASE_URL is not set');
	process.exit(2);
}
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const BOUNDARY = '----shelf-5c1d7e';
let failures = 0;

function send(method, path, body) {
	const headers = {};
	if (body) {
		headers['content-type'] =
			`multipart/form-data; boundary=${BOUNDARY}`;
		headers['content-length'] = body.length;
	}
	return new Promise((resolve) => {
		const req = http.request(new URL(path, base),
			{ method, headers, agent, timeout: 5000 }, (res) => {
			const parts = [];
			res.on('data', (d) => parts.push(d));
			res.on('error', (e) => resolve({ error: e.code }));
			res.on('end', () => resolve({
				status: res.statusCode,
				body: Buffer.concat(parts),
			}));
		});
		req.on('timeout', () => req.destroy(new Error('time-out')));
		req.on('error', (e) => resolve({ error: e.code || e.message }));
		req.end(body);
	});
}

// One request: what it is, what may come back, what its body must be.
async function expect(what, [method, path, body], statuses, check) {
	const got = await send(method, path, body);
	const good = statuses.includes(got.status) &&
		(!check || check(got.body));
	if (!good)
		failures++;
	console.log(`${good ? 'ok  ' : 'FAIL'} ${what}: ${method} ${path} -> ` +
		`${got.status ?? got.error}`);
}

// Bytes that look like a JPEG and do not compress; the same on every run.
function picture(bytes, seed) {
	const out = Buffer.alloc(bytes);
	let x = seed >>> 0;
	for (let i = 0; i < bytes; i++) {
		x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
		out[i] = x >>> 24;
	}
	out.set([0xff, 0xd8, 0xff, 0xe0]);
	return out;
}

function form(caption, { name, type, data }) {
	return Buffer.concat([
		Buffer.from(`--${BOUNDARY}\r\n` +
			'Content-Disposition: form-data; name="caption"\r\n' +
			`\r\n${caption}\r\n--${BOUNDARY}\r\n` +
			'Content-Disposition: form-data; name="file"; ' +
			`filename="${name}"\r\nContent-Type: ${type}\r\n\r\n`),
		data,
		Buffer.from(`\r\n--${BOUNDARY}--\r\n`),
	]);
}

const large = picture(24000, 7);
const small = picture(900, 11);
const notes = {
	name: 'notes.txt',
	type: 'text/plain',
	data: Buffer.from('no picture at all\n'.repeat(20)),
};
const jpeg = (name, data) => ({ name, type: 'image/jpeg', data });
const cut = (body, bytes) => body.subarray(0, body.length - bytes);

await expect('a picture', ['POST', '/pictures',
	form('harbour', jpeg('harbour.jpg', large))], [201]);
await expect('it comes back', ['GET', '/pictures/1'], [200],
	(body) => body.equals(large));
await expect('a caption with umlauts', ['POST', '/pictures',
	form('Straße im Süden', jpeg('south.jpg', small))], [201],
	(body) => JSON.parse(body).caption === 'Straße im Süden');
await expect('a refused file', ['POST', '/pictures',
	form('notes', notes)], [415]);
await expect('a refused file that ends early', ['POST', '/pictures',
	cut(form('notes, cut', notes), 80)], [400]);
await expect('the next picture', ['POST', '/pictures',
	form('bridge', jpeg('bridge.jpg', small))], [201]);
await expect('the list', ['GET', '/pictures'], [200],
	(body) => JSON.parse(body).length === 3);

agent.destroy();
console.log(failures ? `${failures} failed` : 'all passed');
process.exitCode = failures ? 1 : 0;
