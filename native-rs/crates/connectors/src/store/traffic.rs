//! What this rank asks of stores: every HTTP request, also one that is made again, and the bytes both ways.
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use async_trait::async_trait;
use object_store::{
    ClientOptions,
    client::{HttpClient, HttpConnector, HttpError, HttpRequest, HttpResponse, HttpService, ReqwestConnector},
};

static REQUESTS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);

/// Requests and bytes of this process so far.
pub fn traffic() -> [u64; 2] {
    [REQUESTS.load(Relaxed), BYTES.load(Relaxed)]
}

/// Makes clients that count.
#[derive(Debug)]
pub struct Counting;

impl HttpConnector for Counting {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(Counted(ReqwestConnector::default().connect(options)?)))
    }
}

#[derive(Debug)]
struct Counted(HttpClient);

#[async_trait]
impl HttpService for Counted {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        REQUESTS.fetch_add(1, Relaxed);
        BYTES.fetch_add(request.body().content_length() as u64, Relaxed);
        let is_head = request.method().as_str() == "HEAD";
        let response = self.0.execute(request).await?;
        let length = response.headers().get("content-length").and_then(|length| length.to_str().ok()?.parse().ok());
        BYTES.fetch_add(length.filter(|_| !is_head).unwrap_or(0), Relaxed);
        Ok(response)
    }
}
