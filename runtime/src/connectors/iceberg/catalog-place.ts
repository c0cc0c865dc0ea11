/** A table in a REST catalog: the catalog takes a snapshot if the table's newest is still its parent, and a new table if there is none. */
import { LockstepError } from "../../errors/index.ts";
import type { StoreOptions } from "../store/options.ts";
import { connect, findTable, type CatalogAnswer, type CatalogOptions, type Connection } from "./catalog.ts";
import { currentSnapshot, parseMetadata, type PartitionField, type Schema, type SortOrder } from "./metadata.ts";
import { bytesOf, openable } from "./paths.ts";
import { idJson, parseExactly, Refused, snapshotJson, type State, type TablePlace, type Update } from "./place.ts";

/** What a catalog says no with, and has done nothing. */
const refusals = [400, 401, 403, 404, 406, 419, 422];

export class CatalogPlace implements TablePlace {
  readonly name: string;
  readonly #connect: () => Promise<Connection>;
  #connection: Connection;
  readonly #store: StoreOptions;

  static async of(table: string, catalog: CatalogOptions, store: StoreOptions): Promise<CatalogPlace> {
    const again = (): Promise<Connection> => connect(table, catalog);
    return new CatalogPlace(await again(), again, store);
  }

  private constructor(connection: Connection, again: () => Promise<Connection>, store: StoreOptions) {
    this.name = connection.name;
    this.#connection = connection;
    this.#connect = again;
    this.#store = store;
  }

  async load(): Promise<State | undefined> {
    const found = await findTable(this.#connection).catch(async (error: unknown) => {
      if (!(error instanceof LockstepError && error.code === "LS2020")) throw error;
      // The token has aged while the rows were computed.
      this.#connection = await this.#connect();
      return findTable(this.#connection);
    });
    if (!found) return undefined;
    const store = { ...found.store, ...this.#store };
    const text = new TextDecoder().decode(await bytesOf(openable(found.path), store));
    return { metadata: parseMetadata(found.path, text), path: found.path, text, store };
  }

  /** The catalog says where its files would be. LS2001 where it has no such namespace. */
  async begin(schema: Schema, spec: readonly PartitionField[], order: SortOrder, properties: Readonly<Record<string, string>>): Promise<State> {
    const { tables, table, json, store } = this.#connection;
    const asked = { name: decodeURIComponent(table), schema, "partition-spec": { "spec-id": 0, fields: spec }, "write-order": order, "stage-create": true, properties };
    const answer = await json(tables, [200, 404, 409, ...refusals], { body: JSON.stringify(asked), once: false });
    if (answer.status === 404) {
      const namespace = decodeURIComponent(tables.replace(/^.*namespaces\/|\/tables$/g, "")).replaceAll("\u001f", ".");
      throw new LockstepError({ code: "LS2001", message: `${this.name}: the catalog has no namespace "${namespace}"`, fix: "Make the namespace in the catalog first." });
    }
    if (answer.status !== 200) throw this.#refused(answer);
    const text = JSON.stringify(answer.body.metadata);
    return { metadata: parseMetadata(this.name, text), path: undefined, text, store: { ...store(answer.body.config as Record<string, string> | undefined), ...this.#store } };
  }

  async commit(from: State, { snapshot, removed }: Update): Promise<boolean> {
    const isNew = from.path === undefined;
    const uuid = { type: "assert-table-uuid", uuid: from.metadata["table-uuid"] };
    const requirements = isNew ? [{ type: "assert-create" }] : [uuid, ...(removed ? Object.entries(from.metadata.refs ?? {}).map(asserted) : [asserted(["main", currentSnapshot(from.metadata)])])];
    const updates = [
      ...(isNew ? making(from) : []),
      ...(snapshot
        ? [
            { action: "add-snapshot", snapshot: snapshotJson(snapshot) },
            { action: "set-snapshot-ref", "ref-name": "main", type: "branch", "snapshot-id": idJson(snapshot["snapshot-id"]) },
          ]
        : []),
      ...(removed?.refs ?? []).map((name) => ({ action: "remove-snapshot-ref", "ref-name": name })),
      ...(removed ? [{ action: "remove-snapshots", "snapshot-ids": removed.snapshots.map(idJson) }] : []),
    ];
    const sent = { body: JSON.stringify({ requirements, updates }), once: true };
    const ask = ({ tables, table, json }: Connection): Promise<CatalogAnswer> => json(`${tables}/${table}`, [200, 204, 409, ...refusals], sent);
    let answer = await ask(this.#connection);
    if (answer.status === 401 || answer.status === 419) {
      this.#connection = await this.#connect().catch((error: LockstepError) => {
        throw new Refused(error.toJSON());
      });
      answer = await ask(this.#connection);
    }
    if (answer.status === 409) return false;
    if (answer.status < 300) return true;
    throw this.#refused(answer);
  }

  #refused({ status, body }: CatalogAnswer): LockstepError {
    const said = (body.error as { message?: unknown } | undefined)?.message;
    const message = `${this.name}: the catalog refuses it (${status}${typeof said === "string" ? `: ${said}` : ""})`;
    return new Refused({ code: status === 401 || status === 403 || status === 419 ? "LS2020" : "LS2008", message, fix: "Check what the catalog allows for this table." });
  }
}

/** That a branch or a tag is where it was. */
const asserted = ([ref, at]: [string, { readonly "snapshot-id": string } | undefined]): object => ({ type: "assert-ref-snapshot-id", ref, "snapshot-id": at ? idJson(at["snapshot-id"]) : null });

/** What makes the new table that the catalog has described. */
function making({ text }: State): object[] {
  const metadata = parseExactly(text) as Record<string, never> & { schemas: object[]; "partition-specs": object[]; "sort-orders": SortOrder[] };
  return [
    { action: "assign-uuid", uuid: metadata["table-uuid"] },
    { action: "upgrade-format-version", "format-version": metadata["format-version"] },
    { action: "add-schema", schema: metadata.schemas[0], "last-column-id": metadata["last-column-id"] },
    { action: "set-current-schema", "schema-id": -1 },
    { action: "add-spec", spec: metadata["partition-specs"][0] },
    { action: "set-default-spec", "spec-id": -1 },
    { action: "add-sort-order", "sort-order": metadata["sort-orders"].find((one) => one["order-id"] === metadata["default-sort-order-id"]) },
    { action: "set-default-sort-order", "sort-order-id": -1 },
    { action: "set-location", location: metadata.location },
    { action: "set-properties", updates: metadata.properties },
  ];
}
