import { fileURLToPath } from "node:url";
import { Command } from "commander";
import type { Reached } from "../connectors/iceberg/reached.ts";
import type { PlaceOptions } from "../connectors/iceberg/places.ts";
import type { CompactIcebergOptions } from "../connectors/iceberg/units.ts";
import { age, memorySize, wholeNumber } from "./arguments.ts";

/** `lockstep iceberg orphans s3://lake/orders --older-than 7d` */
export function icebergCommand(): Command {
  return new Command("iceberg").description("look after Iceberg tables").addCommand(compactCommand()).addCommand(expireCommand()).addCommand(orphansCommand());
}

function of(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .argument("<table>", 'a folder; "namespace.table" with --catalog')
    .option("--catalog <uri>", "the catalog that has the table: https://host/catalog, or postgres://host/database")
    .option("--catalog-name <name>", "what the catalog is called, in PostgreSQL and in the variables PYICEBERG_CATALOG__<NAME>__…, which may say where it is (default: default)");
}

interface Place {
  catalog?: string;
  catalogName?: string;
}

function placeOptions({ catalog: uri, catalogName: name }: Place): PlaceOptions {
  return uri === undefined && name === undefined ? {} : { catalog: { ...(uri !== undefined && { uri }), ...(name !== undefined && { name }) } };
}

interface CompactOptions extends Place {
  target?: number;
  minFiles?: number;
  deleteFiles?: number;
  ranks?: number;
  memory?: number;
  dryRun?: boolean;
}

function compactCommand(): Command {
  return of("compact", "write a table's files again where that makes fewer of them, of the size that is wanted, without deleted rows; no row changes")
    .option("--target <size>", "how large a file should be, e.g. 512MB (default: the table's write.target-file-size-bytes, else 512 MiB)", memorySize)
    .option("--min-files <count>", "files of a partition that are worth to be made one, though they are less than a file (default: 5)", wholeNumber)
    .option("--delete-files <count>", "also files that so many delete files concern, whatever their size", wholeNumber)
    .option("-n, --ranks <count>", "rank processes (default: as many as cores)", wholeNumber)
    .option("--memory <size>", "memory of a rank, e.g. 2GiB", memorySize)
    .option("--dry-run", "say which files would be written again, and write none")
    .action(async (table: string, { target, minFiles, deleteFiles, dryRun, ranks, memory, ...place }: CompactOptions) => {
      const options = { ...placeOptions(place), ...(target !== undefined && { fileBytes: target }), ...(minFiles !== undefined && { minFiles }), ...(deleteFiles !== undefined && { deleteFiles }) };
      if (dryRun) return sayUnits(table, options);
      const { superviseRun } = await import("../launch/supervise.ts");
      const program = fileURLToPath(new URL("../../programs/compact.mjs", import.meta.url));
      process.exitCode = await superviseRun(program, [table, JSON.stringify(options)], { ranks, memory, summary: false, progress: true });
    });
}

async function sayUnits(table: string, options: CompactIcebergOptions): Promise<void> {
  const [{ existing, wantedBytes }, { TableWrite }, { unitsOf }] = await Promise.all([import("../connectors/iceberg/compact.ts"), import("../connectors/iceberg/table-write.ts"), import("../connectors/iceberg/units.ts")]);
  const write = await TableWrite.open(table, options, "");
  const units = unitsOf(await existing(write), wantedBytes(write, options), options);
  if (units.length === 0) return void process.stderr.write(`${write.name}: no files to be made fewer\n`);
  for (const files of units) process.stdout.write(files.map(({ path }) => `${path}\n`).join("") + "\n");
  process.stderr.write(`${write.name}: ${plural(units.flat().length, "file")}, ${megabytes(units.flat())}, would become ${units.length} or more\n`);
}

function expireCommand(): Command {
  return of("expire", "remove old snapshots of a table, and the files that only they name; branches and tags stay, and what they name")
    .option("--older-than <age>", "snapshots made before that, e.g. 7d (default: the table's history.expire.max-snapshot-age-ms, else 5 days)", age)
    .option("--keep <count>", "of each branch so many stay, however old (default: the table's history.expire.min-snapshots-to-keep, else 1)", wholeNumber)
    .option("--dry-run", "say what would be removed, and remove nothing")
    .action(async (table: string, { olderThan, keep, dryRun = false, ...place }: Place & { olderThan?: number; keep?: number; dryRun?: boolean }) => {
      const { expireSnapshots } = await import("../connectors/iceberg/expire.ts");
      const { name, snapshots, kept, refs, files, left } = await expireSnapshots(table, placeOptions(place), { ...(olderThan !== undefined && { age: olderThan }), ...(keep !== undefined && { keep }) }, dryRun);
      if (dryRun) for (const path of files.keys()) process.stdout.write(`${path}\n`);
      process.stderr.write(`${name}: ${plural(snapshots, "snapshot")} ${dryRun ? "would expire" : "expired"}, ${kept} ${kept === 1 ? "stays" : "stay"}\n`);
      if (refs.length > 0) process.stderr.write(`  older than they may be: ${refs.join(", ")}\n`);
      if (files.size > 0) process.stderr.write(`  ${dryRun ? "would remove" : "removed"} ${counted(files)}\n`);
      if (left.length === 0) return;
      process.stderr.write(`  ${plural(left.length, "file")} could not be removed, the first is ${left[0]}: lockstep iceberg orphans lists them\n`);
      process.exitCode = 1;
    });
}

function orphansCommand(): Command {
  return of("orphans", "list the files of a table's folders that none of its snapshots names, and how large they are; nothing is removed")
    .option("--older-than <age>", "files written before that, e.g. 12h: younger ones may belong to a write that has yet to commit (default: 7d)", age)
    .action(async (table: string, { olderThan = age("7d"), ...place }: Place & { olderThan?: number }) => {
      const { orphansOf } = await import("../connectors/iceberg/orphans.ts");
      const orphans = await orphansOf(table, placeOptions(place), new Date(Date.now() - olderThan));
      for (const { path } of orphans) process.stdout.write(`${path}\n`);
      process.stderr.write(`${plural(orphans.length, "file")}, ${megabytes(orphans)}, that no snapshot names\n`);
    });
}

/** `3 data files, 2 manifests, 1 list of manifests, 1.2 MB` */
function counted(files: Reached): string {
  const names = { data: ["data file", "data files"], deletes: ["delete file", "delete files"], statistics: ["statistics file", "statistics files"], manifest: ["manifest", "manifests"], list: ["list of manifests", "lists of manifests"] } as const;
  const kinds = Object.entries(names).flatMap(([kind, [one, many]]) => {
    const count = [...files.values()].filter((file) => file.kind === kind).length;
    return count === 0 ? [] : [`${count} ${count === 1 ? one : many}`];
  });
  return [...kinds, megabytes([...files.values()])].join(", ");
}

const megabytes = (files: readonly { readonly size: number | undefined }[]): string => `${(files.reduce((sum, { size }) => sum + (size ?? 0), 0) / 1e6).toFixed(1)} MB`;

const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;
