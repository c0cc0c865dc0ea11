/**
 * A table in a folder, without a catalog: `metadata/v3.metadata.json` is the state after v2's, and there is one of each name. Who makes it
 * has committed: a link of a file that is written beside it, a conditional request in a store. `version-hint.text` comes after, and
 * may be late. HadoopCatalog, DuckDB and PyIceberg's StaticTable read such folders.
 */
import { randomUUID } from "node:crypto";
import { stat } from "node:fs/promises";
import { LockstepError } from "../../errors/index.ts";
import { keepOut } from "../output-place.ts";
import { isMetadata } from "../paths.ts";
import { isRemote, parseLocation } from "../store/location.ts";
import type { StoreOptions } from "../store/options.ts";
import { openStore } from "../store/store.ts";
import { makeFolder, putIfAbsent, replace } from "./files.ts";
import { parseMetadata, type PartitionField, type Schema } from "./metadata.ts";
import { bytesOf, findMetadata, metadataOf, namesIn } from "./paths.ts";
import { emptyMetadata, idJson, parseExactly, Refused, snapshotJson, type NewSnapshot, type State, type TablePlace } from "./place.ts";

/** Metadata files that a state remembers: the table property of this meaning has this default. */
const PREVIOUS = 100;

export class FolderPlace implements TablePlace {
  readonly name: string;
  readonly #store: StoreOptions;

  /** `folder` absolute, or the URL of a store. */
  constructor(folder: string, store: StoreOptions) {
    if (isMetadata(folder)) throw new LockstepError({ code: "LS2016", message: `${folder} is one state of a table, which is never changed`, fix: "Name the table's folder." });
    this.name = folder.replace(/\/+$/, "");
    this.#store = store;
  }

  async load(): Promise<State | undefined> {
    const path = await findMetadata(this.name, this.#store);
    if (path === undefined) return undefined;
    if (versionOf(path) === undefined) {
      throw new LockstepError({
        code: "LS2015",
        message: `${this.name} is a table of a catalog, which would not learn of what is written here: its newest metadata file is ${path.slice(path.lastIndexOf("/") + 1)}`,
        fix: 'Write it through its catalog: writeIceberg("namespace.table", { catalog: { uri } }).',
      });
    }
    const text = new TextDecoder().decode(await bytesOf(path, this.#store));
    return { metadata: parseMetadata(path, text), path, text, store: this.#store };
  }

  async begin(schema: Schema, spec: readonly PartitionField[], properties: Readonly<Record<string, string>>): Promise<State> {
    const stranger = (await this.#names()).find((name) => !["data", "metadata"].includes(name) && !name.startsWith("."));
    if (stranger !== undefined) {
      throw new LockstepError({ code: "LS2007", message: `${this.name} is not an Iceberg table: it holds "${stranger}"`, fix: "Choose another folder for the table." });
    }
    const text = JSON.stringify(emptyMetadata(this.name, schema, spec, properties, randomUUID()));
    return { metadata: parseMetadata(this.name, text), path: undefined, text, store: this.#store };
  }

  async #names(): Promise<string[]> {
    if (isRemote(this.name)) {
      const location = parseLocation(this.name);
      return (await openStore(location, this.#store)).names(location.key);
    }
    if ((await stat(this.name).catch(() => undefined))?.isFile()) throw new LockstepError({ code: "LS2007", message: `${this.name} is a file`, fix: "Choose another folder for the table." });
    keepOut(this.name);
    return namesIn(this.name, this.#store);
  }

  async commit(from: State, snapshot: NewSnapshot): Promise<boolean> {
    const version = (from.path === undefined ? 0 : versionOf(from.path)!) + 1;
    const folder = metadataOf(this.name);
    await makeFolder(folder);
    const text = JSON.stringify(successor(from, snapshot));
    if (!(await this.#take(`${folder}/v${version}.metadata.json`, Buffer.from(text)))) return false;
    // Readers that find an old one look for what comes after it.
    await replace(`${folder}/version-hint.text`, Buffer.from(String(version)), this.#store).catch(() => undefined);
    return true;
  }

  async #take(path: string, bytes: Buffer): Promise<boolean> {
    try {
      return await putIfAbsent(path, bytes, this.#store);
    } catch (error) {
      const known = error instanceof LockstepError && (error.code === "LS2020" || !isRemote(path));
      throw known ? new Refused(error.toJSON()) : error;
    }
  }
}

function versionOf(path: string): number | undefined {
  const digits = /\/v(\d+)\.metadata\.json$/.exec(path)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** The metadata with one more snapshot, which is then the current one; all else as it was. */
function successor({ text, path }: State, snapshot: NewSnapshot): object {
  const metadata = parseExactly(text);
  const [id, at] = [idJson(snapshot["snapshot-id"]), snapshot["timestamp-ms"]];
  const list = (key: string): unknown[] => (metadata[key] as unknown[] | undefined) ?? [];
  const before = path === undefined ? [] : [{ "timestamp-ms": metadata["last-updated-ms"], "metadata-file": path }];
  return {
    ...metadata,
    "last-sequence-number": snapshot["sequence-number"],
    "last-updated-ms": at,
    "current-snapshot-id": id,
    snapshots: [...list("snapshots"), snapshotJson(snapshot)],
    refs: { ...(metadata.refs as object | undefined), main: { ...(metadata.refs as { main?: object } | undefined)?.main, "snapshot-id": id, type: "branch" } },
    "snapshot-log": [...list("snapshot-log"), { "timestamp-ms": at, "snapshot-id": id }],
    "metadata-log": [...list("metadata-log"), ...before].slice(-PREVIOUS),
  };
}
