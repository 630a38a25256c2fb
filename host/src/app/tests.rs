//! A running host, looked at from inside the process: its sockets, and what changes while it starts.
#![expect(
    unsafe_code,
    reason = "only the process itself can ask its sockets for their options, by their numbers"
)]

mod versions;

use std::net::{SocketAddr, TcpStream};
use std::os::fd::BorrowedFd;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Running, Start};
use crate::config::Config;
use crate::demo::Upstream;

/// A second handle of every TCP connection that this process has open.
fn connections() -> Vec<TcpStream> {
    let entries = std::fs::read_dir("/proc/self/fd").unwrap();
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    numbers
        .filter(|number| *number > 2)
        .filter_map(|number: i32| {
            // SAFETY: it is only duplicated, which fails if it was closed in the meantime; nothing is
            // read, written or closed through it.
            let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
            borrowed.try_clone_to_owned().ok()
        })
        .map(TcpStream::from)
        .filter(|stream| stream.peer_addr().is_ok())
        .collect()
}

fn no_delay(wanted: impl Fn(SocketAddr, SocketAddr) -> bool) -> Vec<bool> {
    let ours = connections().into_iter().filter(|stream| {
        let ends = stream
            .local_addr()
            .and_then(|ours| Ok((ours, stream.peer_addr()?)));
        ends.is_ok_and(|(ours, peer)| wanted(ours, peer))
    });
    ours.map(|stream| stream.nodelay().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sockets_of_an_exchange_send_small_writes_at_once() {
    let upstream = Upstream::start().await.unwrap();
    let base = upstream.base_url();
    let provider: SocketAddr = base.socket_addrs(|| None).unwrap()[0];
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(Start {
        config: Config::demo(base),
        transformers: dir.path().to_owned(),
        cache: None,
        state: None,
        listen: Some(([127, 0, 0, 1], 0).into()),
        listener: None,
        watch: false,
        record: false,
    });
    let running = running.await.unwrap();
    let address = running.app.address;
    let serving = tokio::spawn(running.serve(std::future::pending()));
    let mut client = tokio::net::TcpStream::connect(address).await.unwrap();
    let body = r#"{"model":"demo","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    let head = format!(
        "POST /v1/messages HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    client.write_all((head + body).as_bytes()).await.unwrap();
    let mut answer = vec![0; 12];
    client.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 200");
    assert_eq!(no_delay(|ours, _| ours == address), [true], "to the client");
    assert_eq!(
        no_delay(|_, peer| peer == provider),
        [true],
        "to the upstream"
    );
    serving.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_is_edited_while_the_host_starts_is_taken_up() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c.json5");
    let write = |name: &str| {
        let provider =
            format!("name: '{name}', base_url: 'http://127.0.0.1:9', transformer: 'anthropic'");
        std::fs::write(&path, format!("{{ providers: [{{ {provider} }}] }}")).unwrap();
    };
    write("first");
    let config = Config::load(&path, &|_| None).unwrap().config;
    write("other");
    let running = Running::start(Start {
        config,
        transformers: dir.path().join("transformers"),
        cache: None,
        state: None,
        listen: Some(([127, 0, 0, 1], 0).into()),
        listener: None,
        watch: true,
        record: false,
    });
    let running = running.await.unwrap();
    // A minute, which only a host that missed it waits for.
    for _ in 0..12_000 {
        if running.app.snapshot().generation > 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(running.app.snapshot().config.providers[0].name, "other");
}
