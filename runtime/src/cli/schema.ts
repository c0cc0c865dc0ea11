import { Command } from "commander";
import type { CatalogOptions } from "../connectors/iceberg/catalog.ts";
import type { StoreOptions } from "../connectors/store/options.ts";
import { LockstepError } from "../errors/index.ts";

/** What `pull` is told, of every connector once. */
const examples = [
  ["Parquet, Arrow IPC, CSV, JSON Lines", "data/trips, 'data/trips/*.csv' --delimiter ';' --nulls NA"],
  ["in an object store", "s3://lake/trips --region eu-central-1; https://host/trips.parquet"],
  ["Iceberg", "s3://lake/orders; sales.orders --catalog https://host/catalog --warehouse main"],
  ["  a catalog in PostgreSQL", "sales.orders --catalog postgres://host/database --catalog-name lake"],
  ["PostgreSQL", "postgres://host/database sales.orders"],
  ["Snowflake", "snowflake://myorg-myaccount sales.public.orders"],
  ["Arrow Flight SQL", "grpc+tls://host:31337 sales.orders"],
  ["ADBC", "adbc:sqlite trips"],
  ["a source of the program", `src/tickets.ts#tickets --options '{ "url": "https://host" }'`],
] as const;

interface Pulled {
  readonly out?: string;
  readonly name?: string;
  readonly catalog?: string;
  readonly catalogName?: string;
  readonly warehouse?: string;
  readonly endpoint?: string;
  readonly region?: string;
  readonly pathStyle?: boolean;
  readonly anonymous?: boolean;
  readonly delimiter?: string;
  readonly header: boolean;
  readonly nulls?: string[];
  readonly options?: unknown;
}

/** `lockstep schema pull trips/`, `lockstep schema check` */
export function schemaCommand(): Command {
  return new Command("schema").description("write down the columns of a source as TypeScript, or say what has changed there since").addCommand(pullCommand()).addCommand(checkCommand());
}

function pullCommand(): Command {
  return new Command("pull")
    .description("write <name>.schema.ts with an interface of the columns of files, of a table of Iceberg or of a database, or of a source that the program brings itself")
    .argument("<path>", "a file, a folder or a glob, here or in an object store; a database's URL (postgres://, snowflake://, grpc:// where the environment says it) or adbc:driver; of a catalog namespace.table; a module and the source that it exports")
    .argument("[table]", "of a database: schema.table, a view, or a query")
    .option("-o, --out <file>", "the file to write (default: named as the source, in this folder)")
    .option("--name <interface>", "the interface's name (default: as the file)")
    .option("--catalog <uri>", "of Iceberg the catalog that has the table: https://host/catalog, or postgres://host/database")
    .option("--catalog-name <name>", "what the catalog is called, in PostgreSQL and in the variables PYICEBERG_CATALOG__<NAME>__…, which may say where it is (default: default)")
    .option("--warehouse <name>", "which of the catalog's warehouses")
    .option("--endpoint <url>", "another server than the cloud's own, of an object store")
    .option("--region <name>", "the region of its bucket")
    .option("--path-style", "the bucket stands in the path of its URLs")
    .option("--no-path-style", "the bucket stands in the host's name")
    .option("--anonymous", "its requests are not signed")
    .option("--delimiter <character>", "what separates the fields of a CSV file (default: a comma)")
    .option("--no-header", "a CSV file has no names in its first line")
    .option("--nulls <texts...>", 'texts of cells of a CSV file that are null, e.g. --nulls NA "" (default: the empty one without quotes)')
    .option("--options <json>", "what a source of the program is given", json)
    .addHelpText("after", `\nExamples:\n${examples.map(([what, said]) => `  ${what.padEnd(36)}  ${said}`).join("\n")}`)
    .action(async (path: string, table: string | undefined, { catalog: uri, catalogName, warehouse, endpoint, region, pathStyle, anonymous, header, ...options }: Pulled) => {
      const { pull } = await import("../observe/schemas.ts");
      const catalog: CatalogOptions = { ...(uri !== undefined && { uri }), ...(catalogName !== undefined && { name: catalogName }), ...(warehouse !== undefined && { warehouse }) };
      const store: StoreOptions = { ...(endpoint !== undefined && { endpoint }), ...(region !== undefined && { region }), ...(pathStyle !== undefined && { pathStyle }), ...(anonymous && { anonymous }) };
      const said = { ...(isSaid(catalog) && { catalog }), ...(isSaid(store) && { store }), ...(!header && { header }), ...(table !== undefined && { table }) };
      process.stdout.write(`${await pull(path, { ...options, ...said })}\n`);
    });
}

const isSaid = (options: object): boolean => Object.keys(options).length > 0;

function checkCommand(): Command {
  return new Command("check")
    .description("compare snapshots with the data; a difference is exit code 1")
    .argument("[files...]", "snapshots (default: every *.schema.ts below this folder)")
    .addHelpText("after", "\nOf a source of a program its module is loaded, as by pull; one outside of this folder only where the snapshot is named.")
    .action(async (files: string[]) => {
      const { check } = await import("../observe/schemas.ts");
      const { lines, same } = await check(files);
      process.stdout.write(`${lines.join("\n")}\n`);
      if (!same) process.exitCode = 1;
    });
}

function json(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Not commander's error, which prints the text.
    throw new LockstepError({ code: "LS2016", message: "--options: what a source of the program is given is no JSON", fix: `--options '{ "url": "https://host" }'` });
  }
}
