import type { Writable } from "node:stream";
import { LockstepError } from "../errors/index.ts";
import type { World } from "../spmd/world.ts";
import { bytes, ofWhole } from "./units.ts";

/** How far the scans of a rank are: rows read, rows to read, bytes read, bytes to read (of the input files). */
export type Progress = readonly [rows: number, rowsDue: number, bytes: number, bytesDue: number];

/** Where the progress is shown. */
export interface Terminal extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

const interval = 200;
/** Jobs that are done by then show nothing: milliseconds on a terminal, and between lines elsewhere. */
const first = { terminal: 1000, elsewhere: 30_000 };
const clearLine = "\r\x1b[K";

/** `LOCKSTEP_PROGRESS`: seconds between lines where there is no terminal, 0 for nothing anywhere. LS2015. */
export function progressInterval(): number {
  const text = process.env.LOCKSTEP_PROGRESS;
  if (text === undefined || text === "") return first.elsewhere / 1000;
  const seconds = Number(text);
  if (Number.isFinite(seconds) && seconds >= 0) return seconds;
  throw new LockstepError({ code: "LS2015", message: `LOCKSTEP_PROGRESS=${text} is not a number of seconds`, fix: "Write how many seconds lie between lines that say how far the ranks are, or 0 for none." });
}

/** Tells of this rank's progress whenever there is some. Keeps no process alive. */
export function reportProgress(world: Promise<World>, tell: (progress: Progress) => void): void {
  const report = ({ engine }: World) => {
    let last = "";
    const timer = setInterval(() => {
      const progress = engine.progress() as unknown as Progress;
      if (String(progress) === last) return;
      last = String(progress);
      tell(progress);
    }, interval);
    timer.unref();
  };
  // Who waits for the world reports that it does not come.
  world.then(report, () => undefined);
}

/** Clears the bar before the program's own lines, where both go to one terminal. */
export function makeRoom({ stdout, stderr }: Pick<NodeJS.Process, "stdout" | "stderr">): void {
  if (!stderr.isTTY) return;
  let lineBegins = true;
  for (const stream of [stdout, stderr].filter(({ isTTY }) => isTTY)) {
    const write = stream.write.bind(stream) as (chunk: string | Uint8Array, ...rest: unknown[]) => boolean;
    stream.write = ((chunk: string | Uint8Array, ...rest: unknown[]) => {
      // The bar clears itself.
      if (lineBegins && !(typeof chunk === "string" && chunk.startsWith("\r"))) write(clearLine);
      if (chunk.length > 0) lineBegins = typeof chunk !== "string" ? chunk.at(-1) === 10 : /[\n\r]$|^\r/.test(chunk);
      return write(chunk, ...rest);
    }) as typeof stream.write;
  }
}

/** Shows how far all ranks are: a bar on a terminal, else a line now and then. */
export class Watch {
  readonly #ranks: Progress[];
  readonly #out: Terminal;
  readonly #begun = performance.now();
  readonly #timer: NodeJS.Timeout;
  readonly #whose: string;
  #shown = false;

  /** `lines`: seconds between lines; `whose`: what begins them, where not all ranks tell. */
  constructor(out: Terminal, ranks: number, lines = first.elsewhere / 1000, whose = "lockstep") {
    this.#out = out;
    this.#whose = whose;
    this.#ranks = Array.from({ length: ranks }, () => [0, 0, 0, 0]);
    this.#timer = setInterval(() => this.#show(), out.isTTY ? interval : lines * 1000);
    this.#timer.unref();
  }

  tell(rank: number, progress: Progress): void {
    this.#ranks[rank] = progress;
  }

  /** Takes the bar away. */
  end(): void {
    clearInterval(this.#timer);
    if (this.#shown) this.#out.write(clearLine);
    this.#shown = false;
  }

  #show(): void {
    const elapsed = performance.now() - this.#begun;
    const all = this.#ranks.reduce<Progress>((sum, one) => sum.map((count, i) => count + one[i]!) as unknown as Progress, [0, 0, 0, 0]);
    if (all[1] === 0) return;
    if (!this.#out.isTTY) this.#out.write(`${this.#whose}: ${progressParts(all, elapsed / 1000).join(", ")}\n`);
    else if (elapsed >= first.terminal) {
      this.#out.write(`\r${progressBar(all, elapsed / 1000, this.#out.columns ?? 80, this.#whose)}\x1b[K`);
      this.#shown = true;
    }
  }
}

/** `lockstep ━━━━━━━━──────── 45%  9 s left, 9.1 of 20.0 M rows, 8.2 of 18.3 GB, 1.20 GB/s`, as much of it as the line has room for. */
export function progressBar(progress: Progress, seconds: number, columns: number, whose = "lockstep"): string {
  const [rows, due] = progress;
  const [share, ...parts] = progressParts(progress, seconds);
  const width = Math.max(8, Math.min(30, columns - 85));
  const done = Math.floor((rows / due) * width);
  let line = `${whose} ${"━".repeat(done)}${"─".repeat(width - done)} ${share}`;
  for (const [index, part] of parts.entries()) {
    const longer = `${line}${index === 0 ? "  " : ", "}${part}`;
    if (longer.length >= columns) break;
    line = longer;
  }
  return line.slice(0, columns - 1);
}

/** What is left is known once something is done; what follows the scans has no measure. */
function progressParts([rows, due, read, bytesDue]: Progress, seconds: number): string[] {
  const done = rows >= due;
  return [
    `${Math.floor((rows / due) * 100)}%`,
    ...(done ? ["input read"] : rows > 0 ? [`${duration((seconds / rows) * (due - rows))} left`] : []),
    ofWhole(rows, due, "rows"),
    ofWhole(read, bytesDue, "B"),
    `${bytes(read / seconds)}/s`,
  ];
}

function duration(seconds: number): string {
  if (seconds < 59.5) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
