/** Asks the worker, newest request first; a compile that does not end costs the worker, not the page. */
import type { CompileRequest, CompileResponse, CompilerReady } from "./protocol.ts";

export type CompileOutcome = CompileResponse | { readonly stopped: true };
type Wanted = Omit<CompileRequest, "id">;

/** The part of a Worker that is used. */
export interface CompilerThread {
  postMessage(message: CompileRequest): void;
  terminate(): void;
  onmessage: ((event: MessageEvent<CompileResponse | CompilerReady>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
}

export class CompileClient {
  readonly #start: () => CompilerThread;
  readonly #limit: number;
  readonly #answer: (outcome: CompileOutcome) => void;
  #thread: CompilerThread | undefined;
  /** Milliseconds that a compile may take now; none until the thread listens: its script on the way is no compile that does not end. */
  #patience: number | undefined;
  #running: { readonly id: number; timer?: ReturnType<typeof setTimeout> } | undefined;
  /** What was asked for while another compile ran: only the last matters. */
  #waiting: Wanted | undefined;
  #asked = 0;

  /** `limit`: milliseconds after which a compile counts as endless; a thread's first has four times as many. */
  constructor(start: () => CompilerThread, limit: number, answer: (outcome: CompileOutcome) => void) {
    this.#start = start;
    this.#limit = limit;
    this.#answer = answer;
  }

  compile(wanted: Wanted): void {
    if (this.#running) {
      this.#waiting = wanted;
      return;
    }
    const id = ++this.#asked;
    this.#thread ??= this.#listened();
    this.#running = { id };
    this.#limitTime();
    this.#thread.postMessage({ ...wanted, id });
  }

  #limitTime(): void {
    if (this.#patience !== undefined && this.#running) this.#running.timer ??= setTimeout(() => this.#stop(), this.#patience);
  }

  #listened(): CompilerThread {
    const thread = this.#start();
    thread.onmessage = ({ data }) => {
      if ("ready" in data) {
        // What V8 has not seen yet takes several times as long.
        this.#patience = 4 * this.#limit;
        this.#limitTime();
      } else if (data.id === this.#running?.id) {
        this.#patience = this.#limit;
        this.#done(data);
      }
    };
    // The script was not to be had, or its top level threw.
    thread.onerror = (event) => {
      this.#thread = undefined;
      this.#patience = undefined;
      if (this.#running) this.#done({ id: this.#running.id, failed: `The compiler did not start: ${event.message || "its script is not to be had"}. Load the page again.` });
    };
    return thread;
  }

  #stop(): void {
    this.#thread?.terminate();
    this.#thread = undefined;
    this.#patience = undefined;
    this.#done({ stopped: true });
  }

  #done(outcome: CompileOutcome): void {
    clearTimeout(this.#running?.timer);
    this.#running = undefined;
    this.#answer(outcome);
    const next = this.#waiting;
    this.#waiting = undefined;
    if (next) this.compile(next);
  }
}
