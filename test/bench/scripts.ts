/** `node test/bench/scripts.ts`: what a row costs a function that V8 runs, without the engine: decode, call, encode. */
import { scriptRunner } from "../../runtime/src/spmd/script-batches.ts";
import { float64, string } from "../../runtime/src/tables/arrow-type.ts";
import { Column } from "../../runtime/src/tables/column.ts";
import { toIpc } from "../../runtime/src/tables/ipc.ts";

const ROWS = 8192;
const BATCHES = 200;

const numbers = new Column(float64, ROWS, Array.from({ length: ROWS }, (_, i) => i / 7));
const strings = new Column(string, ROWS, Array.from({ length: ROWS }, (_, i) => `Straße ${i % 991}, Haus ${i % 13}`));
const cases = [
  ["number", new Map([["x", numbers]]), (d: Record<string, unknown>) => (d["x"] as number) * 2 + 1],
  ["string", new Map([["s", strings]]), (d: Record<string, unknown>) => (d["s"] as string).replace(/\d+/, "#")],
] as const;

for (const [type, columns, f] of cases) {
  const batch = Buffer.from(toIpc(columns));
  const run = scriptRunner([f]);
  const measure = (): number => {
    const start = performance.now();
    for (let i = 0; i < BATCHES; i++) run(0, batch, type);
    return ((performance.now() - start) * 1e6) / (BATCHES * ROWS);
  };
  measure();
  console.log(`${type}: ${measure().toFixed(0)} ns a row`);
}
