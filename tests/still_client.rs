//! A client that stops reading does not hold what its exchange holds for ever.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;

use crate::harness::client;
use crate::harness::host::{self, Builder};
use crate::harness::upstream::{Answer, Outcome, Recorded, Upstream};
use crate::scene;

/// Far more than sockets take ahead of a reader: 24 MB.
fn flood() -> Vec<u8> {
    let text = "x".repeat(96 << 10);
    let pieces: Vec<String> = (0..256).map(|_| text.clone()).collect();
    scene::chat_events(&pieces).concat()
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_let_go_and_its_instance_is_free_again() {
    let upstream = Upstream::start(|request| {
        if request.json().to_string().contains("flood") {
            Answer::sse(&flood())
        } else {
            Answer::json(200, &scene::chat_whole(&["fine".to_owned()]))
        }
    });
    let upstream = upstream.await;
    let provider = host::provider("p", &upstream.url(), "openai", "m");
    let host = Builder::new()
        .provider(provider)
        .set("limits", json!({ "instances": 1 }))
        .set("timeouts", json!({ "client_ms": 300 }))
        .start();
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(16 << 10).expect("a small one");
    let address = host.base().trim_start_matches("http://").to_owned();
    let address = address.parse().expect("an address");
    let mut still = socket.connect(address).await.expect("the host listens");
    let body = scene::ask("p,m", "flood").to_string();
    let head = format!(
        "POST /v1/messages HTTP/1.1\r\nhost: {address}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let request = head + &body;
    still
        .write_all(request.as_bytes())
        .await
        .expect("it is read");
    let mut begin = [0; 12];
    still
        .read_exact(&mut begin)
        .await
        .expect("an answer begins");
    assert_eq!(&begin, b"HTTP/1.1 200");

    let idle = |status: &Value| status["in_flight"] == 0;
    host.wait_for_status("the exchange ends", idle).await;
    assert!(host.log().contains("timeouts.client_ms"), "{}", host.log());
    let closed = |all: &[Recorded]| all.iter().any(|one| one.outcome == Outcome::PeerClosed);
    upstream.wait_until("the upstream sees it", closed).await;
    let reply = client::messages(host.base(), &scene::ask_whole("p,m", "hi")).await;
    assert_eq!(reply.status, 200, "the instance is free: {}", reply.text());
    drop(still);
}
