// Looks at a page in headless Chromium, over its debugging pipe: reads one JSON
// job from standard input, writes what it saw.
//   {url, width, height, dark, script, steps: [{eval}|{key}|{shot}|{type}]}
// It says: values of the evals, dialogs, requests other than the page, errors.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const job = JSON.parse(await new Response(process.stdin).text());
const home = mkdtempSync(join(tmpdir(), 'dvr-browser-'));
const browser = spawn(process.env.CHROMIUM || 'chromium', [
  '--headless=new', '--no-sandbox', '--disable-gpu', '--remote-debugging-pipe', '--disable-dev-shm-usage',
  '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--hide-scrollbars', '--force-device-scale-factor=1', '--user-data-dir=' + home, 'about:blank',
], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'], env: { ...process.env, HOME: home }, detached: true });
const ended = new Promise(r => browser.on('exit', r));
const [to, from] = [browser.stdio[3], browser.stdio[4]];
const waiting = new Map(), events = [];
const out = { values: [], dialogs: [], requests: [], errors: [] };
let id = 0, text = Buffer.alloc(0), onEvent = () => {};

from.on('data', chunk => {
  text = Buffer.concat([text, chunk]);
  for (let at; (at = text.indexOf(0)) >= 0; text = text.subarray(at + 1)) {
    const m = JSON.parse(text.subarray(0, at));
    if (m.id) waiting.get(m.id)(m);
    else { events.push(m.method); onEvent(m); }
  }
});
const send = (method, params = {}, sessionId) => new Promise((ok, bad) => {
  waiting.set(++id, m => m.error ? bad(new Error(method + ': ' + m.error.message)) : ok(m.result));
  to.write(JSON.stringify({ id, method, params, sessionId }) + '\0');
});

try {
  const { targetId } = await send('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true });
  const say = (method, params) => send(method, params, sessionId);
  let loaded;
  const load = new Promise(r => { loaded = r; });
  onEvent = m => {
    if (m.method === 'Page.loadEventFired') loaded();
    if (m.method === 'Page.javascriptDialogOpening') {
      out.dialogs.push(m.params.message);
      say('Page.handleJavaScriptDialog', { accept: true });
    }
    if (m.method === 'Network.requestWillBeSent' && m.params.request.url !== job.url.split('#')[0])
      out.requests.push(m.params.request.url);
    if (m.method === 'Runtime.exceptionThrown') out.errors.push(m.params.exceptionDetails.text + ' ' +
      (m.params.exceptionDetails.exception?.description || ''));
    if (m.method === 'Log.entryAdded' && m.params.entry.level === 'error') out.errors.push(m.params.entry.text);
  };
  for (const domain of ['Page', 'Network', 'Runtime', 'Log']) await say(domain + '.enable');
  await say('Emulation.setDeviceMetricsOverride', {
    width: job.width || 1400, height: job.height || 900, deviceScaleFactor: 1, mobile: (job.width || 1400) < 600 });
  await say('Emulation.setEmulatedMedia', {
    features: [{ name: 'prefers-color-scheme', value: job.dark ? 'dark' : 'light' }] });
  if (job.script === false) await say('Emulation.setScriptExecutionDisabled', { value: true });
  await say('Page.navigate', { url: job.url });
  await load;
  for (const step of job.steps || []) {
    if (step.eval) {
      const r = await say('Runtime.evaluate', { expression: step.eval, returnByValue: true, awaitPromise: true });
      if (r.exceptionDetails) throw new Error(step.eval + ': ' + r.exceptionDetails.exception?.description);
      out.values.push(r.result.value);
    }
    for (const c of step.type || '')
      await say('Input.dispatchKeyEvent', { type: 'char', text: c });
    if (step.key) {
      const key = { key: step.key, text: step.key.length === 1 ? step.key : step.key === 'Enter' ? '\r' : undefined,
        windowsVirtualKeyCode: { Enter: 13, Escape: 27 }[step.key] };
      await say('Input.dispatchKeyEvent', { type: 'keyDown', ...key });
      await say('Input.dispatchKeyEvent', { type: 'keyUp', ...key, text: undefined });
    }
    if (step.shot) {
      const { data } = await say('Page.captureScreenshot', { format: 'png', captureBeyondViewport: !!step.full });
      writeFileSync(step.shot, Buffer.from(data, 'base64'));
    }
  }
} catch (e) {
  out.errors.push(String(e));
  process.exitCode = 1;
} finally {
  process.kill(-browser.pid, 'SIGKILL');    // with its helpers, which write to its profile
  await ended;
  for (let tries = 100; ; tries--) {        // they are not our children: they go when they go
    try {
      rmSync(home, { recursive: true, force: true });
      break;
    } catch (e) {
      if (tries === 0) throw e;
      await new Promise(r => setTimeout(r, 50));
    }
  }
}
console.log(JSON.stringify(out));
