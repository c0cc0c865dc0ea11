/**
 * Writes to Snowflake: every rank brings its own files to the stage, with the credentials that rank 0's session is told.
 *
 *     rank 0  ─ PUT ─► where the stage is ─ Bcast ─► rank i ─► its files ─ Allgather: what is left ─► again, with new credentials, while some is
 */
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { deserialize, serialize } from "node:v8";
import type { DatabaseWriteOptions } from "../connectors/database/write.ts";
import { FILE_BYTES, type SnowflakeStaging, SnowflakeWrite } from "../connectors/snowflake/commit.ts";
import { bringFiles } from "../connectors/snowflake/stage.ts";
import type { Place } from "../connectors/snowflake/place.ts";
import { findTarget } from "../connectors/snowflake/target.ts";
import { checkWriteSnowflake, isOpen, type WriteSnowflakeOptions } from "../connectors/snowflake/write.ts";
import { LockstepError, partsOf, thrownOf, type Thrown } from "../errors/index.ts";
import { markAgreed, onEveryRank } from "./checked.ts";
import { currentCall, type CallContext } from "./context.ts";
import { type Database, type DatabaseOutput, refuseWritten, writeDatabase } from "./database-outputs.ts";
import { execute } from "./execute.ts";
import type { TableNode } from "./plan.ts";
import { onFirst } from "./table-outputs.ts";

/** A file that a rank has written, on its own disk. */
interface RankFile {
  readonly rank: number;
  readonly path: string;
}

/** Collective. */
export function writeSnowflake(input: TableNode, table: string, options: WriteSnowflakeOptions<Record<string, unknown>> = {}, site: string): Promise<void> {
  const call = currentCall();
  return call.inOrder(async () => {
    onEveryRank(() => checkWriteSnowflake(table, options, site));
    // The environment that says where it is is rank 0's.
    const { name, key } = await onFirst(call, site, async () => {
      const { name, url, parameters } = findTarget(options);
      return { name, key: JSON.stringify([url, parameters.roleName]) };
    });
    const database: Database<SnowflakeStaging> = {
      name, key: `snowflake ${key}`,
      open: async (identity) => SnowflakeWrite.open(findTarget(options), identity),
      bring: async (_, input, staging, output) => bring(call, input, staging, output, options, site),
    };
    await writeDatabase(database, input, table, options as DatabaseWriteOptions, site);
  });
}

/** Collective. LS2015: what this call writes is there when it has returned. */
export async function refuseRead(call: CallContext, read: string, place: Place, site: string): Promise<void> {
  await onFirst(call, site, async () => {
    refuseWritten(call, read, findTarget(place).name);
    return null;
  });
}

/** How a rank's round has ended. */
type Ended = { readonly left: number; readonly refused?: Thrown } | { readonly failure: Thrown };

/** Collective. The number of rows. */
async function bring(call: CallContext, input: TableNode, staging: SnowflakeStaging, output: DatabaseOutput<SnowflakeStaging>, options: Place, site: string): Promise<number> {
  const { path, staging: stage, columns } = staging;
  const folder = `lockstep-${stage.slice(stage.lastIndexOf(".") + 1).toLowerCase()}`;
  const written = columns.map(({ name, type }, at) => ({ name, id: at + 1, type, required: false, parts: [] }));
  const [sink] = await execute(call, [{ input, build: (id) => ({ op: "writeSnowflake", input: id, path, folder, columns: written, fileBytes: FILE_BYTES, site }) }]);
  const own = sink!.files!.map((file) => JSON.parse(file) as RankFile).filter(({ rank }) => rank === call.world.rank).map((file) => file.path);
  try {
    for (let [files, before] = [own as readonly string[], Infinity]; ; ) {
      const { info, open } = await onFirst(call, site, async () => ({ info: await (await (output.write as Promise<SnowflakeWrite>)).credentials(staging), open: isOpen(findTarget(options)) }));
      const round = bringFiles(path, files, info, open);
      const all = await everywhere(call, site, round.then(({ left, refused }): Ended => ({ left: left.length, ...(refused && { refused: partsOf(refused) }) }), (error: unknown): Ended => ({ failure: partsOf(error) })));
      const ended = all.map((one) => ("failure" in one ? raise(site, one.failure) : one));
      const left = ended.reduce((sum, one) => sum + one.left, 0);
      if (left === 0) return sink!.rows!;
      // New credentials have let nobody in either.
      if (left === before) raise(site, ended.find(({ refused }) => refused)!.refused!);
      [files, before] = [(await round).left, left];
    }
  } finally {
    if (own.length > 0) await rm(dirname(own[0]!), { recursive: true, force: true });
  }
}

/** Every rank's, on every rank. */
async function everywhere(call: CallContext, site: string, own: Promise<Ended>): Promise<Ended[]> {
  const mine = await own;
  return call.world.size > 1 ? (await call.collective((engine) => engine.allgather(serialize(mine), site))).map((bytes) => deserialize(bytes) as Ended) : [mine];
}

/** Every rank has it. */
function raise(site: string, thrown: Thrown): never {
  const error = thrownOf(thrown);
  throw markAgreed(error instanceof LockstepError && error.site === undefined ? new LockstepError({ ...error.toJSON(), site, cause: error }) : error);
}
