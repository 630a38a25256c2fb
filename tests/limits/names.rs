//! Names of models: clients make them up, and they go into headers, log lines and labels.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_no_model_can_have_is_refused_and_goes_nowhere() {
    let upstream = Upstream::always(Answer::json(200, &Road::Passthrough.whole())).await;
    let host = Builder::new()
        .provider(Road::Passthrough.provider(&upstream.url()))
        .start();
    let long = format!("p,{}", "A".repeat(2_000_000));
    let forged = "p,x\n2026-11-23T00:00:00.000Z  INFO exchange 200 FORGED\u{1b}[2J";
    for (name, words) in [(long.as_str(), "2000002 bytes"), (forged, "U+000A")] {
        for path in ["/v1/messages", "/v1/messages/count_tokens"] {
            let mut body = Road::Passthrough.request(false, "hi");
            body["model"] = name.into();
            let reply = client::post(host.base(), path, &[], body.to_string().as_bytes()).await;
            let message = error_of(&reply, 400, "invalid_request_error");
            assert!(message.contains(words), "{message}");
        }
        let mut tagged = Road::Passthrough.request(false, "hi");
        let name = format!("{},{}", Road::Passthrough.name(), &name[2..]);
        tagged["system"] = format!("<CCR-SUBAGENT-MODEL>{name}</CCR-SUBAGENT-MODEL>").into();
        tagged["model"] = "claude-opus-4-6".into();
        let reply = client::messages(host.base(), &tagged).await;
        assert_ne!(reply.status, 200, "{name:.40}");
        assert!(reply.text().len() < 2000, "{}", reply.text().len());
    }
    assert!(upstream.requests().is_empty());
    let metrics = client::get(host.base(), "/metrics").await.text();
    assert!(metrics.len() < 100_000, "{}", metrics.len());
    // Whatever is said of it, no line begins with it.
    let log = host.log();
    assert!(
        log.lines()
            .all(|line| !line.contains("FORGED") || !line.starts_with("2026-11-23T00:00:00.000Z")),
        "{log}"
    );
    assert!(!log.contains('\u{1b}'), "{log}");
}
