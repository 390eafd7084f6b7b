// The tables of `npm run bench:beyond`, for the console and for docs/performance.md: what the figures of each part are called,
// and how they are written. Does not own: measuring them.
const NAMES = {
  ours: 'sansocket',
  floor: 'the floor',
  ws: '`ws`',
  native: { bun: '`Bun.serve`', deno: "Deno's own" },
};

const short = (value) => (value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(2));
const ranged = ({ median, least, most }) => `${short(median)} (${short(least)} to ${short(most)})`;
const times = (value) => (value === null ? '' : `${value.toFixed(2)}x`);
const mib = (bytes) => (bytes / (1 << 20)).toFixed(1);
const decimal = (value) => value.toFixed(1).replace(/\.0$/, '');
const size = (bytes) => {
  if (bytes >= 1 << 20) return `${decimal(bytes / (1 << 20))} MiB`;
  return bytes >= 1024 ? `${Math.round(bytes / 1024)} KiB` : `${Math.round(bytes)} B`;
};
/** What grew; less than nothing is the collector's doing. */
const growth = (bytes) => size(Math.max(0, bytes));
const count = (value) => value.toLocaleString('en').replaceAll(',', ' ');
const most = (values) => Math.max(...values) / Math.min(...values);

/** By part: its title, and its columns, each with what it says of a row. */
const PARTS = {
  latency: {
    title: 'Latency: echo 64 B text, 64 connections, 1 in flight',
    columns: () => [
      ['p50, µs', (row) => ranged(row.p50us)],
      ['p99, µs', (row) => ranged(row.p99us)],
      ["sansocket's p99 is", (row) => times(row.oursOverThis)],
    ],
  },
  fairness: {
    title: 'Fairness: 63 connections with 1 in flight, beside one that floods',
    columns: () => [
      ['p99 of the 63 without a flood, µs', (row) => ranged(row.calmUs)],
      ['beside it, µs', (row) => ranged(row.floodedUs)],
      ['it rises', (row) => times(row.rise.median)],
      ['answers a second to the 63', (row) => short(row.othersPerSecond.median)],
      ['to the flood', (row) => short(row.floodPerSecond.median)],
    ],
  },
  growth: {
    title: 'Growth: echo 64 B text, 1 in flight on each connection',
    columns: ([{ at }]) =>
      at.map(({ connections }, i) => [
        `${count(connections)} connections, a second`,
        (row) =>
          i === 0
            ? short(row.at[0].perSecond.median)
            : `${short(row.at[i].perSecond.median)} (${Math.round(row.at[i].share.median * 100)} %)`,
      ]),
  },
  sizes: {
    title: 'Long messages: server CPU for a byte that is echoed, in ns',
    columns: ([{ at }]) => [
      ...at.map(({ bytes }, i) => [size(bytes), (row) => row.at[i].cpuNsPerByte.median.toFixed(2)]),
      ['dearest over cheapest', (row) => times(most(row.at.map((each) => each.cpuNsPerByte.median)))],
    ],
  },
  startup: {
    title: 'Start-up',
    columns: () => [
      ['from the import to listening, ms', (row) => ranged(row.importMs)],
      ['from the start of the process, ms', (row) => ranged(row.startMs)],
      ['sansocket takes, from the import', (row) => times(row.oursOverThis)],
    ],
  },
  churn: {
    title: 'Connections that come and go: what is resident after each round, in MiB',
    columns: ([{ after, connections }]) => [
      ...after.map((_, i) => [
        i === 0 ? 'warmed up' : `after ${count(i * connections)}`,
        (row) => mib(row.after[i].rss),
      ]),
      ['live, first to last', ({ after }) => `${mib(after[0].live)} to ${mib(after.at(-1).live)}`],
      [
        'bytes left by each of the last round',
        (row) => Math.round((row.after.at(-1).rss - row.after.at(-2).rss) / row.connections).toString(),
      ],
    ],
  },
  memory: {
    title: 'What one connection makes a server hold',
    columns: () => [
      ['', (row) => row.name],
      ['it was sent, or offered', (row) => size(row.offered)],
      ['lives', (row) => growth(row.liveEach)],
      ['is resident', (row) => growth(row.residentEach)],
      ['was resident at most', (row) => growth(row.mostEach)],
      ['the limit', (row) => (row.limit === null ? '' : `${size(row.limit.bytes)} (\`${row.limit.name}\`)`)],
    ],
  },
};

/** In the order in which they are told. */
export const PART_NAMES = Object.keys(PARTS);

function nameOf({ contender, runtime }) {
  const name = NAMES[contender];
  return typeof name === 'string' ? name : name[runtime];
}

/** The heading of a part, the titles of its columns, and its cells. */
export function tableOf(part, rows) {
  const { title, columns } = PARTS[part];
  const all = [['runtime', ({ runtime }) => runtime], ['', nameOf], ...columns(rows)];
  return {
    title,
    head: all.map(([name]) => name),
    cells: rows.map((row) => all.map(([, cell]) => cell(row))),
  };
}

/** Print a part. */
export function printTables(part, rows) {
  if (rows.length === 0) return;
  const { title, head, cells } = tableOf(part, rows);
  const widths = head.map((name, i) => Math.max(name.length, ...cells.map((row) => row[i].length)));
  console.log(`\n${title}`);
  for (const row of [head, ...cells])
    console.log(
      `  ${row.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ')}`,
    );
}
