/** An example whose data are too large for the repository has a script that makes them, `data`; the packed ones have them. */
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Refusal } from "../answer.ts";

/** Beside the playground's built files: the examples with their data. */
const examples = fileURLToPath(new URL("../../../examples/", import.meta.url));

export function exampleFolder(name: string): string {
  const folder = join(examples, name);
  if (!/^[\w-]+$/.test(name) || !existsSync(folder)) throw new Refusal(400, `there is no example ${name}`);
  return folder;
}

/** Once; the data stay. */
export async function makeExampleData(name: string, signal: AbortSignal): Promise<void> {
  const folder = exampleFolder(name);
  const { scripts } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { scripts?: Record<string, string> };
  if (!scripts?.data || existsSync(join(folder, "data"))) return;
  try {
    await promisify(execFile)("npm", ["run", "--silent", "data"], { cwd: folder, signal });
  } catch (error) {
    throw new Refusal(500, `the example's data could not be made: ${(error as { stderr?: string }).stderr || (error as Error).message}`);
  }
}
