//! The yardstick: the least that a hop through hyper can cost. A hyper server and hyper-util's
//! pooled client, bodies handed through, nothing read or changed but the address.

use std::net::SocketAddr;

use anyhow::Result;
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::{Either, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;

type Body = Either<Incoming, Empty<Bytes>>;

/// Relays everything to `upstream` until the task is dropped.
pub(crate) async fn serve(listener: TcpListener, upstream: SocketAddr) -> Result<()> {
    let relay = Relay::new(upstream)?;
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let relay = relay.clone();
        let service = service_fn(move |request| {
            let relay = relay.clone();
            async move { Ok::<_, http::Error>(relay.exchange(request).await) }
        });
        // An error here is a client that left.
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), service));
    }
}

#[derive(Clone)]
struct Relay {
    client: Client<HttpConnector, Incoming>,
    authority: Authority,
    host: HeaderValue,
}

impl Relay {
    fn new(upstream: SocketAddr) -> Result<Self> {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let name = upstream.to_string();
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            authority: name.parse()?,
            host: name.parse()?,
        })
    }

    async fn exchange(&self, mut request: Request<Incoming>) -> Response<Body> {
        let mut target = std::mem::take(request.uri_mut()).into_parts();
        target.scheme = Some(Scheme::HTTP);
        target.authority = Some(self.authority.clone());
        let Ok(target) = Uri::from_parts(target) else {
            return bad_gateway();
        };
        *request.uri_mut() = target;
        request
            .headers_mut()
            .insert(header::HOST, self.host.clone());
        match self.client.request(request).await {
            Ok(response) => response.map(Either::Left),
            Err(_) => bad_gateway(),
        }
    }
}

fn bad_gateway() -> Response<Body> {
    let mut response = Response::new(Either::Right(Empty::new()));
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response
}
