// The client of guarded_service.js: issues a token, logs in, pays.  Prints the
// secrets that it used, one a line, to the file CANARIES.
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');

const base = new URL(process.env.DVR_BASE_URL);
const alg = process.env.ALG || 'RS256';
const bytes = (n) => crypto.randomBytes(n).toString('base64url');
const email = 'jo.' + crypto.randomBytes(4).toString('hex') + '@corp.example';
const password = bytes(9) + '7x';
const key = JSON.parse(fs.readFileSync('issuer.json'))[alg];

function token(ttl) {
    const header = {alg, typ: 'JWT', kid: 'real-1'};
    const now = Math.floor(Date.now() / 1000);
    const claims = {iss: process.env.REAL_ISSUER, sub: 'u-17', name: 'Jo Canary ' + bytes(6), email,
        scope: 'pay', iat: now - 10, nbf: now - 10, exp: now + ttl};
    const text = [header, claims].map((x) => Buffer.from(JSON.stringify(x)).toString('base64url')).join('.');
    if (alg === 'HS256')
        return text + '.' + crypto.createHmac('sha256', process.env.JWT_SECRET).update(text).digest('base64url');
    const priv = crypto.createPrivateKey(key);
    const how = alg.startsWith('ES') ? {key: priv, dsaEncoding: 'ieee-p1363'} :
        alg.startsWith('PS') ? {key: priv, padding: crypto.constants.RSA_PKCS1_PSS_PADDING,
            saltLength: crypto.constants.RSA_PSS_SALTLEN_DIGEST} : priv;
    const digest = alg === 'EdDSA' ? null : 'sha' + alg.slice(2);
    return text + '.' + crypto.sign(digest, Buffer.from(text), how).toString('base64url');
}

const agent = new http.Agent({keepAlive: true, maxSockets: 1});
function ask(method, path, body, headers) {
    return new Promise((resolve) => {
        const r = http.request({agent, host: base.hostname, port: base.port, method, path,
            headers: {...headers, ...(body ? {'Content-Length': Buffer.byteLength(body)} : {})}}, (res) => {
            let text = '';
            res.on('data', (c) => { text += c; });
            res.on('end', () => resolve({status: res.statusCode, text, headers: res.headers}));
        });
        r.on('error', () => resolve({status: 0, headers: {}}));
        r.end(body);
    });
}

(async () => {
    const jwt = token(60);
    const json = {'Content-Type': 'application/json'};
    const expect = (r, status, what) => {
        if (r.status !== status) { console.error(what, r.status, r.text); process.exit(9); }
        return r;
    };
    expect(await ask('POST', '/register', JSON.stringify({email, password}), json), 201, 'register');
    const login = expect(await ask('POST', '/login', new URLSearchParams({email, password}).toString(),
        {'Content-Type': 'application/x-www-form-urlencoded'}), 200, 'login');
    const sid = login.headers['set-cookie'][0].split(';')[0];
    expect(await ask('GET', '/basic', null,
        {Authorization: 'Basic ' + Buffer.from(email + ':' + password).toString('base64')}), 200, 'basic');
    const auth = {Authorization: 'Bearer ' + jwt, Cookie: sid};
    expect(await ask('GET', '/me', null, auth), 200, 'me');
    if (process.env.EXPIRED)
        expect(await ask('GET', '/me', null, {...auth, Authorization: 'Bearer ' + token(-30)}), 410, 'expired');
    if (process.env.API_KEY)
        expect(await ask('GET', '/keyed', null, {'X-Api-Key': process.env.API_KEY}), 200, 'keyed');
    if (process.env.HOOK_SECRET) {
        const body = JSON.stringify({action: 'paid', by: email});
        const sig = crypto.createHmac('sha256', process.env.HOOK_SECRET).update(body).digest('hex');
        expect(await ask('POST', '/hook', body, {...json, 'X-Hub-Signature-256': 'sha256=' + sig}), 200, 'hook');
    }
    const paid = await ask('POST', '/pay', '{"sku":"tea"}', {...json, ...auth});
    fs.writeFileSync('canaries', [email, password, jwt, jwt.split('.')[1], jwt.split('.')[2], sid.slice(4),
        process.env.HOOK_SECRET, process.env.JWT_SECRET, process.env.API_KEY, process.env.STOCK_KEY].filter(Boolean).join('\n'));
    process.exit(paid.status === 0 ? 0 : 8);
})();
