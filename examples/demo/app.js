// The page of the demo: one WebSocket, and everything that can be done with it.
//
// Plain DOM, no framework, nothing inline, so that it runs under a strict Content-Security-Policy. Each part below
// knows one thing: the connection and its states, sending, pinging, closing, the log.

/** @param {string} id */
const $ = (id) => document.getElementById(id);

/** What a page can only learn from the server: on this subprotocol it answers `{"demo":"ping"}` with what it measured. */
const DEMO_PROTOCOL = 'sansocket-demo';
const PING = '{"demo":"ping"}';
const PING_TIMEOUT_MS = 5_000;

/** Names of close codes (RFC 6455 §7.4.1). */
const CODE_NAMES = new Map([
  [1000, 'normal closure'],
  [1001, 'going away'],
  [1002, 'protocol error'],
  [1003, 'unsupported data'],
  [1005, 'no code'],
  [1006, 'abnormal closure'],
  [1007, 'invalid data'],
  [1008, 'policy violation'],
  [1009, 'message too big'],
  [1010, 'extension missing'],
  [1011, 'internal error'],
  [1012, 'service restart'],
  [1013, 'try again later'],
  [1014, 'bad gateway'],
]);

const encoder = new TextEncoder();

/** @type {WebSocket | undefined} */
let socket;
/** When the connection was asked for, by `performance.now()`. */
let startedAt = 0;
/** Whether it was open at any time. */
let wasOpen = false;

// ---- the connection and its states

/** One place says in which state the page is; all buttons follow from it. */
function show(state, detail = '') {
  const titles = {
    idle: 'Not connected',
    connecting: 'Connecting',
    open: 'Open',
    closing: 'Closing',
    closed: 'Closed',
    failed: 'Failed',
  };
  $('status').dataset.state = state;
  $('state').textContent = titles[state];
  $('detail').textContent = detail;
  const isOpen = state === 'open';
  for (const id of ['send', 'ping', 'close']) $(id).disabled = !isOpen;
  const isDown = state === 'idle' || state === 'closed' || state === 'failed';
  $('connect').textContent = isDown ? 'Connect' : state === 'connecting' ? 'Cancel' : 'Disconnect';
  $('connect').disabled = state === 'closing';
  for (const id of ['url', 'protocols']) $(id).readOnly = !isDown;
}

function connect() {
  complain('connect', '');
  const url = $('url').value.trim();
  const protocols = $('protocols')
    .value.split(/[\s,]+/)
    .filter(Boolean);
  let next;
  try {
    next = new WebSocket(url, protocols);
  } catch (error) {
    complain('connect', error.message, /protocol/i.test(error.message) && url !== '' ? 'protocols' : 'url');
    return;
  }
  socket = next;
  startedAt = performance.now();
  wasOpen = false;
  next.binaryType = 'arraybuffer';
  next.addEventListener('open', opened);
  next.addEventListener('message', received);
  next.addEventListener('close', closed);
  show('connecting', next.url);
  note('Connecting', next.url + (protocols.length > 0 ? `, offering ${protocols.join(', ')}` : ''));
}

function opened() {
  wasOpen = true;
  const parts = [`after ${ms(performance.now() - startedAt)}`];
  parts.push(socket.protocol === '' ? 'no subprotocol' : `subprotocol ${socket.protocol}`);
  if (socket.extensions !== '') parts.push(socket.extensions);
  show('open', `· ${socket.protocol || 'no subprotocol'}`);
  note('Open', parts.join(', '));
  if (selectedKind() === 'text') $('text').focus();
}

/** @param {CloseEvent} event */
function closed({ code, reason, wasClean }) {
  socket = undefined;
  pingEnded('');
  const name = CODE_NAMES.get(code) ?? (code >= 4000 ? 'application code' : 'library code');
  const detail = `${code} ${name}${reason === '' ? '' : ` “${reason}”`}, ${wasClean ? 'clean' : 'not clean'}`;
  if (wasOpen) {
    show('closed', `· ${detail}`);
    note('Closed', detail, wasClean ? 'note' : 'error');
    return;
  }
  show('failed', `· ${detail}`);
  note('Failed', detail, 'error');
  const hint =
    $('protocols').value.trim() === ''
      ? ''
      : ' A server that speaks none of the subprotocols is refused by browsers: try without.';
  complain('connect', `The connection could not be opened; browsers do not say why.${hint}`);
}

/** The button's three meanings. */
function toggle() {
  if (socket === undefined) connect();
  else leave();
}

function leave(code, reason) {
  const isConnecting = socket.readyState === WebSocket.CONNECTING;
  if (code === undefined) socket.close();
  else socket.close(code, reason);
  show('closing', isConnecting ? '· given up' : '· waiting for the server');
  if (!isConnecting)
    note('Closing', code === undefined ? 'without a code' : `${code}${reason === '' ? '' : ` “${reason}”`}`);
}

// ---- sending

function selectedKind() {
  return document.querySelector('input[name="kind"]:checked').value;
}

/** The message that the form describes, or a sentence about what is wrong with it. */
async function compose() {
  switch (selectedKind()) {
    case 'text':
      return { data: $('text').value };
    case 'hex': {
      const digits = $('hex').value.replace(/\s+/g, '');
      if (/[^0-9a-f]/i.test(digits)) return { wrong: 'Only the digits 0 to 9 and a to f, please.' };
      if (digits.length % 2 !== 0) return { wrong: 'Every byte has two digits; one is missing.' };
      return { data: Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)) };
    }
    case 'file': {
      const [file] = $('file').files;
      if (file === undefined) return { wrong: 'Choose a file first.' };
      return { data: new Uint8Array(await file.arrayBuffer()) };
    }
    default: {
      const field = $('random');
      const count = field.valueAsNumber;
      if (!Number.isInteger(count) || !field.checkValidity()) {
        return { wrong: 'A whole number from 0 to 16 777 216, please.' };
      }
      const data = new Uint8Array(count);
      // The generator gives at most 64 KiB a call.
      for (let at = 0; at < count; at += 65_536) crypto.getRandomValues(data.subarray(at, at + 65_536));
      return { data };
    }
  }
}

const history = [];

async function send() {
  complain('send', '');
  const { data, wrong } = await compose();
  if (wrong !== undefined) {
    complain('send', wrong, selectedKind());
    return;
  }
  if (socket?.readyState !== WebSocket.OPEN) {
    complain('send', 'Not connected: connect first.');
    return;
  }
  socket.send(data);
  message('sent', data);
  showBuffered();
  if (typeof data === 'string' && data !== '') {
    history.push(data);
    $('text').value = '';
    $('size').textContent = '';
  }
}

/** While the browser still holds bytes of ours, say how many. */
function showBuffered() {
  if (socket?.readyState !== WebSocket.OPEN) return;
  const waiting = socket.bufferedAmount;
  $('detail').textContent =
    waiting > 0 ? `· ${bytes(waiting)} waiting` : `· ${socket.protocol || 'no subprotocol'}`;
  if (waiting > 0) requestAnimationFrame(showBuffered);
}

/** @param {MessageEvent} event */
function received({ data }) {
  if (pinging !== undefined && isPong(data)) return;
  message('received', typeof data === 'string' ? data : new Uint8Array(data));
}

// ---- ping
//
// Browsers cannot send pings. On the demo's subprotocol the server is asked to send one and says how long its pong took;
// elsewhere a message that an echo server returns measures the way there and back, the page included.

/** @type {{ text: string, isDemo: boolean, at: number, timer: number } | undefined} */
let pinging;

function ping() {
  if (pinging !== undefined || socket?.readyState !== WebSocket.OPEN) return;
  const isDemo = socket.protocol === DEMO_PROTOCOL;
  const text = isDemo ? PING : `ping ${Math.random().toString(36).slice(2)}`;
  const timer = setTimeout(() => {
    pingEnded('no answer');
    note('Ping', `no answer within ${PING_TIMEOUT_MS / 1000} s; this server does not echo`, 'error');
  }, PING_TIMEOUT_MS);
  $('latency').textContent = 'measuring…';
  pinging = { text, isDemo, at: performance.now(), timer };
  socket.send(text);
}

/** Whether a message answers the ping; then it is shown as that, and not as a message. */
function isPong(data) {
  const { text, isDemo, at } = pinging;
  if (typeof data !== 'string') return false;
  const whole = performance.now() - at;
  if (!isDemo) {
    if (data !== text) return false;
    pingEnded(ms(whole));
    note('Ping', `${ms(whole)} there and back, by a message that the server echoed`);
    return true;
  }
  const answer = parseJson(data);
  if (answer?.demo !== 'ping' || typeof answer.ms !== 'number') return false;
  pingEnded(ms(answer.ms));
  note(
    'Ping',
    `${ms(answer.ms)} from the server's ping to this browser's pong; ${ms(whole)} for the page to ask and hear`,
  );
  return true;
}

function pingEnded(text) {
  if (pinging !== undefined) clearTimeout(pinging.timer);
  pinging = undefined;
  $('latency').textContent = text;
}

function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// ---- closing

function closeByForm() {
  complain('close', '');
  if (socket?.readyState !== WebSocket.OPEN) return;
  const code = $('code').valueAsNumber;
  if (code !== 1000 && !(Number.isInteger(code) && code >= 3000 && code <= 4999)) {
    complain('close', 'Browsers let pages close with 1000, or 3000 to 4999.', 'code');
    return;
  }
  const reason = $('reason').value;
  if (encoder.encode(reason).length > 123) {
    complain('close', 'A reason has at most 123 bytes of UTF-8.', 'reason');
    return;
  }
  leave(code, reason);
}

// ---- the log

/** Entries that are kept; what is older goes. */
const MAX_ENTRIES = 500;
/** How much of a message is shown at once, in characters or bytes. */
const PREVIEW = 1_000;
const DUMP_PREVIEW = 256;
const DUMP_MOST = 65_536;
const isNarrow = matchMedia('(max-width: 600px)');

const totals = { sent: [0, 0], received: [0, 0] };
/** Entries wait here until the next frame, so that a flood of messages does not stop the page. */
let waiting = [];

/** A message, with all that is known of it. */
function message(way, data) {
  const isText = typeof data === 'string';
  const size = isText ? encoder.encode(data).length : data.length;
  totals[way][0]++;
  totals[way][1] += size;
  add({
    way,
    title: way === 'sent' ? '↑ Sent' : '↓ Received',
    what: `${isText ? 'text' : 'binary'}, ${bytes(size)}`,
    data,
  });
}

/** Anything that is no message. */
function note(title, what, way = 'note') {
  add({ way, title, what });
}

function add(entry) {
  if (waiting.length === 0) requestAnimationFrame(flush);
  waiting.push({ ...entry, at: new Date() });
  // Nobody could read more between two frames.
  if (waiting.length > 2 * MAX_ENTRIES) waiting = waiting.slice(-MAX_ENTRIES);
}

function flush() {
  const log = $('log');
  const entries = waiting.slice(-MAX_ENTRIES);
  waiting = [];
  log.append(...entries.map(render));
  while (log.childElementCount > MAX_ENTRIES) log.firstElementChild.remove();
  if ($('follow').checked) log.scrollTop = log.scrollHeight;
  $('totals').textContent = ['sent', 'received']
    .map((way) => `${totals[way][0].toLocaleString('en')} ${way} (${short(totals[way][1])})`)
    .join(', ');
}

function render({ way, title, what, data, at }) {
  const item = element('li', 'entry');
  item.dataset.way = way;
  const time = element('time', '', clock(at));
  time.dateTime = at.toISOString();
  const label = element('span', 'what');
  label.append(element('b', '', title), ` ${what}`);
  item.append(time, label);
  if (typeof data === 'string') item.append(...renderText(data));
  else if (data !== undefined) item.append(...renderBytes(data));
  return item;
}

function renderText(text) {
  if (text === '') return [];
  if (text.length <= PREVIEW) return [element('pre', '', text)];
  return folded(
    element('pre', '', `${text.slice(0, PREVIEW)}…`),
    `All ${text.length.toLocaleString('en')} characters`,
    () => element('pre', '', text),
  );
}

function renderBytes(data) {
  if (data.length === 0) return [];
  const first = element('pre', 'dump', dump(data, DUMP_PREVIEW));
  if (data.length <= DUMP_PREVIEW) return [first];
  const shown = Math.min(data.length, DUMP_MOST);
  const title = shown < data.length ? `The first ${bytes(shown)}` : `All ${bytes(shown)}`;
  return folded(first, title, () => element('pre', 'dump', dump(data, shown)));
}

/** A preview, and the whole behind a summary; made when it is first opened. */
function folded(preview, title, whole) {
  const details = element('details');
  details.append(element('summary', '', title));
  details.addEventListener('toggle', () => {
    preview.hidden = details.open;
    if (details.childElementCount === 1) details.append(whole());
  });
  return [preview, details];
}

/** Offset, bytes in hex, and what of them is printable ASCII. */
function dump(data, end) {
  const rows = [];
  const width = isNarrow.matches ? 8 : 16;
  for (let at = 0; at < Math.min(data.length, end); at += width) {
    const row = Array.from(data.subarray(at, at + width));
    const hex = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const ascii = row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    rows.push(`${at.toString(16).padStart(4, '0')}  ${hex.padEnd(3 * width)} ${ascii}`);
  }
  return rows.join('\n');
}

function element(name, className = '', text = '') {
  const node = document.createElement(name);
  if (className !== '') node.className = className;
  if (text !== '') node.textContent = text;
  return node;
}

// ---- words

/** Say what is wrong in the form `where`, and mark the field `field`; '' takes it back. */
function complain(where, text, field) {
  $(`${where}-error`).textContent = text;
  for (const each of $(`${where}-form`).querySelectorAll('[aria-invalid]'))
    each.removeAttribute('aria-invalid');
  if (field === undefined) return;
  $(field).setAttribute('aria-invalid', 'true');
  $(field).focus();
}

function clock(date) {
  const two = (value, digits = 2) => String(value).padStart(digits, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${two(date.getMilliseconds(), 3)}`;
}

function short(count) {
  if (count < 1_024) return count === 1 ? '1 byte' : `${count} bytes`;
  return count < 1_048_576 ? `${(count / 1_024).toFixed(1)} KiB` : `${(count / 1_048_576).toFixed(1)} MiB`;
}

/** The same, and from 1 KiB on exactly, too. */
function bytes(count) {
  return count < 1_024 ? short(count) : `${short(count)} (${count.toLocaleString('en')} bytes)`;
}

function ms(value) {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`;
}

// ---- the page

$('url').value =
  location.host === ''
    ? 'ws://localhost:8080/'
    : `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/`;
show('idle');

/** Runs `action` when the form is submitted, by its button or by Enter. */
function onSubmit(id, action) {
  $(id).addEventListener('submit', (event) => {
    event.preventDefault();
    action();
  });
}

onSubmit('connect-form', toggle);
onSubmit('send-form', send);
onSubmit('close-form', closeByForm);
$('ping').addEventListener('click', ping);
$('clear').addEventListener('click', clear);

function clear() {
  waiting = [];
  $('log').replaceChildren();
  for (const way of ['sent', 'received']) totals[way].fill(0);
  $('totals').textContent = 'nothing yet';
}

for (const radio of document.querySelectorAll('input[name="kind"]')) {
  radio.addEventListener('change', () => {
    complain('send', '');
    $('size').textContent = '';
    for (const panel of document.querySelectorAll('.panel'))
      panel.hidden = panel.dataset.kind !== radio.value;
  });
}

$('text').addEventListener('keydown', (event) => {
  const field = event.target;
  if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    $('send-form').requestSubmit();
  } else if (event.key === 'ArrowUp' && field.value === '' && history.length > 0) {
    event.preventDefault();
    field.value = history.at(-1);
  }
});
$('text').addEventListener('input', () => {
  const size = encoder.encode($('text').value).length;
  $('size').textContent = size === 0 ? '' : bytes(size);
});
$('hex').addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey) return;
  event.preventDefault();
  $('send-form').requestSubmit();
});
$('reason').addEventListener('input', () => {
  $('reason-size').textContent = `${encoder.encode($('reason').value).length} of 123 bytes`;
});

function writeText() {
  document.querySelector('input[value="text"]').click();
  $('text').focus();
}

const SHORTCUTS = new Map([
  ['KeyK', () => $('connect').click()],
  ['KeyM', writeText],
  ['KeyP', ping],
  ['KeyL', clear],
]);
document.addEventListener('keydown', (event) => {
  const action = SHORTCUTS.get(event.code);
  if (action === undefined || !event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  action();
});

// A page that goes away says so; without this a reload shows up as 1006 at the server.
addEventListener('pagehide', () => socket?.close(1000, 'page closed'));
