/**
 * What is needed of Flight's protocol: Flight.proto and FlightSql.proto of the format, by their names and numbers. Written down here, as a
 * program that is bundled has no files beside it.
 */
const field = (id: number, type: string): object => ({ id, type });
const list = (id: number, type: string): object => ({ id, type, rule: "repeated" });

const messages = {
  HandshakeRequest: { protocol_version: field(1, "uint64"), payload: field(2, "bytes") },
  HandshakeResponse: { protocol_version: field(1, "uint64"), payload: field(2, "bytes") },
  /** Of type 2: a command. */
  FlightDescriptor: { type: field(1, "int32"), cmd: field(2, "bytes") },
  /** The schema is an encapsulated message of Arrow IPC; empty: the server does not know it yet. */
  FlightInfo: { schema: field(1, "bytes"), endpoint: list(3, "FlightEndpoint") },
  /** Any of the locations has it; none: who was asked. */
  FlightEndpoint: { ticket: field(1, "Ticket"), location: list(2, "Location") },
  Location: { uri: field(1, "string") },
  Ticket: { ticket: field(1, "bytes") },
  /** The header is a message of Arrow IPC without what stands before its metadata. */
  FlightData: { data_header: field(2, "bytes"), data_body: field(1000, "bytes") },
  /** The command is one in an Any. */
  CommandStatementQuery: { query: field(1, "string") },
  Any: { type_url: field(1, "string"), value: field(2, "bytes") },
};

const methods = {
  Handshake: { requestType: "HandshakeRequest", requestStream: true, responseType: "HandshakeResponse", responseStream: true },
  /** What there is of a query's rows, and where. */
  GetFlightInfo: { requestType: "FlightDescriptor", responseType: "FlightInfo" },
  /** The rows of a ticket. */
  DoGet: { requestType: "Ticket", responseType: "FlightData", responseStream: true },
};

const nested = { ...Object.fromEntries(Object.entries(messages).map(([name, fields]) => [name, { fields }])), FlightService: { methods } };

/** As protobufjs reads it. */
export const protocol = { nested: { arrow: { nested: { flight: { nested: { protocol: { nested } } } } } } };
