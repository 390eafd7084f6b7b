/**
 * Compression as it is by default, each message on its own: our server on Node, Bun and Deno, with the DEFLATE engine of the
 * runtime, against clients that others wrote and against our own. The tests of each peer have it with context takeover, and for
 * our client against servers that others wrote.
 */
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { nodeTransport } from 'sansocket/transport/node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { zlibInflate, zlibMessage } from '../support/deflate-contract.ts';
import { sample } from '../support/deflate-samples.ts';
import { describeWith, requirePeer } from '../support/peers.ts';
import { RawClient } from '../support/raw-client.ts';
import { masked } from '../support/wire.ts';
import { SETTINGS } from './cases/compression.ts';
import { WHATWG_CASES } from './cases/whatwg.ts';
import { WS_CASES } from './cases/ws.ts';
import { useBrowser } from './support/browser.ts';
import { casesOf } from './support/cases.ts';
import { runCases } from './support/program.ts';
import { commandFor, RUNTIME_TITLES, RUNTIMES } from './support/runtimes.ts';
import { useServer } from './support/server.ts';

const PYTHON = fileURLToPath(new URL('python/websockets_client.py', import.meta.url));

/** Tests that a program of cases gives `ok` for each. */
function casesAre(names: readonly string[], title: string, command: () => readonly string[]): void {
  let results: ReadonlyMap<string, string> = new Map();
  beforeAll(async () => {
    results = await runCases(title, command());
  }, 60_000);
  it.each(names)('%s', (name) => expect(results.get(name)).toBe('ok'));
}

for (const runtime of RUNTIMES) {
  describeWith(
    [runtime],
    `our server on ${RUNTIME_TITLES[runtime]}, compressing each message on its own`,
    () => {
      const server = useServer(runtime, { options: { compression: { threshold: 0 } } });

      it('answers JSON of any size with a frame that is shorter, marked by RSV1, and that zlib inflates [RFC 7692 7.2.1]', async () => {
        const client = await RawClient.connect(nodeTransport, server().port);
        const { headers } = await client.upgrade('/', 'Sec-WebSocket-Extensions: permessage-deflate');
        const agreed = headers.find(([name]) => name.toLowerCase() === 'sec-websocket-extensions')?.[1];
        expect(agreed).toMatch(/^permessage-deflate\b.*server_no_context_takeover/);
        for (const size of [100, 500, 520, 1000, 2040, 2060, 5000, 16_384, 65_000, 66_000, 300_000]) {
          const json = sample('json', size);
          client.write(masked(1, zlibMessage(json), { rsv: 4 }));
          const { fin, opcode, payload, rsv } = await client.frame();
          expect({ fin, opcode, rsv }).toEqual({ fin: true, opcode: 1, rsv: 4 });
          expect(payload.length).toBeLessThan(size * (size < 500 ? 0.95 : 0.6));
          expect(Buffer.compare(zlibInflate(payload), json)).toBe(0);
        }
        client.destroy();
      });

      it.each([
        ['a bomb', 1009, zlibMessage(new Uint8Array(64 << 20))],
        ['corrupt data', 1007, Uint8Array.of(6)],
        ['data that is cut short', 1007, zlibMessage(sample('json', 3000)).subarray(0, -20)],
      ])(
        'answers %s with %s, however it arrives [CVE-2026-1526] [CVE-2026-29035]',
        async (_, code, payload) => {
          const whole = masked(2, payload, { rsv: 4 });
          for (const pieces of [
            [whole],
            [whole.subarray(0, 3), whole.subarray(3)],
            [whole.subarray(0, -1), whole.subarray(-1)],
          ]) {
            const client = await RawClient.connect(nodeTransport, server().port);
            await client.upgrade('/', 'Sec-WebSocket-Extensions: permessage-deflate');
            client.write(masked(1, 'before'));
            expect((await client.frame()).opcode).toBe(1);
            for (const piece of pieces) {
              client.write(piece);
              // Another packet, as far as anybody can say so.
              await new Promise((resolve) => setImmediate(resolve));
            }
            const { opcode, payload: close } = await client.frame();
            expect([opcode, close[0]! * 256 + close[1]!]).toEqual([8, code]);
            await client.whenEnded();
            client.destroy();
          }
        },
      );

      describeWith(['ws'], 'under the client of ws', () => {
        casesAre(Object.keys(WS_CASES), 'ws', () => [
          ...commandFor('node', 'clients/ws.ts'),
          String(server().port),
          JSON.stringify({ compression: true }),
        ]);
      });

      describeWith(['bun'], "under Bun's WebSocket", () => {
        casesAre(Object.keys(WHATWG_CASES), "Bun's WebSocket", () => [
          ...commandFor('bun', 'clients/whatwg.ts'),
          String(server().port),
          'native',
          JSON.stringify({
            compression: true,
            traits: { insistsOnProtocol: true, offersDeflate: true, failureCode: 1006, connections: 50 },
          }),
        ]);
      });

      describeWith(['websockets'], "under Python's websockets", () => {
        casesAre(casesOf(PYTHON), "Python's websockets", () => [
          ...requirePeer('websockets').command,
          PYTHON,
          JSON.stringify({ ws: server().ws, http: server().http, compression: true }),
        ]);
      });

      describeWith(['chromium'], 'under Chromium', () => {
        const browser = useBrowser();
        let page: Page | undefined;
        beforeAll(async () => {
          page = await browser().newPage();
          await page.goto(`${server().http}/page`);
        });
        afterAll(() => page?.close());

        it('gets back what it sends, text and binary of every size', async () => {
          const sizes = [0, 1, 100, 500, 520, 2040, 2060, 16_384, 65_535, 65_536, 500_000];
          const texts = sizes.map((size) => new TextDecoder().decode(sample('json', size)));
          const result = await page!.evaluate(echoAll, [`${server().ws}/`, texts] as const);
          expect(result).toEqual({ extensions: expect.stringMatching(/^permessage-deflate/), faults: [] });
        }, 30_000);
      });

      for (const other of RUNTIMES) {
        describeWith([other], `under our own client on ${RUNTIME_TITLES[other]}`, () => {
          casesAre(Object.keys(SETTINGS), 'our client', () => [
            ...commandFor(other, 'clients/compression.ts'),
            `${server().ws}/`,
          ]);
        });
      }

      it('is left with no connection and no error of its own', async () => {
        const { sockets, errors } = await server().statsWhenIdle('sockets');
        expect([sockets, errors.filter((error) => error.startsWith('handler'))]).toEqual([0, []]);
      });
    },
  );
}

/** Runs in a page: sends each text, as text and as bytes, and waits for it. */
async function echoAll([url, texts]: readonly [string, readonly string[]]): Promise<{
  extensions: string;
  faults: string[];
}> {
  const socket = new WebSocket(url);
  socket.binaryType = 'arraybuffer';
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error('it did not open'));
  });
  const faults: string[] = [];
  for (const text of texts) {
    for (const message of [text, new TextEncoder().encode(text)]) {
      const answer = await new Promise<unknown>((resolve, reject) => {
        socket.onmessage = ({ data }) => resolve(data);
        socket.onclose = ({ code }) => reject(new Error(`closed with ${code}`));
        socket.send(message);
      });
      const back = typeof answer === 'string' ? answer : new TextDecoder().decode(answer as ArrayBuffer);
      if (back !== text || typeof answer !== (message === text ? 'string' : 'object'))
        faults.push(`${text.length} characters came back as ${typeof answer}, ${back.length}`);
    }
  }
  socket.close(1000);
  return { extensions: socket.extensions, faults };
}
