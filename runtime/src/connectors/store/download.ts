/** Remote files for plain Node, whose readers want files: each is fetched into the system's folder for temporary files. */
import { randomUUID } from "node:crypto";
import { open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LockstepError } from "../../errors/index.ts";
import type { Listed, ObjectStore } from "./store.ts";

const PIECE = 16 << 20;

/** Fetches the listed version to a file of this machine. LS2019 if it is another by now. */
export async function download(store: ObjectStore, { key, size, tag }: Listed): Promise<string> {
  const path = join(tmpdir(), `lockstep-${randomUUID()}`);
  const file = await open(path, "wx", 0o600);
  try {
    for (let start = 0; start < size; start += PIECE) {
      const end = Math.min(size, start + PIECE);
      const found = await store.get(key, { start, end });
      if (found?.tag !== tag || found.bytes.length !== end - start) {
        throw new LockstepError({ code: "LS2019", message: `${store.url(key)} was changed after the program opened it` });
      }
      await file.write(found.bytes, 0, found.bytes.length, start);
    }
    return path;
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}
