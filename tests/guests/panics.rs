//! What a guest that panics says is for the person who runs transom. The client is told that it
//! happened, in which transformer, and where to look.

use super::*;

const GOLDEN: &[u8] = include_bytes!("../interface/0.1.0/golden.wasm");

#[tokio::test(flavor = "multi_thread")]
async fn the_words_of_a_panic_are_in_the_log_with_exchange_and_generation_and_not_told_to_the_client()
 {
    let upstream = upstream().await;
    let host = Builder::new()
        .component("golden", GOLDEN)
        .provider(provider("p", &upstream.url(), "golden", "m"))
        .start();
    for body in [scene::ask("m", "panic"), scene::ask_whole("m", "panic")] {
        let reply = client::messages(host.base(), &body).await;
        assert_eq!(reply.status, 500, "{}", reply.text());
        let (_, message) = error_of("panic", &reply.json());
        assert_eq!(
            message,
            "transformer `golden` trapped in `request`; transom's log says more, under this request's id"
        );
        let id = reply.header("request-id").expect("an id");
        let id = id.trim_start_matches("req_").to_owned();
        let logged = |_: &Value| host.log().matches(&id).count() >= 2;
        host.wait_for_status("the exchange is logged", logged).await;
        let log = host.log();
        let trap = log
            .lines()
            .find(|line| line.contains("trap in `request`") && line.contains(&id));
        let trap = trap.unwrap_or_else(|| panic!("no line of the trap:\n{log}"));
        assert!(
            trap.contains("golden@1") && trap.contains("as the request said"),
            "{trap}"
        );
        assert!(trap.contains("(at src/lib.rs:"), "{trap}");
        let exchange = log.lines().find(|line| line.contains(" exchange 500 "));
        let exchange = exchange.unwrap_or_else(|| panic!("no line of the exchange:\n{log}"));
        assert!(exchange.contains("(as the request said)"), "{exchange}");
    }
    assert!(upstream.requests().is_empty());
    let entry = host.transformer("golden").await;
    let error = entry["last_error"].as_str().unwrap_or_default();
    assert!(error.contains("as the request said"), "{entry}");
}

#[tokio::test(flavor = "multi_thread")]
async fn why_a_transformer_is_not_loaded_is_told_to_a_client_without_paths_and_panics() {
    let upstream = upstream().await;
    let host = Builder::new()
        .component("trapping", &scene::faulty("configure-trap"))
        .provider(provider(
            "trapping",
            &upstream.url(),
            "trapping",
            "trapping",
        ))
        .provider(provider("missing", &upstream.url(), "missing", "missing"))
        .start();
    for (name, words) in [
        ("trapping", "it trapped in `configure`"),
        ("missing", "there is no file and no built-in of that name"),
    ] {
        let reply = client::messages(host.base(), &scene::ask(name, "hi")).await;
        let (_, message) = error_of(name, &reply.json());
        assert!(message.contains(words), "{message}");
        let home = host.home().display().to_string();
        assert!(!message.contains(&home), "{message}");
        assert!(!message.contains("unreachable"), "{message}");
    }
    let said = host.transformer("missing").await["last_error"].to_string();
    assert!(
        said.contains("missing.wasm"),
        "the status names the file: {said}"
    );
    assert!(host.log().contains("missing.wasm"));
}
