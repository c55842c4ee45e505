// A service that asks for credentials of every kind before it does anything:
// log-in and session cookie, RS256 tokens verified with the issuer's JWK set,
// signed webhooks, Basic, and a key of its own towards its dependency.
//
// BUG=off makes the crash at the end of the flow go away.
'use strict';
const crypto = require('crypto');
const http = require('http');

const jwksUrl = process.env.OWN_JWKS ? process.env.ISSUER_URL + '/jwks.json' :
    process.env.DVR_JWKS_URL || process.env.JWKS_URL;
const issuer = process.env.OIDC_ISSUER || process.env.REAL_ISSUER;
const users = new Map();
const sessions = new Map();

function ask(url, headers) {
    return new Promise((resolve, reject) => {
        http.get(url, {headers, agent: false}, (r) => {
            let text = '';
            r.on('data', (c) => { text += c; });
            r.on('end', () => resolve({status: r.statusCode, text}));
        }).on('error', reject);
    });
}

async function verified(req) {
    const [scheme, token] = (req.headers.authorization || '').split(' ');
    if (scheme !== 'Bearer' || !token) throw new Error('no token');
    const [head, claims, sig] = token.split('.');
    const header = JSON.parse(Buffer.from(head, 'base64url'));
    const said = JSON.parse(Buffer.from(claims, 'base64url'));
    if (header.alg === 'HS256') {
        const mac = crypto.createHmac('sha256', process.env.JWT_SECRET || 'x').update(head + '.' + claims);
        if (mac.digest('base64url') !== sig) throw new Error('bad mac');
    } else {
        const set = JSON.parse((await ask(jwksUrl, {})).text);
        const jwk = set.keys.find((k) => k.kid === header.kid);
        if (!jwk) throw new Error('unknown key ' + header.kid);
        const key = crypto.createPublicKey({key: jwk, format: 'jwk'});
        const text = Buffer.from(head + '.' + claims);
        const raw = Buffer.from(sig, 'base64url');
        const digest = header.alg === 'EdDSA' ? null : 'sha' + header.alg.slice(2);
        const how = header.alg.startsWith('ES') ? {key, dsaEncoding: 'ieee-p1363'} :
            header.alg.startsWith('PS') ? {key, padding: crypto.constants.RSA_PKCS1_PSS_PADDING,
                saltLength: crypto.constants.RSA_PSS_SALTLEN_DIGEST} : key;
        if (!crypto.verify(digest, text, how, raw)) throw new Error('bad signature');
        if (said.iss !== issuer) throw new Error('bad issuer ' + said.iss);
    }
    const now = Date.now() / 1000;
    if (!(said.nbf <= now + 5)) throw new Error('not yet valid');
    if (!(said.exp > now)) throw Object.assign(new Error('expired'), {status: 410});
    return said;
}

function cookie(req) {
    const m = /(?:^|; )sid=([^;]+)/.exec(req.headers.cookie || '');
    return m && sessions.get(m[1]);
}

const routes = {
    'GET /health': () => [200, {}],
    'POST /register': (req, body) => {
        const u = JSON.parse(body);
        users.set(u.email, u.password);
        return [201, {email: u.email}];
    },
    'POST /login': (req, body) => {
        const f = new URLSearchParams(body);
        if (users.get(f.get('email')) !== f.get('password')) return [401, {error: 'password'}];
        const sid = crypto.randomBytes(18).toString('base64url');
        sessions.set(sid, f.get('email'));
        return [200, {ok: true}, {'Set-Cookie': 'sid=' + sid + '; HttpOnly'}];
    },
    'GET /basic': (req) => {
        const [name, password] = Buffer.from(req.headers.authorization.slice(6), 'base64').toString().split(':');
        return users.get(name) === password ? [200, {ok: true}] : [401, {error: 'basic'}];
    },
    'GET /me': async (req) => {
        const said = await verified(req);
        return cookie(req) ? [200, {you: cookie(req), may: said.scope}] : [401, {error: 'cookie'}];
    },
    'GET /keyed': (req) => {
        console.error('a call with the key ' + req.headers['x-api-key']);
        return req.headers['x-api-key'] === process.env.API_KEY ? [200, {ok: true}] : [403, {error: 'key'}];
    },
    'POST /hook': (req, body) => {
        const want = 'sha256=' + crypto.createHmac('sha256', process.env.HOOK_SECRET || '').update(body).digest('hex');
        return req.headers['x-hub-signature-256'] === want ? [200, {ok: true}] : [401, {error: 'hook'}];
    },
    'POST /pay': async (req, body) => {
        const said = await verified(req);
        if (!cookie(req)) return [401, {error: 'cookie'}];
        const stock = await ask(process.env.STOCK_URL + '/level?sku=tea&api_key=' + process.env.STOCK_KEY,
            {'X-Api-Key': process.env.STOCK_KEY, traceparent: req.headers.traceparent || ''});
        if (stock.status !== 200) return [502, {error: 'stock'}];
        if (process.env.BUG !== 'off')
            setImmediate(() => { throw new TypeError('level of ' + said.sub); });
        else
            return [200, {level: JSON.parse(stock.text).level}];
        return null;
    },
};

http.createServer((req, res) => {
    const parts = [];
    req.on('data', (c) => parts.push(c));
    req.on('end', async () => {
        const route = routes[req.method + ' ' + req.url];
        let answer;
        try {
            answer = route ? await route(req, Buffer.concat(parts).toString()) : [404, {}];
        } catch (e) {
            answer = [e.status || 401, {error: e.message}];
        }
        if (!answer) return;
        const text = JSON.stringify(answer[1]);
        res.writeHead(answer[0], {'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text), ...answer[2]});
        res.end(text);
    });
}).listen(process.env.PORT, '127.0.0.1');
