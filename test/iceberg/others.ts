/** What PyIceberg and Java's Iceberg see of tables: folders, or `uri|namespace.table`. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "../scripts/lib.mjs";

type Environment = Readonly<Record<string, string>>;

export interface Seen {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly filtered: Readonly<Record<string, number>>;
  readonly planned: number;
  readonly schema: string;
  readonly spec: readonly string[];
  readonly operations: readonly string[];
  readonly summary: Readonly<Record<string, string>>;
  readonly snapshots: readonly number[];
}

export async function seenByPyIceberg(python: string, environment: Environment, tables: readonly string[]): Promise<Seen[]> {
  const { stdout } = await promisify(execFile)(join(python, "python"), [join(root, "test/iceberg/written.py"), ...tables], { env: { ...process.env, ...environment }, maxBuffer: 1 << 26 });
  return JSON.parse(stdout) as Seen[];
}

export interface Planned {
  readonly records: number;
  readonly from60: number;
  readonly eu: number;
  readonly snapshots: readonly { readonly operation: string; readonly sequence: number; readonly added: number; readonly removed: number; readonly records: number }[];
}

/** What Java does before it looks; `expire,TIME,KEEP` with what it is told. */
export type JavaDoes = "look" | "compact" | `expire,${number | ""},${number | ""}`;

/** `java`: the folder of its library. */
export async function plannedByJava(java: string, environment: Environment, does: JavaDoes, tables: readonly string[]): Promise<Planned[]> {
  const options = ["-Xmx256m", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp", join(java, "*")];
  const { stdout } = await promisify(execFile)("java", [...options, join(root, "test/iceberg/Written.java"), does, ...tables], { env: { ...process.env, ...environment }, maxBuffer: 1 << 26 });
  return stdout.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as Planned);
}
