// A fake engine over a Unix socket: rank 0 is the hub. It computes nothing; it meets, fails and settles as the real one.
import { mkdirSync, existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { table } from "../../../runtime/dist/tables/table.js";
import { toIpc } from "../../../runtime/dist/tables/ipc.js";
import { createServer, connect } from "node:net";
import { basename, dirname, join } from "node:path";
import { deserialize, serialize } from "node:v8";

const frames = (socket, receive) => {
  let rest = Buffer.alloc(0);
  socket.on("data", (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32LE()) {
      const size = rest.readUInt32LE();
      receive(deserialize(rest.subarray(4, 4 + size)));
      rest = rest.subarray(4 + size);
    }
  });
};
const send = (socket, message) => {
  const bytes = serialize(message);
  const head = Buffer.alloc(4);
  head.writeUInt32LE(bytes.length);
  socket.write(Buffer.concat([head, bytes]));
};
const raised = (error) => new Error(JSON.stringify(error));

export class Engine {
  #options; #peers = new Map(); #epoch = 0; #sequence = 0; #arrived = new Map(); #waiting = new Map(); #failure; #server;

  static async create(options) {
    const engine = new Engine();
    engine.#options = options;
    const address = `\0lockstep-fake/${options.job}`;
    const died = (rank) => () => engine.#fail({ code: "LS2011", message: `rank ${rank} died` }, true);
    if (options.size > 1 && options.rank === 0) {
      await new Promise((resolve) => {
        engine.#server = createServer((socket) => {
          frames(socket, (message) => {
            if (message.hello !== undefined) {
              engine.#peers.set(message.hello, socket);
              socket.on("close", died(message.hello));
              if (engine.#peers.size === options.size - 1) resolve();
            } else engine.#receive(message);
          });
          socket.on("error", () => {});
          socket.unref();
        }).listen(address);
        if (options.size === 1) resolve();
      });
      engine.#server.unref();
    } else if (options.size > 1) {
      const socket = await new Promise((resolve) => {
        const attempt = () => {
          const candidate = connect(address, () => resolve(candidate));
          candidate.on("error", () => setTimeout(attempt, 5));
        };
        attempt();
      });
      frames(socket, (message) => engine.#receive(message));
      socket.on("close", died(0));
      send(socket, { hello: options.rank });
      engine.#peers.set(0, socket);
    }
    return engine;
  }

  // Every collective is an allgather through the hub.
  async #gather(bytes) {
    const { rank, size } = this.#options;
    if (this.#failure) throw raised(this.#failure);
    const id = `${this.#epoch}:${this.#sequence++}`;
    if (size === 1) return [Buffer.from(bytes ?? [])];
    const result = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    const hold = setInterval(() => {}, 1000);
    this.#receive({ id, rank, bytes: bytes ?? new Uint8Array() });
    try {
      return await result;
    } finally {
      clearInterval(hold);
    }
  }

  #receive(message) {
    const { rank, size } = this.#options;
    if (message.fail) return this.#fail(message.fail, false, message.epoch);
    if (message.all) {
      this.#waiting.get(message.id)?.resolve(message.all.map((bytes) => Buffer.from(bytes)));
      return void this.#waiting.delete(message.id);
    }
    if (rank !== 0) return send(this.#peers.get(0), message);
    const arrived = this.#arrived.get(message.id) ?? [];
    this.#arrived.set(message.id, arrived);
    arrived[message.rank] = message.bytes;
    if (Object.keys(arrived).length < size) return;
    this.#arrived.delete(message.id);
    for (const socket of this.#peers.values()) send(socket, { id: message.id, all: arrived });
    this.#receive({ id: message.id, all: arrived });
  }

  #fail(error, fatal, epoch = this.#epoch) {
    if (epoch !== this.#epoch || this.#failure) return;
    this.#failure = error;
    if (this.#options.rank === 0) for (const socket of this.#peers.values()) send(socket, { fail: error, epoch });
    for (const [id, { reject }] of this.#waiting) if (fatal || !id.startsWith("settle")) reject(raised(error));
  }

  fail(text) {
    const error = JSON.parse(text);
    const message = { fail: { rank: this.#options.rank, ...error }, epoch: this.#epoch };
    if (this.#options.rank !== 0) send(this.#peers.get(0), message);
    this.#fail(message.fail, false);
  }

  async settle(outcome) {
    const lost = this.#failure?.code === "LS2011" ? this.#failure : undefined;
    if (lost) throw raised(lost);
    this.#failure = undefined;
    this.#epoch++;
    this.#sequence = 0;
    return this.#gather(outcome);
  }

  async broadcast(bytes, root) { return (await this.#gather(bytes))[root]; }
  async allgather(bytes) { return this.#gather(bytes); }
  async openParquet(json) {
    const { paths } = JSON.parse(json);
    await this.#gather();
    if (!paths.every(existsSync)) throw raised({ code: "LS2001", message: `there is no ${paths[0]}` });
    return JSON.stringify({ dataset: 1, rows: 3 });
  }
  async openCsv(json) { return this.openParquet(json); }
  async registerTable() { return 2; }
  async execute(text) {
    const plan = JSON.parse(text);
    await this.#gather();
    const wait = Number(process.env.FAKE_EXECUTE_MS ?? 0);
    if (wait) await new Promise((resolve) => setTimeout(resolve, wait));
    await this.#gather();
    for (const sink of plan.sinks) if (sink.staging) writeFileSync(join(sink.staging, `part-0000${this.#options.rank}.json`), text);
    return { sinks: plan.sinks.map(() => ({ rows: 3, ipc: toIpc(table({ n: [1, 2, 3] }).columns) })), profile: JSON.stringify({ plan: plan.function, operators: [{ name: "ScanExec", ranks: [{ rows: 3, bytesSent: 10, spilledBytes: 0 }] }] }) };
  }
  async explain(text) { return text; }
  releaseSpool() {}
  closeDataset() {}
  async close() {}
}

export async function prepareOutput(path, overwrite, job) {
  if (existsSync(path) && !overwrite) throw raised({ code: "LS2007", message: `${path} exists` });
  const staging = join(dirname(path), `.${basename(path)}.lockstep-${job}`);
  mkdirSync(staging);
  return staging;
}
export async function commitOutput(staging, path, overwrite) {
  if (overwrite) rmSync(path, { recursive: true, force: true });
  renameSync(staging, path);
}
export async function abortOutput(staging) { rmSync(staging, { recursive: true, force: true }); }
