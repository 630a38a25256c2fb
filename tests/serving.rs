//! `transom serve` in the hands of a person: an address that is taken, being told to stop twice, a
//! log that nobody reads any more, a disk that is full.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::Stdio;

use serde_json::json;

use crate::harness::client;
use crate::harness::grammar::{self, Told};
use crate::harness::host::Builder;
use crate::harness::upstream::{Answer, Upstream};
use crate::roads::Road;

fn refused(address: &str) -> String {
    let builder = Builder::new()
        .provider(Road::Passthrough.provider("http://127.0.0.1:9"))
        .set("listen", json!(address));
    let output = builder.output(&["serve"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(output.stdout.is_empty(), "nothing is announced");
    assert!(
        said.contains(address) && said.contains("--listen"),
        "{said}"
    );
    said
}

#[test]
fn a_port_of_another_program_is_told_with_its_owner_and_a_remedy() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("bound").to_string();
    let said = refused(&address);
    let ours = format!("process {}", std::process::id());
    assert!(said.contains(&ours), "{said}");
}

#[test]
fn a_port_of_another_transom_is_told_as_that() {
    let host = Builder::new()
        .provider(Road::Passthrough.provider("http://127.0.0.1:9"))
        .start();
    let address = host.base().trim_start_matches("http://");
    let said = refused(address);
    assert!(said.contains("a transom serves there already"), "{said}");
    assert!(said.contains(&host.pid().to_string()), "{said}");
}

#[tokio::test]
async fn a_second_signal_does_not_wait_for_running_streams() {
    let head = Road::Zai.frames()[..3].concat();
    let upstream = Upstream::always(Answer::stream().chunk(&head).silence()).await;
    let mut host = Builder::new()
        .provider(Road::Passthrough.provider(&upstream.url()))
        .set("timeouts", json!({ "drain_ms": 86_400_000 }))
        .start();
    let request = Road::Passthrough.request(true, "hi");
    let mut running = client::open_messages(host.base(), &request).await;
    running.event().await.expect("the stream has begun");
    host.terminate();
    while !host.log().contains("stopping") {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    host.terminate();
    assert_eq!(host.wait_for_exit().await.code(), Some(0));
    assert_eq!(grammar::check(&running.finish().await).told, Told::Cut);
}

#[tokio::test]
async fn a_reader_of_the_log_that_went_away_costs_no_exchange() {
    let upstream = Upstream::always(Answer::sse(Road::Zai.stream())).await;
    let builder = Builder::new().provider(Road::Passthrough.provider(&upstream.url()));
    let mut command = builder.command(&["serve", "--listen", "127.0.0.1:0"]);
    let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary runs");
    drop(child.stderr.take());
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let line = lines.next().expect("a line").expect("text");
    let base = line.strip_prefix("listening on ").expect("an address");
    for _ in 0..3 {
        let request = Road::Passthrough.request(true, "hi");
        let reply = client::messages(base, &request).await;
        assert_eq!(grammar::check(&reply).assert_clean().told, Told::Complete);
    }
    child.kill().expect("it runs");
    child.wait().expect("it ends");
}

#[test]
fn output_that_is_lost_is_a_failure() {
    let full = || {
        std::fs::File::options()
            .write(true)
            .open("/dev/full")
            .expect("Linux")
    };
    let builder = Builder::new().provider(Road::Passthrough.provider("http://127.0.0.1:9"));
    for arguments in [["activate"].as_slice(), &["guest", "list", "--json"]] {
        let mut command = builder.command(arguments);
        let output = command.stdout(full()).output().expect("the binary runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("standard output cannot be written"), "{said}");
    }
}

#[test]
fn a_service_that_wants_another_key_is_told_as_that() {
    let host = Builder::new()
        .provider(Road::Passthrough.provider("http://127.0.0.1:9"))
        .set("api_key", json!("the-service-wants-this"))
        .start();
    let mut config = json!({ "providers": [Road::Passthrough.provider("http://127.0.0.1:9")] });
    config["listen"] = json!(host.base().trim_start_matches("http://"));
    let output = host.beside(&["guest", "list"], &config);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("another `api_key`"), "{said}");
}
