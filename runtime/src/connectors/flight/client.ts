/** A connection to a server of Flight, by grpc-js; ranks have one of their own (`connectors/src/flight/client.rs`). */
import { existsSync, readFileSync } from "node:fs";
import { isIP } from "node:net";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import type { Client as GrpcClient, ClientDuplexStream, ClientReadableStream, Metadata, ServiceClientConstructor, ServiceError } from "@grpc/grpc-js";
import { LockstepError } from "../../errors/index.ts";
import { failed } from "./errors.ts";
import { protocol } from "./protocol.ts";
import { loginOf, silenceOf, variableOf, type Target } from "./target.ts";

export interface FlightInfo {
  readonly schema: Uint8Array;
  readonly endpoint: readonly { readonly ticket: { readonly ticket: Uint8Array } | null; readonly location: readonly { readonly uri: string }[] }[];
}

export interface FlightData {
  readonly data_header: Uint8Array;
  readonly data_body: Uint8Array;
}

export interface Client {
  readonly target: Target;
  /** Where the rows of a query are; `source`: as messages name it. */
  ask(source: string, sql: string): Promise<FlightInfo>;
  /** The rows of a ticket; `part`: as messages name it. */
  get(part: string, ticket: Uint8Array): AsyncIterable<FlightData>;
  close(): void;
}

interface FlightService extends GrpcClient {
  Handshake(metadata: Metadata): ClientDuplexStream<object, object>;
  GetFlightInfo(descriptor: object, metadata: Metadata, answer: (error: ServiceError | null, info: FlightInfo) => void): void;
  DoGet(ticket: object, metadata: Metadata): ClientReadableStream<FlightData>;
}

type Grpc = typeof import("@grpc/grpc-js");
interface Message {
  readonly serialize: (value: object) => Buffer;
}

/** grpc-js is loaded where a program reads over Flight. */
async function loadFlight(): Promise<{ grpc: Grpc; Flight: ServiceClientConstructor; query: (sql: string) => object }> {
  const [grpc, { fromJSON }] = await Promise.all([import("@grpc/grpc-js"), import("@grpc/proto-loader")]);
  const definition = fromJSON(protocol as Parameters<typeof fromJSON>[0], { keepCase: true, longs: Number, defaults: true });
  const { arrow } = grpc.loadPackageDefinition(definition) as unknown as { arrow: { flight: { protocol: { FlightService: ServiceClientConstructor } } } };
  const encoded = (name: string, value: object): Buffer => (definition[`arrow.flight.protocol.${name}`] as unknown as Message).serialize(value);
  const query = (sql: string): object => {
    const value = encoded("CommandStatementQuery", { query: sql });
    return { type: 2, cmd: encoded("Any", { type_url: "type.googleapis.com/arrow.flight.protocol.sql.CommandStatementQuery", value }) };
  };
  return { grpc, Flight: arrow.flight.protocol.FlightService, query };
}

/** LS2015, LS2020, LS2021. */
export async function openClient(target: Target): Promise<Client> {
  const { grpc, Flight, query } = await loadFlight();
  const login = loginOf();
  const address = target.encrypted ? addressOf(target) : undefined;
  const credentials = target.encrypted ? grpc.credentials.createSsl(certificates(), null, null, address?.verified) : grpc.credentials.createInsecure();
  const service = new Flight(target.authority, credentials, { ...address?.named, "grpc.max_receive_message_length": -1, "grpc.keepalive_time_ms": silenceOf(), "grpc.keepalive_timeout_ms": Math.min(20_000, silenceOf()), "grpc.enable_retries": 0, "grpc.enable_http_proxy": 0 }) as unknown as FlightService;
  const metadata = new grpc.Metadata();
  const client: Client = {
    target,
    ask: (source, sql) =>
      new Promise((resolve, reject) => service.GetFlightInfo(query(sql), metadata, (error, info) => (error === null ? resolve(info) : reject(failed(source, target, error, "asked for"))))),
    async *get(part, ticket) {
      const call = service.DoGet({ ticket }, metadata);
      try {
        yield* call as AsyncIterable<FlightData>;
      } catch (error) {
        throw failed(part, target, error as ServiceError, "read");
      } finally {
        call.cancel();
      }
    },
    close: () => service.close(),
  };
  if (login === undefined) return client;
  try {
    metadata.set("authorization", login.header);
    if (login.isPassword) metadata.set("authorization", (await tokenFor(service, metadata, target)) ?? login.header);
    return client;
  } catch (error) {
    client.close();
    throw error;
  }
}

/** A token for a password, which the server gives in a header; none: it takes the password with every call. */
function tokenFor(service: FlightService, login: Metadata, target: Target): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const call = service.Handshake(login);
    let token: string | undefined;
    const note = (metadata: Metadata | undefined): void => void (token ??= metadata?.get("authorization")[0]?.toString());
    call.on("metadata", note);
    call.on("data", () => undefined);
    call.on("error", (error: ServiceError) => (error.code === 12 ? resolve(undefined) : reject(failed(target.name, target, error, "asked for"))));
    call.on("status", ({ code, metadata }: { code: number; metadata: Metadata }) => {
      note(metadata);
      if (code === 0) resolve(token);
    });
    call.end();
  });
}

/** Of an address instead of a name: Node asks for a name that is none, and whether the certificate is the address's is asked here. */
function addressOf({ authority }: Target): { named: object; verified: { checkServerIdentity(name: string, certificate: PeerCertificate): Error | undefined } } | undefined {
  const host = authority.slice(0, authority.lastIndexOf(":")).replace(/^\[|\]$/g, "");
  if (isIP(host) === 0) return undefined;
  return { named: { "grpc.ssl_target_name_override": "address.invalid" }, verified: { checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate) } };
}

function certificates(): Buffer | null {
  const path = variableOf("LOCKSTEP_FLIGHT_CA");
  if (path === undefined) return null;
  if (!existsSync(path)) throw new LockstepError({ code: "LS2021", message: `no certificate is in ${path}`, fix: "LOCKSTEP_FLIGHT_CA names a file with the certificate of who has signed the server's." });
  return readFileSync(path);
}
