/** What PyIceberg and Java's Iceberg see of tables: folders, or `uri|namespace.table`. */
import { delimiter, join } from "node:path";
import { root } from "../scripts/lib.mjs";
import { Service } from "../service.ts";
import { javaClasses } from "../stores/install.ts";

type Environment = Readonly<Record<string, string>>;

/** By the ids of columns; bounds in hexadecimal. */
type Statistics = Readonly<Record<"value_counts" | "null_value_counts" | "lower_bounds" | "upper_bounds", Readonly<Record<string, number | string>>>>;

export interface Seen {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly filtered: Readonly<Record<string, number>>;
  readonly planned: number;
  /** Of each data file, what its manifest has, what PyIceberg makes of it (which has no bounds of what is inside of others), and the ids of elements of lists that have bounds. */
  readonly statistics: readonly (readonly [ours: Statistics, theirs: Statistics, elements: readonly number[]])[];
  readonly schema: string;
  readonly spec: readonly string[];
  readonly operations: readonly string[];
  readonly summary: Readonly<Record<string, string>>;
  readonly snapshots: readonly number[];
}

/** `python`: the folder of a Python that has PyIceberg. Asked for tables, it answers with what it sees of each. */
export const pyIceberg = (python: string, environment: Environment): Service => new Service(join(python, "python"), [join(root, "test/iceberg/written.py")], environment);

export interface Planned {
  readonly records: number;
  readonly from60: number;
  /** Of tables with such a column. */
  readonly x60: number | null;
  readonly eu: number;
  readonly snapshots: readonly { readonly operation: string; readonly sequence: number; readonly added: number; readonly removed: number; readonly records: number }[];
}

/** What Java does before it looks; `expire,TIME,KEEP` with what it is told. */
export type JavaDoes = "look" | "compact" | `expire,${number | ""},${number | ""}`;

/** `library`: the folder of Java's Iceberg. Asked for tables, of which the first word says what to do with them, it answers with what it sees of each then. */
export async function javaIceberg(library: string, environment: Environment): Promise<Service> {
  const path = [await javaClasses(join(root, "test/iceberg/Written.java"), join(library, "*")), join(library, "*")].join(delimiter);
  return new Service("java", ["-Xmx256m", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp", path, "Written"], environment);
}
