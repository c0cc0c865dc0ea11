/** Reads a file of Arrow IPC with each of its bytes changed in turn, in a process of its own, which is ended where a read does not end. Prints how many are read all the same. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readArrow, type LockstepError } from "@lockstep/runtime";
import { Dictionary, Field, Float64, Int32, List, Null, Table, tableToIPC, Utf8, vectorFromArray } from "apache-arrow";

const folder = mkdtempSync(join(tmpdir(), "lockstep-damaged-"));
const file = join(folder, "some.arrow");
const ids = Array.from({ length: 40 }, (_, id) => id);
const whole = tableToIPC(new Table({
  number: vectorFromArray(ids, new Float64()),
  text: vectorFromArray(ids.map((id) => (id % 5 ? `text ${id}` : null)), new Utf8()),
  label: vectorFromArray(ids.map((id) => `label ${id % 3}`), new Dictionary(new Utf8(), new Int32())),
  nothing: vectorFromArray(ids.map(() => null), new Null()),
  list: vectorFromArray(ids.map((id) => ids.slice(0, id % 3)), new List(new Field("item", new Float64(), true))),
}), "file");

let readable = 0;
try {
  for (let at = 0; at < whole.length; at++) {
    const damaged = whole.slice();
    damaged[at]! ^= 0x80;
    writeFileSync(file, damaged);
    try {
      for (const column of (await readArrow(file)).columns.values()) if (column.type.id !== "other") void column.values.length;
      readable++;
    } catch (error) {
      if (!/^LS20(02|05|15|18)$/.test((error as LockstepError).code)) throw new Error(`byte ${at}`, { cause: error });
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${readable} of ${whole.length}`);
