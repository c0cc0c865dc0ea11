import { Command } from "commander";

/** `lockstep schema pull trips/`, `lockstep schema check` */
export function schemaCommand(): Command {
  return new Command("schema")
    .description("write down the columns of a source as TypeScript, or say what has changed there since")
    .addCommand(
      new Command("pull")
        .description("write <name>.schema.ts with an interface of the columns of Parquet, Arrow IPC, CSV or JSON Lines files, of an Iceberg table, or of a table of PostgreSQL, Snowflake, over Arrow Flight SQL, or of what a driver of ADBC reads")
        .argument("<path>", "a file, a folder or a glob; postgres://host/database, snowflake://account or grpc+tls://host:port, adbc:driver (postgres://, snowflake://, grpc:// where the environment says it)")
        .argument("[table]", "of a database: schema.table, a view, or a query")
        .option("-o, --out <file>", "the file to write (default: named as the source, in this folder)")
        .option("--name <interface>", "the interface's name (default: as the file)")
        .option("--delimiter <character>", "what separates the fields of a CSV file (default: a comma)")
        .option("--nulls <texts...>", 'texts of cells of a CSV file that are null, e.g. --nulls NA "" (default: the empty one without quotes)')
        .action(async (path: string, table: string | undefined, options: { out?: string; name?: string; delimiter?: string; nulls?: string[] }) => {
          const { pull } = await import("../observe/schemas.ts");
          process.stdout.write(`${await pull(path, { ...options, ...(table !== undefined && { table }) })}\n`);
        }),
    )
    .addCommand(
      new Command("check")
        .description("compare snapshots with the data; a difference is exit code 1")
        .argument("[files...]", "snapshots (default: every *.schema.ts below this folder)")
        .action(async (files: string[]) => {
          const { check } = await import("../observe/schemas.ts");
          const { lines, same } = await check(files);
          process.stdout.write(`${lines.join("\n")}\n`);
          if (!same) process.exitCode = 1;
        }),
    );
}
