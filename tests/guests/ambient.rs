//! A guest learns nothing of the machine, and the same in each run of an exchange. The guest `nosy` asks
//! for everything that Rust's standard library can ask for.

use std::net::TcpListener;
use std::path::Path;

use super::*;

/// All that it learns. The random number follows from the exchange's id.
const LEARNED: &str = "time: 0 s\nelapsed: 0 ns\nvariables: 0\narguments: 0\ninput: 0\nfolder /: none\n\
    folder .: none\nfile: none\nwritten: none\nrandom: ";

fn nosy(name: &str, options: Value) -> Value {
    let mut provider = provider(name, "http://127.0.0.1:9", "nosy", name);
    provider["options"] = options;
    provider
}

fn host(options: Value) -> Host {
    let builder = Builder::new().component("nosy", &scene::guest("nosy"));
    builder.provider(nosy("n", options)).start()
}

fn text(reply: &Reply) -> String {
    let message = reply.json();
    assert_eq!(reply.status, 200, "{message}");
    let text = message["content"][0]["text"].as_str();
    text.expect("a text block").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_asks_for_time_files_variables_and_arguments_gets_none() {
    let host = host(json!({}));
    let mut numbers = Vec::new();
    for _ in 0..2 {
        let said = text(&client::messages(host.base(), &scene::ask_whole("n", "hi")).await);
        let number = said.strip_prefix(LEARNED);
        numbers.push(number.unwrap_or_else(|| panic!("{said}")).to_owned());
    }
    assert_ne!(numbers[0], numbers[1], "other exchanges, other numbers");
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_is_over_at_once() {
    let host = host(json!({ "wait": 86_400 }));
    let said = text(&client::messages(host.base(), &scene::ask_whole("n", "hi")).await);
    assert!(said.ends_with("\nwaited"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_prints_as_much_as_it_likes() {
    let host = host(json!({ "print": 5_000 }));
    let said = text(&client::messages(host.base(), &scene::ask_whole("n", "hi")).await);
    assert!(said.ends_with("\nprinted"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_connects_ends_its_exchange_and_nobody_hears_of_it() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a switch");
    let port = listener.local_addr().expect("an address").port();
    for address in [format!("127.0.0.1:{port}"), format!("localhost:{port}")] {
        let host = host(json!({ "connect": address }));
        let reply = client::messages(host.base(), &scene::ask_whole("n", "hi")).await;
        assert_eq!(reply.status, 500, "{}", reply.text());
        let (_, message) = error_of(&address, &reply.json());
        assert!(
            message.contains("a transformer has no network"),
            "{message}"
        );
    }
    let heard = listener.accept().map(|(_, from)| from);
    assert!(heard.is_err(), "{heard:?} connected");
}

/// The same exchange in two processes: the same bytes, the random number among them.
#[test]
fn the_same_exchange_gets_the_same_everywhere() {
    let home = tempfile::TempDir::new().expect("a temporary folder");
    let case = home.path().join("fixtures/case");
    std::fs::create_dir_all(&case).expect("a fresh folder");
    let plan = "{ why: \"w\", source: \"s\", request: { answer: true } }";
    std::fs::write(case.join("case.json5"), plan).expect("it is ours");
    let text = format!("{LEARNED}{OF_THE_USUAL_EXCHANGE}");
    let usage = json!({"input_tokens": 100, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 0});
    let message = json!({
        "id": "msg_0123456789abcdefghijABCD", "type": "message", "role": "assistant", "model": "test-model",
        "content": [{"type": "text", "text": text}], "stop_reason": "end_turn", "stop_sequence": null, "usage": usage,
    });
    std::fs::write(case.join("response.client.json"), message.to_string()).expect("it is ours");
    let component = home.path().join("nosy.wasm");
    std::fs::write(&component, scene::guest("nosy")).expect("it is ours");
    let path = |path: &Path| path.to_string_lossy().into_owned();
    let (component, fixtures) = (path(&component), path(&home.path().join("fixtures")));
    let output = Builder::new().output(&["guest", "test", &component, &fixtures]);
    assert!(output.status.success(), "{output:?}");

    let inspected = Builder::new().output(&["guest", "inspect", &component]);
    let said = String::from_utf8_lossy(&inspected.stdout).into_owned();
    for words in [
        "nothing of this machine",
        "a clock that stands still",
        "follow from the exchange's id",
        "a file system with no folder in it",
        "a network of which each call fails",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

/// Of the id that an exchange of a case has by default.
const OF_THE_USUAL_EXCHANGE: &str = "f135e9cee829349d";
