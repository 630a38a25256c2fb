//! Several keys of a provider.

use serde_json::{Value, json};

use super::{alone, good, request, said};
use crate::harness::client;
use crate::harness::host::Host;
use crate::harness::upstream::{Request, Upstream};

const KEYS: [&str; 3] = [
    "key-one-0123456789",
    "key-two-0123456789",
    "key-three-0123456789",
];

fn with_keys(upstream: &Upstream) -> Host {
    let host = alone(&upstream.url());
    let host = host.edit(|config| config["providers"][0]["api_key"] = json!(KEYS));
    host.start()
}

fn key_of(request: &Request) -> String {
    request.header("x-api-key").unwrap_or_default().to_owned()
}

fn used(upstream: &Upstream) -> Vec<String> {
    upstream.requests().iter().map(key_of).collect()
}

async fn quota(host: &Host) -> Value {
    host.status().await["providers"][0]["quota"].clone()
}

#[tokio::test]
async fn keys_take_turns() {
    let upstream = Upstream::always(good()).await;
    let host = with_keys(&upstream);
    for _ in 0..6 {
        client::messages(host.base(), &request(false)).await;
    }
    assert_eq!(used(&upstream), [KEYS, KEYS].concat());
    assert_eq!(quota(&host).await["keys"], 3);
}

#[tokio::test]
async fn a_refused_or_limited_key_rests_and_the_client_sees_nothing_of_it() {
    for (status, kind) in [
        (401, "authentication_error"),
        (402, "billing_error"),
        (403, "permission_error"),
        (429, "rate_limit_error"),
    ] {
        let upstream = Upstream::start(move |request| {
            if key_of(request) == KEYS[0] {
                return said(status, kind, "not with this key", &[("retry-after", "60")]);
            }
            good()
        })
        .await;
        let host = with_keys(&upstream);
        for _ in 0..5 {
            let reply = client::messages(host.base(), &request(false)).await;
            assert_eq!(reply.status, 200, "{status}: {}", reply.text());
        }
        let used = used(&upstream);
        let bad = used.iter().filter(|key| *key == KEYS[0]).count();
        assert_eq!((bad, used.len()), (1, 6), "{status}: {used:?}");
        let status = host.status().await;
        let quota = &status["providers"][0]["quota"];
        assert_eq!(quota["rested_keys"], 1, "{quota:#}");
        assert_eq!(quota["accounts"][0]["key"], 1, "{quota:#}");
        for key in KEYS {
            assert!(!status.to_string().contains(key), "{status:#}");
            assert!(!host.log().contains(key));
        }
    }
}

#[tokio::test]
async fn when_every_key_is_refused_that_is_told() {
    let refused = said(401, "authentication_error", "who are you?", &[]);
    let upstream = Upstream::always(refused).await;
    let host = with_keys(&upstream);
    let reply = client::messages(host.base(), &request(true)).await;
    assert_eq!(reply.status, 401, "{}", reply.text());
    assert_eq!(reply.json()["error"]["message"], "who are you?");
    assert_eq!(used(&upstream), KEYS);
}

#[tokio::test]
async fn keys_whose_variables_are_not_set_are_left_out() {
    let upstream = Upstream::always(good()).await;
    let host = alone(&upstream.url()).env("SECOND_KEY", KEYS[1]);
    let host = host.edit(|config| {
        config["providers"][0]["api_key"] = json!(["${FIRST_KEY}", "${SECOND_KEY}"]);
    });
    let host = host.start();
    client::messages(host.base(), &request(false)).await;
    assert_eq!(used(&upstream), [KEYS[1]]);
    let status = host.status().await;
    assert_eq!(status["providers"][0]["key"], "set", "{status:#}");
    assert!(
        host.log().contains("FIRST_KEY is not set"),
        "{}",
        host.log()
    );
}
