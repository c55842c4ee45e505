// A WebSocket service by hand: rooms that count what is said in them.
// BUG: on (the third message of a room throws; close 1011), drop (it destroys the
// socket), off. DEFLATE=1: answers are compressed when the client offers it.
// CERT and KEY: behind TLS.
import { createHash, randomUUID } from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import https from "node:https";
import zlib from "node:zlib";

const BUG = process.env.BUG ?? "on";
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

function frame(opcode, payload, rsv1 = 0) {
	const n = payload.length;
	const head = n < 126 ? [n] : [126, n >> 8, n & 255];
	return Buffer.concat([Buffer.from([0x80 | rsv1 | opcode, ...head]), payload]);
}

function close(socket, code, reason) {
	const data = Buffer.concat([Buffer.from([code >> 8, code & 255]),
		Buffer.from(reason)]);
	socket.end(frame(8, data));
}

function* frames(state) {
	for (;;) {
		const b = state.buffer;
		if (b.length < 6) return;
		let n = b[1] & 127, at = 2;
		if (n === 126) { n = b.readUInt16BE(2); at = 4; }
		if (b.length < at + 4 + n) return;
		const mask = b.subarray(at, at + 4);
		const data = Buffer.from(b.subarray(at + 4, at + 4 + n));
		for (let i = 0; i < n; i++) data[i] ^= mask[i & 3];
		state.buffer = b.subarray(at + 4 + n);
		yield { opcode: b[0] & 15, rsv1: (b[0] & 0x40) !== 0, data };
	}
}

function answer(state, text) {
	const { say, secret } = JSON.parse(text);
	state.count++;
	if (state.count === 3 && BUG === "on") throw new Error("third message");
	if (state.count === 3 && BUG === "drop") return state.socket.destroy();
	const out = Buffer.from(JSON.stringify({ id: randomUUID(), n: state.count,
		say, token: secret ? "Bearer " + secret : undefined }));
	if (!state.deflate) return state.socket.write(frame(1, out));
	state.deflater.write(out);
	state.deflater.flush(zlib.constants.Z_SYNC_FLUSH, () => {
		const packed = state.deflater.read();
		state.socket.write(frame(1, packed.subarray(0, packed.length - 4), 0x40));
	});
}

function onData(state, chunk) {
	state.buffer = Buffer.concat([state.buffer, chunk]);
	for (const f of frames(state)) {
		if (f.opcode === 8) return state.socket.end(frame(8, f.data));
		if (f.opcode === 9) state.socket.write(frame(10, f.data));
		if (f.opcode !== 1) continue;
		try {
			answer(state, f.rsv1 ? zlib.inflateRawSync(f.data, {
				finishFlush: zlib.constants.Z_SYNC_FLUSH }) : f.data);
		} catch {
			return close(state.socket, 1011, "internal error");
		}
	}
}

const { CERT, KEY } = process.env;
const server = CERT ? https.createServer({ cert: fs.readFileSync(CERT), key: fs.readFileSync(KEY) }) : http.createServer();
server.on("request", (req, res) => res.end("ok"));
server.on("upgrade", (req, socket, head) => {
	const offered = req.headers["sec-websocket-extensions"] ?? "";
	const deflate = process.env.DEFLATE === "1" && offered.includes("deflate");
	const accept = createHash("sha1").update(
		req.headers["sec-websocket-key"] + GUID).digest("base64");
	socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n" +
		`Connection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n` +
		(deflate ? "Sec-WebSocket-Extensions: permessage-deflate\r\n" : "") +
		"\r\n");
	const state = { socket, deflate, buffer: head, count: 0,
		deflater: zlib.createDeflateRaw() };
	socket.on("data", (chunk) => onData(state, chunk));
	socket.on("error", () => {});
});
server.listen(Number(process.env.PORT), "127.0.0.1");
