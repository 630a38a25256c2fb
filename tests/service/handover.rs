//! A restart under load, from another shell, and one that fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::*;
use crate::harness::grammar::{self, Told};
use crate::harness::upstream::Gate;

type Sender = SendRequest<Full<bytes::Bytes>>;

async fn connect(address: &str) -> Sender {
    let stream = TcpStream::connect(address)
        .await
        .expect("no connection is refused");
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
    tokio::spawn(connection);
    sender
}

/// One request on a connection that is kept; true if it may be used again. Panics if it fails: this client
/// tries nothing twice.
async fn ask(sender: &mut Sender, address: &str) -> bool {
    let body = Road::Passthrough.request(false, "hi").to_string();
    let request = http::Request::post("/v1/messages")
        .header("host", address)
        .body(Full::from(body))
        .expect("a request");
    let response = sender.send_request(request).await.expect("an answer");
    assert_eq!(response.status(), 200);
    let close = response
        .headers()
        .get("connection")
        .is_some_and(|value| value == "close");
    response
        .into_body()
        .collect()
        .await
        .expect("the whole answer");
    !close && sender.ready().await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_under_streams_and_a_steady_flow_fails_nobody() {
    let gate = Gate::new();
    let frames = Road::Zai.frames();
    let held = Answer::stream()
        .chunk(&frames[..3].concat())
        .gate(&gate)
        .chunk(&frames[3..].concat())
        .end();
    let upstream = Upstream::start(move |request| {
        if request.json()["stream"] == true {
            held.clone()
        } else {
            Answer::json(200, &Road::Passthrough.whole())
        }
    })
    .await;
    let desk = Arc::new(Desk::new(&upstream.url()));
    desk.done(&["start"]);
    let mut streams = Vec::new();
    for _ in 0..32 {
        let request = Road::Passthrough.request(true, "hi");
        let mut stream = client::open_messages(&desk.base(), &request).await;
        stream.event().await.expect("the stream has begun");
        streams.push(stream);
    }
    let mut idle = connect(&desk.address).await;
    assert!(ask(&mut idle, &desk.address).await, "kept");
    let (over, asked) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let flow: Vec<_> = (0..4)
        .map(|_| {
            let (over, asked, address) = (over.clone(), asked.clone(), desk.address.clone());
            tokio::spawn(async move {
                let mut sender = connect(&address).await;
                while !over.load(Ordering::Relaxed) {
                    if !ask(&mut sender, &address).await {
                        sender = connect(&address).await;
                    }
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let first = desk.pid();
    for _ in 0..3 {
        let before = asked.load(Ordering::Relaxed);
        while asked.load(Ordering::Relaxed) < before + 20 {
            tokio::task::yield_now().await;
        }
        let restarting = desk.clone();
        let said = tokio::task::spawn_blocking(move || restarting.done(&["restart"]));
        let said = said.await.expect("it does not panic");
        assert!(said.contains("is restarted"), "{said}");
    }
    assert_ne!(desk.pid(), first);
    let kept = ask(&mut idle, &desk.address).await;
    assert!(!kept, "answered by the process that leaves, which says so");
    over.store(true, Ordering::Relaxed);
    for task in flow {
        task.await.expect("no request failed");
    }
    gate.open();
    for stream in streams {
        let reply = stream.finish().await;
        assert_eq!(grammar::check(&reply).assert_clean().told, Told::Complete);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_the_shell_that_started_it_survive_a_restart_from_another() {
    let upstream = Upstream::always(Answer::json(200, &Road::Passthrough.whole())).await;
    let mut desk = Desk::new(&upstream.url());
    let builder = std::mem::replace(&mut desk.builder, Builder::new());
    desk.builder = builder.edit(|config| config["providers"][0]["api_key"] = json!("${THE_KEY}"));
    let with_key = |arguments: &[&str], key: &str| {
        let mut command = desk.builder.command(arguments);
        Said::of(
            &command
                .env("THE_KEY", key)
                .output()
                .expect("the binary runs"),
        )
    };
    let request = Road::Passthrough.request(false, "hi");
    assert_eq!(
        with_key(&["start"], "the-key-of-the-first-shell").code,
        Some(0)
    );
    for restart in [None, Some("the-key-of-a-later-shell")] {
        let said = match restart {
            None => desk.run(&["restart"]),
            Some(key) => with_key(&["restart"], key),
        };
        assert_eq!(said.code, Some(0), "{}", said.text);
        assert!(!said.text.contains("the-key-"), "{}", said.text);
        let reply = client::messages(&desk.base(), &request).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    let requests = upstream.requests();
    let keys: Vec<_> = requests
        .iter()
        .map(|request| request.head.header("x-api-key"))
        .collect();
    let expected = ["the-key-of-the-first-shell", "the-key-of-a-later-shell"].map(Some);
    assert_eq!(keys, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_successor_that_does_not_get_ready_leaves_the_old_one_serving() {
    let upstream = Upstream::always(Answer::json(200, &Road::Passthrough.whole())).await;
    let desk = Desk::new(&upstream.url());
    desk.done(&["start"]);
    let before = desk.pid();
    let config = desk.home().join("config/transom/config.json5");
    std::fs::write(&config, "{ providers: [], nonsense: 1 }").expect("write it");
    let output = desk.builder.unconfigured(&["restart"]).output();
    let said = Said::of(&output.expect("the binary runs"));
    assert_eq!(said.code, Some(2), "{}", said.text);
    assert!(
        said.text.contains("nonsense") && said.text.contains("serves on"),
        "{}",
        said.text
    );
    let reply = client::messages(&desk.base(), &Road::Passthrough.request(false, "hi")).await;
    assert_eq!(reply.status, 200);
    assert_eq!(desk.pid(), before);
    // Also with a configuration that does not hold it can be stopped.
    let output = desk.builder.unconfigured(&["stop"]).output();
    let said = Said::of(&output.expect("the binary runs"));
    assert!(said.text.contains("is stopped"), "{}", said.text);
}
