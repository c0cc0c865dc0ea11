import { Command } from "commander";
import { age } from "./arguments.ts";

/** `lockstep iceberg orphans s3://lake/orders --older-than 7d` */
export function icebergCommand(): Command {
  return new Command("iceberg").description("look after Iceberg tables").addCommand(
    new Command("orphans")
      .description("list the files of a table's folders that none of its snapshots names, and how large they are; nothing is removed")
      .argument("<table>", 'a folder; "namespace.table" with --catalog')
      .option("--catalog <uri>", "the REST catalog that has the table")
      .option("--older-than <age>", "files written before that, e.g. 12h: younger ones may belong to a write that has yet to commit", age, age("7d"))
      .action(async (table: string, { catalog, olderThan }: { catalog?: string; olderThan: number }) => {
        const { orphansOf } = await import("../connectors/iceberg/orphans.ts");
        const orphans = await orphansOf(table, catalog === undefined ? {} : { catalog: { uri: catalog } }, new Date(Date.now() - olderThan));
        const bytes = orphans.reduce((sum, { size }) => sum + size, 0);
        for (const { path } of orphans) process.stdout.write(`${path}\n`);
        process.stderr.write(`${orphans.length} file${orphans.length === 1 ? "" : "s"}, ${(bytes / 1e6).toFixed(1)} MB, that no snapshot names\n`);
      }),
  );
}
