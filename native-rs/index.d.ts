/** What one rank is told when its engine starts. */
export interface EngineOptions {
  rank: number;
  /** Number of ranks; 1 needs no transport. */
  size: number;
  /** Names the meeting place of ranks of one machine; the same on all of them. */
  job: string;
  /** Where an MPI launcher started the ranks, which meet over MPI then: how many of them share this machine. */
  localRanks?: number;
  /** Worker threads, each with a partition of every distributed table. */
  threads: number;
  /** Bytes; 0: no limit. */
  memoryLimit: number;
  /** Empty: the system's directory for temporary files. */
  spillDirectory: string;
  /** Profiles say when each operator worked. */
  trace?: boolean;
  /** Rows that are read of inputs of files that have more. */
  sample?: number;
  /** Names of optimisations to do without; equal on all ranks. LS2015 for a name that there is not. */
  without?: string[];
  /** Executions adapt to the rows that they see however small tables are: for tests. */
  always?: boolean;
  /** Plans are chosen as for so many ranks. Equal on all ranks. */
  plannedFor?: number;
  /** Collectives are recorded. */
  record?: boolean;
}

/** What left a plan through a sink. */
export interface SinkOutput {
  /** Rows of the whole table. */
  rows?: number;
  /** A collect's rows as an Arrow IPC stream, where they were asked for. */
  ipc?: Buffer;
  /** Part files of all ranks, in table order if the write was ordered; of an Iceberg table each as JSON. */
  files?: string[];
}

/** The answer of an execution: one output a sink, and the profile as JSON. */
export interface Execution {
  sinks: SinkOutput[];
  profile: string;
}

/**
 * Runs script `id` over a batch (an Arrow IPC stream) and gives its values of type `result` as a stream of one column, or
 * what the function threw as JSON, `{ message, row }`. It throws nothing.
 */
export type Scripts = (id: number, batch: Buffer, result: string) => Buffer | string;

/**
 * The engine of one rank. All ranks call the same methods in the same order with equal arguments; methods that return a
 * promise are collective. Errors have as message the JSON `{ code, message, site?, rank?, detail? }`.
 */
export declare class Engine {
  private constructor();
  /** Joins the other ranks; LS2011 if they do not come. */
  static create(options: EngineOptions): Promise<Engine>;
  /** `{ paths, declared, types, site }` → `{ dataset, files, rows, bytes, schema: [{ name, type, nullable }] }`. */
  openParquet(json: string): Promise<string>;
  /** `{ paths, declared, types, site }` → as `openParquet`. */
  openArrow(json: string): Promise<string>;
  /** `{ paths, declared, types, delimiter, header, site }` → as `openParquet`. */
  openCsv(json: string): Promise<string>;
  /** `{ paths, declared, types: [[name, type]], whole, site }` → as `openParquet`; `whole`: the schema has to name all columns. */
  openJsonLines(json: string): Promise<string>;
  /** Collective. `{ table, columns, files, deletes, declared, site }` → as `openParquet`; `rows` is null where some may be deleted. */
  openIceberg(json: string): Promise<string>;
  /** This rank alone. As `openIceberg`, with a filter → the numbers of the files that it can match. */
  pruneIceberg(json: string): number[];
  /** `{ table, url?, declared, types, partitionBy?, connections?, site }` → as `openParquet`; rows and bytes are estimates. */
  openPostgres(json: string): Promise<string>;
  /** `{ table, url?, columns, declared, types, filter?, connections?, site }` → as `openParquet`; rows may be null. */
  openFlightSql(json: string): Promise<string>;
  /** Collective. `{ name, statement, driver, options, declared, types, connections?, site }`, of which each rank has the options of its own environment → as `openParquet`; rows are null; `whole`: the first rank alone reads. */
  openAdbc(json: string): Promise<string>;
  /** Collective. `{ name, table, found, columns, declared, types, filter?, limit?, connections?, statement, came, first, rows, chunks, headers, site }` of rank 0, which has asked, `{ site }` of the others; `{ failed, site }`: why it was told nothing → as `openParquet`. */
  openSnowflake(json: string): Promise<string>;
  /** This rank alone. As `openSnowflake`, without what is known when it has been sent → the statement to send. */
  snowflakeStatement(json: string): string;
  /** A literal table as an Arrow IPC stream, equal on all ranks; its dataset number. */
  registerTable(ipc: Uint8Array): Promise<number>;
  /** This rank alone, in the same order on all: a dataset of rows that each rank hands over, of the columns of an Arrow IPC stream; its number. */
  beginRows(ipc: Uint8Array): number;
  /** This rank alone: more rows, an Arrow IPC stream, for the `part`th of its threads; `place`, of the first of them, orders all. */
  addRows(id: number, part: number, place: number, ipc: Uint8Array): Promise<void>;
  /** This rank alone, in the same order on all: so many rows have come on all ranks together. */
  endRows(id: number, rows: number): void;
  /** Runs a plan (JSON of `Plan`), its scripts by `scripts`; a failure on any rank is the same error on every rank. */
  execute(plan: string, scripts?: Scripts): Promise<Execution>;
  /** The distributed physical plan, one tree a stage; `ranks`: as it would be on so many. */
  explain(plan: string, ranks?: number): Promise<string>;
  /** What a plan is on so many ranks, of which `local` share a machine: JSON of what `exec/src/model.rs` says. This rank alone. */
  model(plan: string, ranks: number, local: number): Promise<string>;
  /** The collectives that this rank has been through, where they are recorded: JSON of a list of `{ collective, kind, site, parts: [bytes] }`. */
  collectives(): string;
  /** The columns that a plan's first sink sees: JSON of `[{ name, type }]`. */
  schemaOf(plan: string): Promise<string>;
  /** Rows read by this rank's scans, rows they are to read, and the same in bytes of the input files. Cheap, at any time. */
  progress(): number[];
  /** Requests that this rank has made to object stores, and the bytes of them both ways. */
  storeTraffic(): number[];
  /** This rank alone. Its rows of a kept table that was dealt in steps, in table order. */
  rankRows(spool: number): Promise<RankRows>;
  /** Frees a kept table. */
  releaseSpool(id: number): void;
  /** Forgets an opened dataset or a registered table. */
  closeDataset(id: number): void;
  /** The root's bytes on every rank; the others pass null. `site`, here and below: where the program has it; ranks that are at different ones have diverged (LS2012). */
  broadcast(bytes: Uint8Array | null, root: number, site?: string): Promise<Buffer>;
  /** Every rank's bytes in rank order. */
  allgather(bytes: Uint8Array, site?: string): Promise<Buffer[]>;
  /** `parts[rank]` is for that rank, null: nothing; what the ranks had for this one, in rank order. */
  alltoall(parts: (Uint8Array | null)[], site?: string): Promise<(Buffer | null)[]>;
  /** Resolves when all ranks are here. */
  barrier(site?: string): Promise<void>;
  /** Tells the other ranks: every operation of the current call, pending or later, rejects with this error (JSON). */
  fail(error: string): void;
  /** End of a call: leaves a failed state behind; every rank's outcome in rank order. LS2011 only. */
  settle(outcome: Uint8Array): Promise<Buffer[]>;
  /** Leaves the ranks; nothing works afterwards. */
  close(): Promise<void>;
  /** As `close`, in the last moment of a process that ends with `code`; where the others do not leave, it ends them. */
  leave(code: number): void;
}

/** The rows of a kept table that lie on this rank. */
export declare class RankRows {
  private constructor();
  /** The next rows, so many or those that are left, as an Arrow IPC stream. This rank alone. */
  next(rows: number): Promise<Buffer>;
  /** Frees what is left of them, memory and disk. */
  close(): void;
}

/**
 * What collectives take on so many ranks, without any rank: `{ ranks, local, group?, collectives: [{ collective, parts, times? }] }`, with
 * `parts` a number of bytes or one by rank, → `{ groups, groupRanks, messages: [by rank], bytes: [by rank], held }`.
 */
export declare function schedule(request: string): string;

/** An MPI library: a file or a name for the system's loader, its binary interface, what it says of itself. */
export interface MpiLibrary {
  path: string;
  interface: string;
  version: string;
}

/** Opens the MPI library that a job would use here. LS2015 says what was tried. */
export declare function mpiLibrary(): MpiLibrary;
/** Ends all ranks that the launcher started, this one too; starts MPI for that if need be. Returns where MPI cannot do it. */
export declare function mpiAbort(code: number): void;
/** Lets a descriptor that the launcher gave this process survive an exec, which Node would close. */
export declare function inheritDescriptor(descriptor: number): void;

/** What becomes of an output that is there. */
export type WriteMode = "create" | "overwrite" | "append" | "overwrite-partitions";

/**
 * Makes a place for the parts: of a local path a hidden sibling. Null: this job has committed the output before. `options`:
 * `{ store, identity, single }`. LS2007: `path` exists; LS2008: it cannot be written.
 */
export declare function prepareOutput(path: string, mode: WriteMode, attempt: string, options: string): Promise<string | null>;
/** Makes the staged parts visible as `path`, in one step; may be repeated. */
export declare function commitOutput(staging: string, path: string, mode: WriteMode, options: string): Promise<void>;
/** Makes one file, `name`, of the parts in a staging folder. */
export declare function joinParts(staging: string, name: string): Promise<void>;
/** Removes the staging place with all it holds. */
export declare function abortOutput(staging: string, options: string): Promise<void>;

/** For plain Node: the rows of a query by a driver of ADBC, a stream of Arrow IPC a part of the result; `onlyColumns`: one without rows. `{ name, statement, driver, options }`. */
export declare function readAdbc(json: string, onlyColumns: boolean): Promise<Buffer[]>;

/** A session with PostgreSQL, in which what ranks write there is made and committed. */
export declare class PostgresSession {
  /** `url`: where the database is; what it leaves out, and the password, the environment says. LS2001, LS2015, LS2020, LS2021. */
  static open(url?: string): Promise<PostgresSession>;
  /** The rows of a statement about `table`, as messages name it, as texts. */
  ask(table: string, sql: string): Promise<(string | null)[][]>;
  end(): Promise<void>;
}
