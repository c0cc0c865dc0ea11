/** `lockstep schema`: snapshots of sources pulled and checked. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { glob } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import type { CatalogOptions } from "../connectors/iceberg/catalog.ts";
import { checkOptions, holdsLogin, holdsPassword } from "../connectors/options.ts";
import { drift, isBigint, printSnapshot, readSnapshot, type Snapshot, type SnapshotSource } from "../connectors/snapshot.ts";
import { isRemote } from "../connectors/store/location.ts";
import type { SourceColumn } from "../connectors/source-column.ts";
import type { StoreOptions } from "../connectors/store/options.ts";
import { LockstepError } from "../errors/index.ts";
import { databaseOf, databases, describe, isBare, isDatabase, readerOf } from "./schema-source.ts";

export interface PullOptions {
  /** Of a database. */
  readonly table?: string;
  readonly out?: string;
  readonly name?: string;
  /** Of Iceberg: the source is a table of it. */
  readonly catalog?: CatalogOptions;
  readonly store?: StoreOptions;
  readonly delimiter?: string;
  readonly header?: boolean;
  readonly nulls?: readonly string[];
  /** What a source of a program is given. */
  readonly options?: unknown;
}

/** Writes the snapshot of a source and says so in a line. LS2001, LS2002, LS2005, LS2006, LS2007, LS2016, LS2018, LS2020, LS2021, LS2025. */
export async function pull(path: string, options: PullOptions): Promise<string> {
  const source = await sourceOf(path, options);
  const { reader } = source;
  const out = options.out ?? `${stemOf(source)}.schema.ts`;
  if (existsSync(out) && readSnapshot(readFileSync(out, "utf8")) === null) {
    throw new LockstepError({ code: "LS2007", message: `${out} exists and was not written by lockstep schema pull`, fix: "Name another file with --out." });
  }
  const name = options.name ?? nameIn(out);
  if (!/^[A-Za-z_$][\w$]*$/.test(name)) throw new LockstepError({ code: "LS2016", message: `${JSON.stringify(name)} is no name for an interface` });
  const columns = await describe(source);
  // A source of a program is no text there.
  const literal = reader === "readSource" ? null : source.path;
  writeFileSync(out, printSnapshot(name, literal, isPath(source) ? { ...source, path: fromFile(out, source.path) } : source, columns));
  const inWords = `${out}: interface ${name}, ${columns.length} ${columns.length === 1 ? "column" : "columns"}; ${callOf(name, source, columns)} checks programs against it`;
  return literal === null ? inWords : `${inWords}, and so does ${reader}(${JSON.stringify(literal)}) where the file is imported`;
}

/** LS2001, LS2016, LS2018 */
async function sourceOf(path: string, { table, catalog, store, delimiter, header, nulls, options }: PullOptions): Promise<SnapshotSource> {
  const database = databaseOf(path);
  if ((database !== undefined) !== (table !== undefined)) throw new LockstepError({ code: "LS2016", message: "a database has tables: name one", fix: "npx lockstep schema pull postgres://host/database schema.table" });
  // A snapshot is a file that others read. Folders may be called key=5.
  if (database === undefined && isRemote(path) && (holdsPassword(path) || holdsLogin(path.replace(/^[^?#]*/, "")))) throw new LockstepError({ code: "LS2016", message: "the URL holds a signature or a key, and the snapshot would have it", fix: "Pull from a copy of the file, or by a URL that is not signed." });
  const secret = secretIn(options);
  if (secret !== undefined) throw new LockstepError({ code: "LS2016", message: `--options: ${secret} is a secret, and the snapshot would have it`, fix: "A source takes what is secret from the environment." });
  const reader = database ?? (catalog ? "readIceberg" : await readerOf(path, store));
  const said = { ...(catalog && { catalog }), ...(store && { store }), ...(delimiter !== undefined && { delimiter }), ...(header !== undefined && { header }), ...(nulls && { nulls }) };
  checkOptions(reader, said);
  if (store && !isRemote(path) && !catalog) throw new LockstepError({ code: "LS2016", message: `${path} is in no object store: --endpoint, --region, --path-style and --anonymous say how one is reached` });
  if (options !== undefined && reader !== "readSource") throw new LockstepError({ code: "LS2016", message: `--options are a source's of a program, not ${reader}'s`, fix: "npx lockstep schema pull src/tickets.ts#tickets --options '{ … }'" });
  return { reader, path: table ?? path, ...(table !== undefined && !isBare(path) && { url: path }), ...said, ...(options !== undefined && { options }) };
}

/** Whether its `path` is one, of files or of a module. */
const isPath = ({ reader, catalog }: SnapshotSource): boolean => !isDatabase(reader) && catalog === undefined;

/** As a program reads it. */
function callOf(name: string, source: SnapshotSource, columns: readonly SourceColumn[]): string {
  const { reader, path } = source;
  const exact = columns.filter((column) => isBigint(reader, column)).map(({ name, type }) => `${JSON.stringify(name)}: "bigint${type.id === "list" ? "[]" : ""}"`);
  const options = (["catalog", "store", "delimiter", "header", "nulls"] as const).filter((option) => source[option] !== undefined).map((option) => `${option}: ${JSON.stringify(source[option])}`);
  if (exact.length > 0) options.push(`types: { ${exact.join(", ")} }`);
  const given = reader === "readSource" ? path.replace(/^.*#/, "") + (source.options === undefined ? "" : "(…)") : isPath(source) ? "path" : JSON.stringify(path);
  return `${reader}<${name}>(${given}${options.length > 0 ? `, { ${options.join(", ")} }` : ""})`;
}

/** The compiler's `source/secrets.ts` has both as well. */
const secretNames = /pass(?:word(?!_?less)|wd|phrase)|(?:^|[^a-z])(?:pwd|pass(?![a-z]))|secret|token(?!i[sz])|credential|authorization|bearer|(?:api|access|account|private|signing|encryption|auth)_?key/i;
const ofSecrets = /_(?:ur[il]|path|file|endpoint|name|variable|env|header|type|kind|mode|separator|pattern|count|length|limit)_*$/i;
/** Only of a source: not an author, nor an authority. */
const ofRequests = /(?:^|[^a-z])auth(?![a-z])|signature/i;

/** Whether what is called so is a secret: "API_TOKEN", "clientSecret". */
export function isSecretName(name: string): boolean {
  const words = name.replace(/([a-z\d])([A-Z])/g, "$1_$2").replaceAll("-", "_");
  return secretNames.test(words) && !ofSecrets.test(words);
}

/** What in a source's options is a secret, by its name or by what it looks like. */
function secretIn(value: unknown, name = "what it says"): string | undefined {
  const isNamed = isSecretName(name) || ofRequests.test(name);
  if (typeof value === "number") return isNamed ? name : undefined;
  if (typeof value === "string") return value !== "" && (isNamed || (value.includes("://") && holdsLogin(value))) ? name : undefined;
  if (typeof value !== "object" || value === null) return undefined;
  return Object.entries(value).map(([key, inner]) => secretIn(inner, Array.isArray(value) ? name : key)).find((found) => found !== undefined);
}

/** Compares snapshots with their sources, all of them. */
export async function check(files: readonly string[]): Promise<{ readonly lines: readonly string[]; readonly same: boolean }> {
  const isFound = files.length === 0;
  const names = isFound ? await snapshotsHere() : files;
  if (names.length === 0) throw new LockstepError({ code: "LS2022", message: "no *.schema.ts is below this folder", fix: "Write one: npx lockstep schema pull <path>." });
  const results = await Promise.all(names.map((file) => checkOne(file, isFound)));
  return { lines: results.flatMap(({ lines }) => lines), same: results.every(({ same }) => same) };
}

/** `isFound`: nobody named the file. */
async function checkOne(file: string, isFound: boolean): Promise<{ readonly lines: readonly string[]; readonly same: boolean }> {
  try {
    const snapshot = snapshotOf(file);
    const path = isPath(snapshot) && !isAbsolute(snapshot.path) && !isRemote(snapshot.path) ? join(dirname(file), snapshot.path) : snapshot.path;
    if (isFound && snapshot.reader === "readSource" && isOutside(path)) throw new LockstepError({ code: "LS2016", message: `${path} is a module outside of this folder, and is not loaded unless its snapshot is named: npx lockstep schema check ${quoted(file)}` });
    const lines = drift(snapshot, await describe({ ...snapshot, path }));
    if (lines.length === 0) return { lines: [`${file}: as the data`], same: true };
    return { lines: [`${file}: the data of ${path} are others`, ...lines, `  take them over: npx lockstep schema pull ${asCommand({ ...snapshot, path }, file)}`], same: false };
  } catch (error) {
    // One source that cannot be read does not hide what has changed in the others.
    if (!(error instanceof LockstepError)) throw error;
    return { lines: [`${file}: ${error.code}: ${error.message}`], same: false };
  }
}

const isOutside = (path: string): boolean => {
  const inner = relative(".", path);
  return isAbsolute(inner) || inner.split(sep)[0] === "..";
};

/** A word of a command to a shell. */
const quoted = (text: string): string => (/^[\w./:=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** What `pull` was told, for a shell. */
function asCommand({ name, reader, path, url, catalog, store, delimiter, header, nulls, options }: Snapshot, out: string): string {
  const words = isDatabase(reader) ? [url ?? databases[reader].bare, path] : [path];
  const option = (flag: string, value: string | undefined): void => void (value !== undefined && words.push(flag, value));
  // What says where a catalog is may stand in the environment: its name alone then.
  option("--catalog", catalog?.uri);
  option("--catalog-name", catalog?.name ?? (catalog && catalog.uri === undefined ? "default" : undefined));
  option("--warehouse", catalog?.warehouse);
  option("--endpoint", store?.endpoint);
  option("--region", store?.region);
  if (store?.pathStyle !== undefined) words.push(store.pathStyle ? "--path-style" : "--no-path-style");
  if (store?.anonymous) words.push("--anonymous");
  option("--delimiter", delimiter);
  if (header === false) words.push("--no-header");
  if (nulls) words.push("--nulls", ...nulls);
  option("--options", options === undefined ? undefined : JSON.stringify(options));
  option("--name", name === nameIn(out) ? undefined : name);
  option("-o", out);
  return words.map(quoted).join(" ");
}

function snapshotOf(file: string): Snapshot {
  if (!existsSync(file)) throw new LockstepError({ code: "LS2001", message: "the snapshot does not exist" });
  const snapshot = readSnapshot(readFileSync(file, "utf8"));
  if (snapshot === null) throw new LockstepError({ code: "LS2018", message: "this is no snapshot, or its second line was edited: pull it again" });
  return snapshot;
}

async function snapshotsHere(): Promise<string[]> {
  const names: string[] = [];
  for await (const name of glob("**/*.schema.ts", { exclude: (entry) => entry === "node_modules" || entry === "dist" })) names.push(name);
  // Other tools name files so, too.
  return names.filter((name) => readSnapshot(readFileSync(name, "utf8")) !== null).sort();
}

/** `sales.orders` → "orders" */
const tableStem = (table: string): string => (/\s/.test(table) ? "query" : table.split(".").at(-1)!.replaceAll('"', "").replaceAll(/[^\w$-]+/g, "-"));

/** `data/trips/*.parquet` → "trips", `src/tickets.ts#tickets` → "tickets" */
function stemOf(source: SnapshotSource): string {
  const { reader, path } = source;
  if (!isPath(source)) return tableStem(path);
  if (reader === "readSource") return path.slice(path.lastIndexOf("#") + 1);
  const parts = resolve(/^https?:/.test(path) ? path.replace(/[?#].*$/s, "") : path).split(sep).filter((part) => !/[*?[{]/.test(part));
  return (parts.at(-1) ?? "source").replace(/\.\w+(\.(gz|zst))?$/, "");
}

/** What an interface is called by itself. */
const nameIn = (file: string): string => interfaceName(basename(file).replace(/(\.schema)?\.\w+$/, ""));

const interfaceName = (stem: string): string => stem.split(/[^A-Za-z0-9$]+/).filter(Boolean).map((word) => word[0]!.toUpperCase() + word.slice(1)).join("").replace(/^\d/, "_$&") || "Row";

/** A relative path stays so, seen from the snapshot's file, with slashes on every system. */
const fromFile = (file: string, path: string): string => (isAbsolute(path) || isRemote(path) ? path : relative(dirname(resolve(file)), resolve(path)).split(sep).join("/"));
