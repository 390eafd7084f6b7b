/**
 * Programs that tests run: what they print is waited for with a deadline, and none of them outlives the test file.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** How long a program may take for anything that has no deadline of its own. */
const PATIENCE_MS = 20_000;
/** How much of a program's complaints an error repeats. */
const COMPLAINT_CHARS = 2000;

const running = new Set<Program>();
process.once('exit', () => {
  for (const program of running) program.kill();
});

/** What a case program prints of each case. */
export interface CaseResult {
  /** The case. */
  readonly name: string;
  /** `ok`, or what went wrong. */
  readonly result: string;
  /** How long it took, for whoever looks for time. */
  readonly ms: number;
}

/** Wait for something that may never happen. @param what Completes "within 5 s, there was no …". */
export async function within<T>(ms: number, what: string, promise: Promise<T>, more = () => ''): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`within ${ms / 1000} s, there was no ${what}${more()}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Ask again and again until it is so. @param what Completes "within 5 s, there was no …". */
export async function until(ms: number, what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + ms;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`within ${ms / 1000} s, there was no ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A program that runs. */
export class Program {
  /** Settles when it has exited and all its output was read. */
  readonly exited: Promise<number | null>;
  readonly #title: string;
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  #complaints = '';
  #ended = false;
  #wake: () => void = () => {};

  /** @param title What it is called in errors. */
  constructor(title: string, command: readonly string[]) {
    const [file = '', ...args] = command;
    this.#title = title;
    // Python would leave its bytecode in our folder.
    const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };
    this.#child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'], env });
    running.add(this);
    const { stdin, stdout, stderr } = this.#child;
    stdin?.on('error', () => {});
    stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#complaints = (this.#complaints + text).slice(-COMPLAINT_CHARS);
    });
    createInterface({ input: stdout! }).on('line', (line) => {
      this.#lines.push(line);
      this.#wake();
    });
    this.exited = new Promise((resolve) => {
      const done = (code: number | null): void => {
        this.#ended = true;
        running.delete(this);
        this.#wake();
        resolve(code);
      };
      this.#child.once('close', done);
      this.#child.once('error', (error) => {
        this.#complaints += String(error);
        done(null);
      });
    });
  }

  /** The next line that it prints. Rejects when it ends without one, or takes too long. */
  async line(what: string, ms = PATIENCE_MS): Promise<string> {
    const take = async (): Promise<string> => {
      for (;;) {
        const line = this.#lines.shift();
        if (line !== undefined) return line;
        if (this.#ended) throw new Error(`${this.#title} ended before its ${what}${this.#said()}`);
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    };
    return await within(ms, `${what} of ${this.#title}`, take(), () => this.#said());
  }

  /** Write a line to its standard input. */
  tell(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** Wait until it exits; kills it when that takes too long. */
  async exit(ms = PATIENCE_MS): Promise<number | null> {
    try {
      return await within(ms, `exit of ${this.#title}`, this.exited, () => this.#said());
    } finally {
      this.kill();
    }
  }

  /** End it: by closing its input and a signal that it may answer, then by one that it cannot. Idempotent. */
  async stop(ms = 3000): Promise<void> {
    if (this.#ended) return;
    this.#child.stdin?.end();
    this.#child.kill('SIGTERM');
    await within(ms, 'exit', this.exited).catch(() => this.kill());
    await this.exited;
  }

  /** End it now. */
  kill(): void {
    if (!this.#ended) this.#child.kill('SIGKILL');
  }

  /** What it has complained about, for errors. */
  #said(): string {
    return this.#complaints === '' ? '' : `; it says: ${this.#complaints}`;
  }
}

/**
 * Run a program that prints a line of JSON for each case, to its end.
 *
 * @returns The result of each case by its name: `ok`, or what went wrong.
 */
export async function runCases(
  title: string,
  command: readonly string[],
  ms = 45_000,
): Promise<ReadonlyMap<string, string>> {
  const program = new Program(title, command);
  const results = new Map<string, string>();
  const deadline = Date.now() + ms;
  try {
    for (;;) {
      const text = await program.line(`result after ${results.size} cases`, deadline - Date.now());
      if (text === 'done') return results;
      const { name, result } = JSON.parse(text) as CaseResult;
      results.set(name, result);
    }
  } finally {
    program.kill();
  }
}
