//! What is needed of Flight's protocol: `Flight.proto` and `FlightSql.proto` of the format, by their names and numbers.
use bytes::Bytes;
use prost::Message;

#[derive(Clone, PartialEq, Message)]
pub struct HandshakeRequest {
    #[prost(uint64, tag = "1")]
    pub protocol_version: u64,
    #[prost(bytes = "bytes", tag = "2")]
    pub payload: Bytes,
}

#[derive(Clone, PartialEq, Message)]
pub struct HandshakeResponse {
    #[prost(uint64, tag = "1")]
    pub protocol_version: u64,
    #[prost(bytes = "bytes", tag = "2")]
    pub payload: Bytes,
}

#[derive(Clone, PartialEq, Message)]
pub struct FlightDescriptor {
    /// 2: a command.
    #[prost(int32, tag = "1")]
    pub kind: i32,
    #[prost(bytes = "bytes", tag = "2")]
    pub command: Bytes,
}

#[derive(Clone, PartialEq, Message)]
pub struct FlightInfo {
    /// An encapsulated message of Arrow IPC; empty: the server does not know it yet.
    #[prost(bytes = "bytes", tag = "1")]
    pub schema: Bytes,
    #[prost(message, repeated, tag = "3")]
    pub endpoints: Vec<FlightEndpoint>,
    /// -1: not known.
    #[prost(int64, tag = "4")]
    pub total_records: i64,
    #[prost(int64, tag = "5")]
    pub total_bytes: i64,
}

#[derive(Clone, PartialEq, Message)]
pub struct FlightEndpoint {
    #[prost(message, optional, tag = "1")]
    pub ticket: Option<Ticket>,
    /// Any of them has it; none: who was asked.
    #[prost(message, repeated, tag = "2")]
    pub locations: Vec<Location>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Location {
    #[prost(string, tag = "1")]
    pub uri: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct Ticket {
    #[prost(bytes = "bytes", tag = "1")]
    pub ticket: Bytes,
}

#[derive(Clone, PartialEq, Message)]
pub struct FlightData {
    /// A message of Arrow IPC without what stands before its metadata.
    #[prost(bytes = "bytes", tag = "2")]
    pub header: Bytes,
    #[prost(bytes = "bytes", tag = "1000")]
    pub body: Bytes,
}

/// `google.protobuf.Any`
#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct CommandStatementQuery {
    #[prost(string, tag = "1")]
    query: String,
}

/// What describes the rows of a query.
pub fn query(sql: &str) -> FlightDescriptor {
    let type_url = "type.googleapis.com/arrow.flight.protocol.sql.CommandStatementQuery".to_owned();
    let command = Any { type_url, value: CommandStatementQuery { query: sql.to_owned() }.encode_to_vec() };
    FlightDescriptor { kind: 2, command: command.encode_to_vec().into() }
}
