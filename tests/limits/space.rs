//! The steps of the pool: with less address space the host starts on a lower one, says which, and
//! serves all the same.

use super::*;

/// Room for 64 instances of 4 GiB, not for 256 of them.
const FOR_SIXTY_FOUR: u64 = 500 << 20;
/// Room for small instances only, as on machines of 39 bits.
const FOR_SMALL_ONES: u64 = 64 << 20;

/// A conversion and a memory bomb, with this much address space in KiB.
fn host(upstream: &Upstream, kib: Option<u64>) -> Host {
    let mut bomb = provider("bomb", &upstream.url(), "faulty", "bomb");
    bomb["options"] = json!({ "fault": "request-memory" });
    let builder = Builder::new()
        .component("faulty", &scene::guest("faulty"))
        .provider(provider("chat", &upstream.url(), "cerebras", "chat"))
        .provider(bomb)
        .set("limits", json!({ "request_ms": 10_000 }));
    match kib {
        Some(kib) => builder.address_space(kib).start(),
        None => builder.start(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_less_address_space_a_lower_step_of_the_pool_runs_and_serves() {
    let pieces = scene::pieces("it", 20);
    let upstream = Upstream::always(Answer::sse(&scene::chat_events(&pieces).concat())).await;
    let (mib, gib) = (1_u64 << 20, 1_u64 << 30);
    for (kib, instances, reservation, memory) in [
        (None, 256, 4 * gib, 256 * mib),
        (Some(FOR_SIXTY_FOUR), 64, 4 * gib, 256 * mib),
        (Some(FOR_SMALL_ONES), 256, 64 * mib, 64 * mib),
    ] {
        let host = host(&upstream, kib);
        let pool = &host.status().await["pool"];
        let step = (&pool["instances"], &pool["reservation"], &pool["memory"]);
        let expected = (&json!(instances), &json!(reservation), &json!(memory));
        assert_eq!(step, expected, "{kib:?}");
        let mut streams = JoinSet::new();
        for _ in 0..16 {
            let base = host.base().to_owned();
            streams.spawn(async move { client::messages(&base, &scene::ask("chat", "hi")).await });
        }
        for reply in streams.join_all().await {
            let report = grammar::check(&reply);
            assert_eq!(report.assert_clean().told, Told::Complete, "{kib:?}");
            assert_eq!(report.text(), pieces.concat(), "{kib:?}");
        }
        let reply = client::messages(host.base(), &scene::ask("bomb", "hi")).await;
        let message = error_of(&reply, 413, "request_too_large");
        assert!(message.contains("ran out of memory"), "{kib:?}: {message}");
        assert!(
            message.contains(&memory_in_words(memory)),
            "{kib:?}: {message}"
        );
    }
}

fn memory_in_words(memory: u64) -> String {
    format!("{} MiB", memory >> 20)
}
