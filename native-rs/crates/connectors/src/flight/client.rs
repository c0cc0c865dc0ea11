//! A connection to a server, and the calls that are made on it.
use std::{
    io,
    task::{Context, Poll},
    time::Duration,
};

use futures::{future::BoxFuture, stream};
use hyper::{
    Request, Response,
    body::Incoming,
    client::conn::http2::{self, SendRequest},
    http::uri::PathAndQuery,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use prost::Message;
use rustls::pki_types::ServerName;
use tokio::{net::TcpStream, task::JoinHandle, time::timeout};
use tokio_rustls::TlsConnector;
use tonic::{Code, Status, Streaming, body::Body, client::Grpc};
use tonic_prost::ProstCodec;
use tower_service::Service;

use super::{
    errors,
    login::{Authorization, Login},
    messages::{self, FlightData, FlightDescriptor, FlightInfo, HandshakeRequest, HandshakeResponse, Ticket},
    target::{Target, variable, wrong},
};
use crate::{errors::Result, tls};

const CONNECT: Duration = Duration::from_secs(20);
/// A server that is silent for so long is asked whether it is there, and has as long to answer, but no longer than this. Servers take more
/// than one question in five minutes for an attack.
const SILENCE: Duration = Duration::from_secs(310);
const ANSWER: Duration = Duration::from_secs(20);
/// Bytes that may be under way.
const WINDOW: u32 = 4 << 20;

pub struct Client {
    grpc: Grpc<Channel>,
    target: Target,
    authorization: Option<Authorization>,
    /// Dropped with the client, and the socket with it: the server ends what it does for it.
    connection: JoinHandle<()>,
}

impl Client {
    /// LS2015, LS2020, LS2021.
    pub async fn open(target: &Target) -> Result<Self> {
        let login = Login::of_environment()?;
        let silence = silence()?;
        let connected = timeout(CONNECT, connect(target, silence)).await.unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "it does not answer")));
        let (sender, connection) = connected.map_err(|error| errors::unreachable(target, &error))?;
        let origin = format!("{}://{}", if target.encrypted { "https" } else { "http" }, target.authority()).parse().map_err(|_| wrong("the host of the URL is none"))?;
        let grpc = Grpc::with_origin(Channel(sender), origin).max_decoding_message_size(i32::MAX as usize);
        let mut client = Self { grpc, target: target.clone(), authorization: None, connection };
        client.authorization = match login {
            Login::Nobody => None,
            Login::Token(token) => Some(token),
            Login::Password(login) => Some(client.shake_hands(login).await?),
        };
        Ok(client)
    }

    pub fn target(&self) -> &Target {
        &self.target
    }

    /// What the server says of a query's rows. `source`: as messages name it.
    pub async fn flight_info(&mut self, source: &str, sql: &str) -> Result<FlightInfo> {
        let asked = self.asked(messages::query(sql)).await;
        let codec = ProstCodec::<FlightDescriptor, FlightInfo>::default();
        let answer = match asked {
            Ok(asked) => self.grpc.unary(asked, method("GetFlightInfo"), codec).await,
            Err(status) => Err(status),
        };
        answer.map(tonic::Response::into_inner).map_err(|status| errors::asking(source, &self.target, &status))
    }

    /// The rows of a ticket.
    pub async fn get(&mut self, ticket: Vec<u8>) -> std::result::Result<Streaming<FlightData>, Status> {
        let asked = self.asked(Ticket { ticket: ticket.into() }).await?;
        let codec = ProstCodec::<Ticket, FlightData>::default();
        self.grpc.server_streaming(asked, method("DoGet"), codec).await.map(tonic::Response::into_inner)
    }

    async fn asked<M: Message>(&mut self, message: M) -> std::result::Result<tonic::Request<M>, Status> {
        self.grpc.ready().await.map_err(|error| Status::from_error(Box::new(error)))?;
        let mut request = tonic::Request::new(message);
        if let Some(authorization) = &self.authorization {
            request.metadata_mut().insert("authorization", authorization.clone());
        }
        Ok(request)
    }

    /// A token for a password, which the server gives in a header. One that gives none takes the password with every call.
    async fn shake_hands(&mut self, login: Authorization) -> Result<Authorization> {
        match self.token(&login).await {
            Ok(token) => Ok(token.unwrap_or(login)),
            Err(status) if status.code() == Code::Unimplemented => Ok(login),
            Err(status) => Err(errors::asking(&self.target.to_string(), &self.target, &status)),
        }
    }

    async fn token(&mut self, login: &Authorization) -> std::result::Result<Option<Authorization>, Status> {
        self.grpc.ready().await.map_err(|error| Status::from_error(Box::new(error)))?;
        let mut asked = tonic::Request::new(stream::empty());
        asked.metadata_mut().insert("authorization", login.clone());
        let codec = ProstCodec::<HandshakeRequest, HandshakeResponse>::default();
        let answer = self.grpc.streaming(asked, method("Handshake"), codec).await?;
        let before = answer.metadata().get("authorization").cloned();
        let mut answer = answer.into_inner();
        while answer.message().await?.is_some() {}
        let behind = answer.trailers().await?.and_then(|trailers| trailers.get("authorization").cloned());
        Ok(before.or(behind).map(|mut token| {
            token.set_sensitive(true);
            token
        }))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

fn method(name: &'static str) -> PathAndQuery {
    PathAndQuery::from_maybe_shared(format!("/arrow.flight.protocol.FlightService/{name}")).expect("a name is a path")
}

/// `LOCKSTEP_FLIGHT_KEEPALIVE`, in seconds.
fn silence() -> Result<Duration> {
    let Some(said) = variable("LOCKSTEP_FLIGHT_KEEPALIVE") else { return Ok(SILENCE) };
    let seconds = said.parse().ok().filter(|seconds| (1..=86_400).contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| wrong("LOCKSTEP_FLIGHT_KEEPALIVE is a number of seconds, 1 to 86400"))
}

async fn connect(target: &Target, silence: Duration) -> io::Result<(SendRequest<Body>, JoinHandle<()>)> {
    let socket = TcpStream::connect((target.host.as_str(), target.port)).await?;
    socket.set_nodelay(true)?;
    if !target.encrypted {
        return speak(TokioIo::new(socket), silence).await;
    }
    let mut config = tls::verified(variable("LOCKSTEP_FLIGHT_CA").as_deref())?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    let name = ServerName::try_from(target.host.clone()).map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "its host is no name that a certificate has"))?;
    let encrypted = TlsConnector::from(std::sync::Arc::new(config)).connect(name, socket).await?;
    speak(TokioIo::new(encrypted), silence).await
}

async fn speak<S>(socket: S, silence: Duration) -> io::Result<(SendRequest<Body>, JoinHandle<()>)>
where
    S: hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static,
{
    let mut protocol = http2::Builder::new(TokioExecutor::new());
    protocol.timer(TokioTimer::new()).keep_alive_interval(silence).keep_alive_timeout(ANSWER.min(silence));
    protocol.initial_stream_window_size(WINDOW).initial_connection_window_size(WINDOW);
    let (sender, connection) = protocol.handshake(socket).await.map_err(io::Error::other)?;
    // What becomes of it shows in the answers to the client.
    Ok((sender, tokio::spawn(async move { drop(connection.await) })))
}

/// hyper's connection as tonic asks for one.
#[derive(Clone)]
struct Channel(SendRequest<Body>);

impl Service<Request<Body>> for Channel {
    type Response = Response<Incoming>;
    type Error = hyper::Error;
    type Future = BoxFuture<'static, std::result::Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<std::result::Result<(), Self::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.0.send_request(request))
    }
}
