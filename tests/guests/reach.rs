//! A guest chooses no origin and sets no header that belongs to the host.

use super::*;

/// What no guest may reach, in every notation.
const ESCAPES: [&str; 27] = [
    "//evil.example/v1/messages",
    "//127.0.0.1:1/x",
    "/../admin",
    "/v1/../../admin",
    "/v1/../../../admin",
    "/%2e%2e/admin",
    "/%2E%2E/admin",
    "/.%2e/admin",
    "/%2e./admin",
    "/..%2fadmin",
    "/..%5cadmin",
    "/..\\admin",
    "\\\\evil.example\\x",
    "/\\evil.example/x",
    "@evil.example/x",
    ":1@evil.example/x",
    ".evil.example/x",
    "http://evil.example/x",
    "https://evil.example/x",
    "file:///etc/passwd",
    "/v1/messages#fragment",
    "/v1//messages",
    "/v1/mess ages",
    "/v1/\tmessages",
    "/v1/\r\nx-evil: 1",
    "?x=1",
    "",
];

/// Headers that only the host sets, and one that no header can be.
const HEADERS: [&str; 16] = [
    "host:evil.example",
    "Host:evil.example",
    "connection:close",
    "content-length:3",
    "transfer-encoding:chunked",
    "authorization:Bearer mine",
    "Authorization:Bearer mine",
    "x-api-key:mine",
    "x-own-key:mine",
    "proxy-authorization:Basic mine",
    "te:trailers",
    "upgrade:h2c",
    "accept-encoding:gzip",
    "cookie:a=b",
    "x bad:1",
    "x-split:a\r\nx-evil: 1",
];

/// The fault that each of these is, with a name that a provider can have.
fn told(kind: &str, what: &[&str]) -> Vec<(String, String)> {
    let name = |number| format!("{kind}-{number}");
    let faults = what.iter().map(|text| format!("{kind}={text}"));
    faults
        .enumerate()
        .map(|(number, fault)| (name(number), fault))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_asks_for_another_place_or_a_header_of_the_host_gets_a_failure() {
    let upstream = upstream().await;
    let base = format!("{}/base/v1", upstream.url());
    let all = [told("path", &ESCAPES), told("header", &HEADERS)].concat();
    let mut builder = Builder::new().component("faulty", &scene::guest("faulty"));
    for (name, fault) in &all {
        let mut provider = faulty(name, &base, fault);
        if fault.contains("x-own-key") {
            provider["auth"] = json!({ "header": "x-own-key" });
        }
        builder = builder.provider(provider);
    }
    let host = builder.start();
    for (name, fault) in &all {
        let reply = client::messages(host.base(), &scene::ask(name, "hi")).await;
        assert_eq!(reply.status, 500, "{fault:?}: {}", reply.text());
        let (kind, _) = error_of(fault, &reply.json());
        assert_eq!(kind, "api_error", "{fault:?}");
    }
    let requests = upstream.requests();
    assert!(requests.is_empty(), "sent all the same: {requests:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_may_ask_for_any_path_and_query_below_the_base_and_set_other_headers() {
    let upstream = upstream().await;
    let base = format!("{}/base/v1", upstream.url());
    let fine = [
        (
            "a",
            "path=/chat/completions?next=/../x&d=%2e%2e",
            "/base/v1/chat/completions?next=/../x&d=%2e%2e",
        ),
        ("b", "path=/messages:stream", "/base/v1/messages:stream"),
        ("c", "header=x-mine:yes", "/base/v1/v1/messages"),
    ];
    let mut builder = Builder::new().component("faulty", &scene::guest("faulty"));
    for (name, fault, _) in fine {
        builder = builder.provider(faulty(name, &base, fault));
    }
    let host = builder.start();
    for (name, fault, target) in fine {
        let reply = client::messages(host.base(), &scene::ask(name, "hi")).await;
        assert_eq!(reply.status, 200, "{fault}: {}", reply.text());
        let requests = upstream.requests();
        let last = requests.last().expect("it was sent");
        assert_eq!(last.target(), target, "{fault}");
        let key = format!("Bearer key-of-{name}-0123456789");
        assert_eq!(last.head.all("authorization"), [key.as_str()]);
    }
    let requests = upstream.requests();
    assert_eq!(requests[2].header("x-mine"), Some("yes"));
}
