// `node bench/report.mjs RESULTS.json…`: writes the tables of docs/performance.md, between its markers, from what
// `npm run bench`, `bench:codec` and `bench:beyond` wrote. Several files of a kind are merged; a later one wins. A section of which
// no file is named stays as it is.
import { readFileSync, writeFileSync } from 'node:fs';
import { PART_NAMES, tableOf } from './beyond-tables.mjs';
import { GOALS } from './scenarios.mjs';

const page = new URL('../docs/performance.md', import.meta.url);
const NAMES = {
  ours: 'sansocket',
  kernel: 'a floor in C',
  floor: 'the floor',
  ws: '`ws`',
  driver: '`websocket-driver`',
  http: '`node:http`',
  native: { bun: '`Bun.serve`', deno: "Deno's own" },
  'ours-pure': 'sansocket, pure engine',
};

const reports = process.argv.slice(2).map((file) => JSON.parse(readFileSync(file, 'utf8')));
if (reports.length === 0) {
  console.error('Cannot write the tables: name at least one file of results');
  process.exit(1);
}
const round = (value) => (value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(2));
const nameOf = ({ contender, runtime }) => {
  const name = NAMES[contender] ?? contender;
  return typeof name === 'string' ? name : (name[runtime] ?? contender);
};

/** When, where and how it was measured. */
function conditions(reports, how) {
  const last = reports.at(-1);
  let text = `Measured ${[...new Set(reports.map(({ date }) => date.slice(0, 10)))].join(', ')} on ${last.cpu} (${last.cores} cores, ${last.pinned ? 'server and load on one each' : 'not pinned'}), `;
  text += `${Object.values(last.versions).join(', ')}; ${how(last)}. `;
  text += `Load of the machine before and after: ${reports.map((each) => `${each.loadBefore.toFixed(1)} and ${each.loadAfter.toFixed(1)}`).join('; ')}.\n`;
  return text;
}

/** Rates, of `npm run bench`. */
function rates(reports) {
  const rows = new Map();
  for (const report of reports)
    for (const row of report.results) rows.set(`${row.name} ${row.runtime} ${row.contender}`, row);
  let text = conditions(reports, ({ rounds, measureMs }) => `${rounds} rounds of ${measureMs} ms`);
  const all = [...rows.values()];
  for (const name of new Set(all.map((row) => row.name))) {
    const own = all.filter((row) => row.name === name);
    const { title } = own[0];
    text += `\n### ${title[0].toUpperCase()}${title.slice(1)}\n\n`;
    text +=
      '| runtime | | a second | least to most | server CPU, µs each | sansocket is | wanted |\n|---|---|---|---|---|---|---|\n';
    for (const row of own) {
      const ratio =
        row.contender === 'ours' || row.oursOverThis === null ? '' : `${row.oursOverThis.toFixed(2)}x`;
      const goal = GOALS[name]?.[row.runtime]?.[row.contender];
      const wanted = goal === undefined ? '' : `${goal}x${row.oursOverThis < goal ? ': missed' : ''}`;
      text += `| ${row.runtime} | ${nameOf(row)} | ${round(row.perSecond)} | ${round(row.least)} to ${round(row.most)} | ${cpuOf(row).toFixed(2)} | ${ratio} | ${wanted} |\n`;
    }
  }
  return text + costs(all);
}

/** CPU time of the server for one answer, in µs. */
function cpuOf({ cpuShare, perSecond }) {
  return (cpuShare / perSecond) * 1e6;
}

/** What an answer costs, by who takes it: the kernel, what the runtime puts on top of it, and what we do. */
function costs(rows) {
  let text = '\n### Where the time of an answer goes, in µs of CPU\n\n';
  text +=
    "| | runtime | the kernel | the runtime's sockets | sansocket | together | the other | wanted of it |\n|---|---|---|---|---|---|---|---|\n";
  for (const mine of rows.filter((row) => row.contender === 'ours')) {
    const beside = (contender, runtime = mine.runtime) =>
      rows.find((row) => row.name === mine.name && row.runtime === runtime && row.contender === contender);
    const [kernel, floor] = [beside('kernel', 'node'), beside('floor')];
    const other = beside('native') ?? beside('ws') ?? beside('http');
    if (kernel === undefined || floor === undefined || other === undefined) continue;
    const goal = GOALS[mine.name]?.[mine.runtime]?.[other.contender];
    const parts = [
      cpuOf(kernel),
      cpuOf(floor) - cpuOf(kernel),
      cpuOf(mine) - cpuOf(floor),
      cpuOf(mine),
      cpuOf(other),
      goal === undefined ? undefined : cpuOf(other) / goal,
    ];
    text += `| ${mine.title} | ${mine.runtime} | ${parts.map((part) => part?.toFixed(2) ?? '').join(' | ')} |\n`;
  }
  return text;
}

/** What averages hide, of `npm run bench:beyond`. */
function beyond(reports) {
  const parts = new Map();
  for (const report of reports) {
    for (const [part, rows] of Object.entries(report.parts)) {
      const all = parts.get(part) ?? new Map();
      for (const row of rows) all.set(`${row.name} ${row.runtime} ${row.contender}`, row);
      parts.set(part, all);
    }
  }
  let text = conditions(
    reports,
    ({ rounds, measureMs, flood }) =>
      `${rounds} rounds of ${measureMs} ms; who floods keeps ${flood} messages in flight`,
  );
  for (const part of PART_NAMES) {
    const rows = parts.get(part);
    if (rows === undefined || rows.size === 0) continue;
    const { title, head, cells } = tableOf(part, [...rows.values()]);
    text += `\n### ${title}\n\n`;
    for (const row of [head, head.map(() => '---'), ...cells]) text += `| ${row.join(' | ')} |\n`;
  }
  return text;
}

const CODEC_TITLES = {
  frames: 'Frames, on Node: time for each',
  heads: 'Request heads, with one field read by name, on Node',
  deflate: 'A message deflated and inflated again, by the portable engine, on Node',
  engines: 'The two engines of each runtime, at level 1 where no other is named',
};

/** The parts without a server, of `npm run bench:codec`. */
function codec(reports) {
  const parts = new Map(reports.flatMap((each) => Object.entries(each.parts)));
  let text = conditions(reports, () => 'each pair side by side in one process, medians');
  const time = (ns) => (ns < 1000 ? `${ns.toFixed(0)} ns` : `${(ns / 1000).toFixed(1)} µs`);
  for (const [part, title] of Object.entries(CODEC_TITLES)) {
    const rows = parts.get(part);
    if (rows === undefined) continue;
    const isEngines = part === 'engines';
    text += `\n### ${title}\n\n`;
    text += isEngines
      ? '| | runtime | zlib | portable | portable is |\n|---|---|---|---|---|\n'
      : '| | sansocket | the other | | sansocket is | wanted |\n|---|---|---|---|---|---|\n';
    for (const { name, runtime, contenders, ns, ratio, target } of rows) {
      const [first, second] = ns.map(([median]) => time(median));
      const wanted = target === 0 ? '' : `${target}x${ratio < target ? ': missed' : ''}`;
      text += isEngines
        ? `| ${name} | ${runtime} | ${first} | ${second} | ${(ns[0][0] / ns[1][0]).toFixed(2)}x |\n`
        : `| ${name} | ${first} | ${second} | ${contenders[1]} | ${ratio.toFixed(2)}x | ${wanted} |\n`;
    }
  }
  return text;
}

/** Put text between the markers of a section. */
function fill(name, text) {
  const [start, end] = [`<!-- ${name}: made by bench/report.mjs -->`, `<!-- /${name} -->`];
  const [head, rest] = readFileSync(page, 'utf8').split(start);
  const tail = rest?.split(end)[1];
  if (tail === undefined) throw new Error(`docs/performance.md has no ${start} … ${end}`);
  writeFileSync(page, `${head}${start}\n\n${text}\n${end}${tail}`);
}

for (const [name, write, kind] of [
  ['tables', rates, undefined],
  ['codec', codec, 'codec'],
  ['beyond', beyond, 'beyond'],
]) {
  const own = reports.filter((each) => each.kind === kind);
  if (own.length > 0) fill(name, write(own));
}
