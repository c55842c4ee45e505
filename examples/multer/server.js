// A picture shelf: uploads through express and multer, kept in files. Which
// build of them runs is told by MULTER_DIR, so that the code here stays as it
// is while the library changes under it.
'use strict';
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { createHash } = require('node:crypto');
const { createRequire } = require('node:module');

const installed = process.env.MULTER_DIR;
if (!installed) {
	console.error('server.js: MULTER_DIR names no folder; ' +
		'run install.sh VERSION DIR first');
	process.exit(2);
}
const load = createRequire(path.resolve(installed, 'package.json'));
const express = load('express');
const multer = load('multer');

// Fresh on every start: nothing of an earlier run is seen.
const shelf = fs.mkdtempSync(
	path.join(process.env.DVR_STATE_DIR || os.tmpdir(), 'shelf-'));
const pictures = [];

const upload = multer({
	storage: multer.diskStorage({
		destination: shelf,
		filename: (req, file, done) =>
			done(null, `picture-${pictures.length + 1}`),
	}),
	limits: { fileSize: 4 << 20, files: 1 },
	fileFilter(req, file, done) {
		// Not an error: multer reads past the file and goes on.
		req.refused = !file.mimetype.startsWith('image/');
		done(null, !req.refused);
	},
});

const app = express();
app.disable('x-powered-by');

app.post('/pictures', upload.single('file'), (req, res) => {
	if (req.refused) {
		res.status(415).json({ error: 'only pictures, please' });
		return;
	}
	if (!req.file) {
		res.status(400).json({ error: 'the field "file" is missing' });
		return;
	}
	const bytes = fs.readFileSync(req.file.path);
	const picture = {
		id: pictures.length + 1,
		caption: req.body.caption || '',
		type: req.file.mimetype,
		bytes: bytes.length,
		sha256: createHash('sha256').update(bytes).digest('hex'),
	};
	pictures.push({ ...picture, path: req.file.path });
	res.status(201).location(`/pictures/${picture.id}`).json(picture);
});

app.get('/pictures', (req, res) => {
	res.json(pictures.map(({ path: _, ...shown }) => shown));
});

app.get('/pictures/:id', (req, res) => {
	const found = pictures.find((p) => String(p.id) === req.params.id);
	if (!found) {
		res.status(404).json({ error: 'no such picture' });
		return;
	}
	res.type(found.type).send(fs.readFileSync(found.path));
});

app.use((err, req, res, next) => {
	res.status(400).json({ error: err.message });
});

const server = app.listen(process.env.PORT || 0, '127.0.0.1', () => {
	console.log(`the shelf is open on port ${server.address().port}`);
});

process.on('SIGTERM', () => {
	fs.rmSync(shelf, { recursive: true, force: true });
	process.exit(0);
});
