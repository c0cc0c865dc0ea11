/**
 * A table in a folder, without a catalog: `metadata/v3.metadata.json` is the state after v2's, and there is one of each name. Who makes it
 * has committed: a link of a file that is written beside it, a conditional request in a store. `version-hint.text` comes after, and
 * may be late, until somebody writes. HadoopCatalog, DuckDB and PyIceberg's StaticTable read such folders.
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
import { parseMetadata, type PartitionField, type Schema, type SortOrder } from "./metadata.ts";
import { bytesOf, findMetadata, isThere, metadataOf, namesIn } from "./paths.ts";
import { emptyMetadata, Refused, type State, type TablePlace, type Update } from "./place.ts";
import { removeForgotten, successor } from "./successor.ts";

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
    const version = versionOf(path);
    if (version === undefined) {
      throw new LockstepError({
        code: "LS2015",
        message: `${this.name} is a table of a catalog, which would not learn of what is written here: its newest metadata file is ${path.slice(path.lastIndexOf("/") + 1)}`,
        fix: 'Write it through its catalog: writeIceberg("namespace.table", { catalog: { uri } }).',
      });
    }
    // Whose commit it is may have died before the hint.
    const hint = await bytesOf(this.#hint, this.#store).catch(() => undefined);
    if (hint === undefined || new TextDecoder().decode(hint).trim() !== String(version)) await this.#tell(version);
    const text = new TextDecoder().decode(await bytesOf(path, this.#store));
    return { metadata: parseMetadata(path, text), path, text, store: this.#store };
  }

  async begin(schema: Schema, spec: readonly PartitionField[], order: SortOrder, properties: Readonly<Record<string, string>>): Promise<State> {
    const stranger = (await this.#names()).find((name) => !["data", "metadata"].includes(name) && !name.startsWith("."));
    if (stranger !== undefined) {
      throw new LockstepError({ code: "LS2007", message: `${this.name} is not an Iceberg table: it holds "${stranger}"`, fix: "Choose another folder for the table." });
    }
    const text = JSON.stringify(emptyMetadata(this.name, schema, spec, order, properties, randomUUID()));
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

  async commit(from: State, update: Update): Promise<boolean> {
    const version = (from.path === undefined ? 0 : versionOf(from.path)!) + 1;
    const folder = metadataOf(this.name);
    await makeFolder(folder);
    const next = successor(from, update);
    if (!(await this.#take(`${folder}/v${version}.metadata.json`, Buffer.from(JSON.stringify(next)), from.path))) return false;
    await this.#tell(version);
    await removeForgotten(from, next);
    return true;
  }

  get #hint(): string {
    return `${metadataOf(this.name)}/version-hint.text`;
  }

  /** Our readers, which find an old one, look for what comes after it; others do not. */
  async #tell(version: number): Promise<void> {
    await replace(this.#hint, Buffer.from(String(version)), this.#store).catch(() => undefined);
  }

  /** Old metadata files may be removed, the oldest first: where that of `from` is gone, ours may have been taken and removed long ago, and newer ones say who has it. */
  async #take(path: string, bytes: Buffer, from: string | undefined): Promise<boolean> {
    try {
      return (await putIfAbsent(path, bytes, this.#store)) && (from === undefined || (await isThere(from, this.#store)));
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
