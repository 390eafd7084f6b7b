// `node bench/report.mjs RESULTS.json…`: writes the tables of docs/performance.md, between its markers, from what
// `npm run bench` wrote. Several files are merged; a later one wins.
import { readFileSync, writeFileSync } from 'node:fs';

const page = new URL('../docs/performance.md', import.meta.url);
const START = '<!-- tables: made by bench/report.mjs -->';
const END = '<!-- /tables -->';
const NAMES = {
  ours: 'sansocket',
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
const rows = new Map();
for (const report of reports)
  for (const row of report.results) rows.set(`${row.name} ${row.runtime} ${row.contender}`, row);

const round = (value) => (value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(2));
const nameOf = ({ contender, runtime }) => {
  const name = NAMES[contender] ?? contender;
  return typeof name === 'string' ? name : (name[runtime] ?? contender);
};

let text = '';
const last = reports.at(-1);
text += `Measured ${reports.map(({ date }) => date.slice(0, 10)).join(', ')} on ${last.cpu} (${last.cores} cores, ${last.pinned ? 'server and load on one each' : 'not pinned'}), `;
text += `${Object.values(last.versions).join(', ')}; ${last.rounds} rounds of ${last.measureMs} ms. `;
text += `Load of the machine before and after: ${reports.map((each) => `${each.loadBefore.toFixed(1)} and ${each.loadAfter.toFixed(1)}`).join('; ')}.\n`;

const titles = [...new Set([...rows.values()].map(({ title }) => title))];
for (const title of titles) {
  text += `\n### ${title[0].toUpperCase()}${title.slice(1)}\n\n`;
  text +=
    '| runtime | | a second | least to most | server CPU, µs each | sansocket is |\n|---|---|---|---|---|---|\n';
  for (const row of [...rows.values()].filter((each) => each.title === title)) {
    const cpu = (row.cpuShare / row.perSecond) * 1e6;
    const ratio =
      row.contender === 'ours' || row.oursOverThis === null ? '' : `${row.oursOverThis.toFixed(2)}x`;
    text += `| ${row.runtime} | ${nameOf(row)} | ${round(row.perSecond)} | ${round(row.least)} to ${round(row.most)} | ${cpu.toFixed(2)} | ${ratio} |\n`;
  }
}

const before = readFileSync(page, 'utf8');
const [head, rest] = before.split(START);
const tail = rest?.split(END)[1];
if (tail === undefined) throw new Error(`docs/performance.md has no ${START} … ${END}`);
writeFileSync(page, `${head}${START}\n\n${text}\n${END}${tail}`);
