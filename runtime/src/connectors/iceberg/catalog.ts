/**
 * Iceberg's REST catalogs: which metadata file is a table's now.
 *
 * What is secret comes from the environment alone, by the names that PyIceberg gave it: PYICEBERG_CATALOG__<NAME>__TOKEN, or
 * __CREDENTIAL ("client:secret", for a token of OAuth); requests are signed as AWS wants it where __REST__SIGV4_ENABLED is true.
 */
import { LockstepError } from "../../errors/index.ts";
import { secretJson } from "../secret-json.ts";
import { awsCredentials, awsProfile } from "../store/aws-credentials.ts";
import type { StoreOptions } from "../store/options.ts";
import { ask } from "../store/request.ts";
import type { Server } from "../store/server.ts";
import { addressOf, isSql, namesOf, variableName, variableOf } from "./catalog-names.ts";

/** A catalog that speaks Iceberg's REST protocol, or one in PostgreSQL. */
export interface CatalogOptions {
  /** Where it is: "https://host/catalog", "postgres://host/database"; without it what PYICEBERG_CATALOG__<NAME>__URI says. */
  readonly uri?: string;
  /** Which of its warehouses. */
  readonly warehouse?: string;
  /** <NAME> of the variables of the environment, and what the catalog is called in PostgreSQL; "default" if it is not given. */
  readonly name?: string;
}

export interface Loaded {
  /** As messages call it. */
  readonly name: string;
  /** Of its newest metadata file. */
  readonly path: string;
  /** How its store is reached, as far as the catalog says it. */
  readonly store: StoreOptions;
}

/** A table's place in a catalog that answers. */
export interface Connection {
  /** As messages call it. */
  readonly name: string;
  /** `prefix/namespaces/…/tables` */
  readonly tables: string;
  /** The table, within its namespace. */
  readonly table: string;
  /** A request below `/v1/`; asked again where that can help, unless it is `once`. */
  json(path: string, expected: readonly number[], sent?: { readonly body: string; readonly once: boolean }): Promise<CatalogAnswer>;
  /** How the store is reached, by what the catalog says of all tables and of this one. */
  store(config: Readonly<Record<string, string>> | undefined): StoreOptions;
}

export interface CatalogAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** LS2001 where the catalog has no such table; LS2020, LS2021 where it refuses or does not answer. */
export async function loadTable(table: string, options: CatalogOptions, store: StoreOptions): Promise<Loaded> {
  if (isSql(options)) return new (await import("./sql-place.ts")).SqlPlace(table, options, store).locate();
  const connection = await connect(table, options);
  const loaded = await findTable(connection);
  if (loaded) return loaded;
  throw new LockstepError({ code: "LS2001", message: `${connection.name}: the catalog has no such table` });
}

/** Undefined: the catalog has no such table. */
export async function findTable({ name, tables, table, json, store }: Connection): Promise<Loaded | undefined> {
  const { status, body } = await json(`${tables}/${table}`, [200, 404]);
  const path = body["metadata-location"];
  if (status === 404 || typeof path !== "string") return undefined;
  return { name, path, store: store(body.config as Record<string, string> | undefined) };
}

/** LS2016, LS2020, LS2021. */
export async function connect(table: string, options: CatalogOptions): Promise<Connection> {
  const { name = "default" } = options;
  const variable = (key: string): string | undefined => variableOf(name, key);
  const uri = addressOf(options)?.replace(/\/+$/, "");
  if (uri === undefined || !/^https?:\/\/[^@?]+$/.test(uri)) {
    const what = uri === undefined ? "no address" : "not a URL such as https://host/catalog without credentials";
    throw new LockstepError({ code: "LS2016", message: `the catalog of ${table} has ${what}`, fix: `Set ${variableName(name, "URI")}, or give catalog: { uri }.` });
  }
  const parts = namesOf(table);
  const warehouse = options.warehouse ?? variable("WAREHOUSE");
  const source = `${uri}: ${table}`;
  const server = serverOf(name);
  const authorized = await authorization(uri, variable, server);
  const json: Connection["json"] = async (path, expected, sent) => {
    const headers = { accept: "application/json", ...(sent && { "content-type": "application/json" }) };
    const make = (): Promise<Request> => authorized(new Request(`${uri}/v1/${path}`, { headers, ...(sent && { method: "POST", body: sent.body }) }));
    const { status, body } = await ask(source, make, expected, { again: sent?.once ? 0 : undefined, server });
    const text = new TextDecoder().decode(body);
    const said = text === "" ? {} : secretJson(text);
    if (said) return { status, body: said };
    throw new LockstepError({ code: "LS2021", message: `${source}: the catalog's answer is no JSON`, fix: server.fixes.LS2021 });
  };
  const config = (await json(`config${warehouse === undefined ? "" : `?warehouse=${encodeURIComponent(warehouse)}`}`, [200])).body;
  const said = { ...(config.defaults as Record<string, string> | undefined), ...(config.overrides as Record<string, string> | undefined) };
  const prefix = said.prefix === undefined ? "" : `${said.prefix}/`;
  const namespace = parts.slice(0, -1).map(encodeURIComponent).join("%1F");
  const store: Connection["store"] = (more) => storeOf({ ...said, ...more });
  return { name: source, tables: `${prefix}namespaces/${namespace}/tables`, table: encodeURIComponent(parts.at(-1)!), json, store };
}

/** Credentials that a catalog lends are not taken: the ranks have those of the environment. */
function storeOf(config: Readonly<Record<string, string | undefined>>): StoreOptions {
  const { "s3.endpoint": endpoint, "s3.region": s3Region, "client.region": region = s3Region, "s3.path-style-access": pathStyle } = config;
  return { ...(endpoint !== undefined && { endpoint }), ...(region !== undefined && { region }), ...(pathStyle !== undefined && { pathStyle: pathStyle === "true" }) };
}

/** As errors speak of the catalog of a name. */
function serverOf(name: string): Server {
  const variable = (key: string): string => variableName(name, key);
  return {
    name: "the catalog",
    fixes: {
      LS2001: "Check the names of the table and its namespace, and which catalog it is.",
      LS2020: `Set ${variable("TOKEN")} (one that has expired, anew), ${variable("CREDENTIAL")}, or ${variable("REST__SIGV4_ENABLED")}=true with AWS's credentials.`,
      LS2021: `Check the address (${variable("URI")}, or catalog: { uri }) and the network; then start the job again.`,
    },
  };
}

/** What a request gets before it is sent. */
async function authorization(uri: string, variable: (key: string) => string | undefined, of: Server): Promise<(request: Request) => Promise<Request>> {
  if (variable("REST__SIGV4_ENABLED") === "true") {
    const { AwsClient } = await import("aws4fetch");
    const profile = await awsProfile();
    const credentials = await awsCredentials(uri, profile, uri.startsWith("http:"));
    if (!credentials) throw new LockstepError({ code: "LS2020", message: `${uri}: the environment has no credentials`, fix: of.fixes.LS2020 });
    const region = variable("REST__SIGNING_REGION") ?? (process.env.AWS_REGION || profile.region || "us-east-1");
    const signer = new AwsClient({ ...credentials, service: variable("REST__SIGNING_NAME") ?? "execute-api", region, retries: 0 });
    return (request) => signer.sign(request);
  }
  const token = variable("TOKEN") ?? (await exchanged(uri, variable, of));
  return async (request) => {
    if (token !== undefined) request.headers.set("authorization", `Bearer ${token}`);
    return request;
  };
}

/** A token for the client's secret, where there is one. */
async function exchanged(uri: string, variable: (key: string) => string | undefined, of: Server): Promise<string | undefined> {
  const credential = variable("CREDENTIAL");
  if (credential === undefined) return undefined;
  const colon = credential.indexOf(":");
  const client = colon < 0 ? {} : { client_id: credential.slice(0, colon) };
  const body = new URLSearchParams({ grant_type: "client_credentials", ...client, client_secret: credential.slice(colon + 1), scope: variable("SCOPE") ?? "catalog" });
  const server = variable("OAUTH2_SERVER_URI") ?? `${uri}/v1/oauth/tokens`;
  const answer = await ask(`${uri}: the token`, async () => new Request(server, { method: "POST", body }), [200], { server: of });
  const token = secretJson(new TextDecoder().decode(answer.body))?.access_token;
  if (typeof token === "string") return token;
  throw new LockstepError({ code: "LS2020", message: `${uri}: the server of tokens gives none`, fix: of.fixes.LS2020 });
}
