//! Keys: a provider's goes to that provider and nowhere else, a client's goes nowhere.

use serde_json::json;

use crate::harness::client;
use crate::harness::keys::Canary;
use crate::harness::upstream::Answer;
use crate::roads::{Road, Roads};

/// Every road has the same key, and everything is logged.
async fn with_key(canary: &Canary) -> Roads {
    let roads = Roads::with(|host| {
        let mut host = host
            .env("TRANSOM_LOG", "trace")
            .env("THE_KEY", canary.key());
        for at in 0..Road::ALL.len() {
            host =
                host.edit(move |config| config["providers"][at]["api_key"] = json!("${THE_KEY}"));
        }
        host
    });
    roads.await
}

/// What an upstream may say, with the key in it in one form.
fn answers(road: Road, key: &str) -> Vec<Answer> {
    let echo = format!("Incorrect API key provided: {key}. See /account.");
    let header = format!("Bearer {key}");
    let flat = json!({ "message": echo, "type": "invalid_request_error", "code": "wrong_api_key" });
    let openai = json!({ "error": { "message": echo, "type": "invalid_request_error" } });
    let event = format!("data: {openai}\n\n");
    let text = String::from_utf8_lossy(road.stream()).into_owned();
    let spoken = text.replace(
        "I look",
        &format!("I look {}", json!(key).to_string().trim_matches('"')),
    );
    let mut answers = vec![
        Answer::json(401, &flat),
        Answer::json(400, &openai),
        Answer::json(200, &openai),
        Answer::whole(500, "text/plain", echo.as_bytes()),
        Answer::sse(event.as_bytes()),
    ];
    for size in [1, 2, 3, 5, 7, 11, 13, 17, 1000] {
        answers.push(Answer::stream().chunks_of(size, spoken.as_bytes()).end());
    }
    if !key.contains('"') {
        let stream = Answer::stream()
            .header("x-echo", &header)
            .header("retry-after", key);
        answers.push(stream.chunk(road.stream()).end());
        let failed = Answer::new(429)
            .header("x-echo", &header)
            .header("content-type", "application/json");
        let body = flat.to_string();
        answers.push(failed.length(body.len()).raw(body.as_bytes()));
    }
    answers
}

async fn assert_never_told(canary: &Canary) {
    let roads = with_key(canary).await;
    for road in Road::ALL {
        for stream in [true, false] {
            for (at, answer) in answers(road, canary.key()).into_iter().enumerate() {
                let reply = roads.ask(road, stream, answer).await;
                canary.assert_absent(&format!("{road:?} answer {at}"), &reply.everything());
            }
        }
        let sent = roads.last(road).request;
        let presented = match road {
            Road::Passthrough => sent.header("x-api-key").map(str::to_owned),
            Road::Gemini => sent.header("x-goog-api-key").map(str::to_owned),
            _ => sent
                .header("authorization")
                .and_then(|v| v.strip_prefix("Bearer "))
                .map(str::to_owned),
        };
        assert_eq!(presented.as_deref(), Some(canary.key()), "{road:?}");
        canary.assert_absent("the body sent upstream", &sent.body);
    }
    for path in ["/api/status", "/v1/models", "/health"] {
        canary.assert_absent(
            path,
            &client::get(roads.host.base(), path).await.everything(),
        );
    }
    let log = roads.host.log();
    assert!(log.contains("TRACE"), "nothing is logged at trace level");
    canary.assert_absent("the log", log.as_bytes());
    canary.assert_absent("standard output", roads.host.stdout().as_bytes());
}

#[tokio::test]
async fn a_key_that_an_upstream_echoes_is_in_no_answer_and_in_no_log() {
    assert_never_told(&Canary::plain("plain")).await;
}

#[tokio::test]
async fn a_key_with_characters_that_are_escaped_is_in_no_answer_and_in_no_log() {
    assert_never_told(&Canary::new("odd")).await;
}

#[tokio::test]
async fn a_key_echoed_as_part_of_a_url_is_found() {
    let canary = Canary::new("url");
    let roads = with_key(&canary).await;
    // As encodeURIComponent and most libraries write it: `-._~` stay.
    let escaped = canary.key().bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    });
    let encoded = escaped.collect::<Vec<_>>().concat();
    for road in Road::ALL {
        let body = json!({ "error": { "message": format!("no access: /v1?key={encoded}&x=1") } });
        let reply = roads.ask(road, true, Answer::json(403, &body)).await;
        canary.assert_absent("the answer", &reply.everything());
    }
}

#[tokio::test]
async fn the_clients_own_key_never_reaches_an_upstream() {
    let roads = Roads::start().await;
    let own = Canary::plain("client");
    let bearer = format!("Bearer {}", own.key());
    let cookie = format!("session={}", own.key());
    for road in Road::ALL {
        let request = road
            .request(true, &roads.words(Answer::sse(road.stream())))
            .to_string();
        let headers = [
            ("x-api-key", own.key()),
            ("authorization", bearer.as_str()),
            ("cookie", cookie.as_str()),
            ("proxy-authorization", bearer.as_str()),
        ];
        let target = "/v1/messages?beta=true";
        let reply = client::post(roads.host.base(), target, &headers, request.as_bytes()).await;
        assert_eq!(reply.status, 200);
        for (name, value) in roads.last(road).request.head.headers {
            own.assert_absent(&format!("{road:?}: {name}"), value.as_bytes());
        }
    }
    own.assert_absent("the log", roads.host.log().as_bytes());
}

/// JSON in which every letter of the text is escaped: only who reads it sees what it says.
fn letter_by_letter(text: &str) -> String {
    let letters = text.chars().map(|c| format!("\\u{:04x}", u32::from(c)));
    letters.collect::<Vec<_>>().concat()
}

#[tokio::test]
async fn a_key_that_a_command_printed_is_in_no_error_however_it_was_escaped() {
    let canary = Canary::plain("printed");
    let key = canary.key().to_owned();
    let roads = Roads::with(|host| {
        host.edit(move |config| {
            for provider in config["providers"].as_array_mut().expect("a list") {
                provider["auth"] = json!({ "command": ["printf", "%s", key] });
                let fields = provider.as_object_mut().expect("an object");
                fields.remove("api_key");
            }
        })
    })
    .await;
    let status = roads.host.status().await;
    let providers = status["providers"].as_array().expect("a list");
    assert!(
        providers.iter().all(|one| one["key"] == "command"),
        "{status:#}"
    );
    let escaped = letter_by_letter(canary.key());
    let error = format!("{{\"error\":{{\"message\":\"bad key {escaped}\"}}}}");
    let said = format!(
        "{{\"type\":\"error\",\"error\":{{\"type\":\"api_error\",\"message\":\"bad key {escaped}\"}}}}"
    );
    for road in Road::ALL {
        let event = match road {
            Road::Ollama => format!("{said}\n"),
            _ => format!("event: error\ndata: {said}\n\n"),
        };
        for stream in [true, false] {
            for answer in [
                Answer::whole(401, "application/json", error.as_bytes()),
                Answer::whole(500, "application/json", error.as_bytes()),
                Answer::whole(200, "application/json", error.as_bytes()),
                Answer::sse(event.as_bytes()),
            ] {
                let reply = roads.ask(road, stream, answer).await;
                let what = format!("{road:?} {stream}: {}", reply.text());
                assert!(reply.text().contains("bad key [redacted]"), "{what}");
                canary.assert_absent(&what, &reply.everything());
            }
        }
        let sent = roads.last(road).request;
        let bearer = format!("Bearer {}", canary.key());
        assert_eq!(
            sent.header("authorization"),
            Some(bearer.as_str()),
            "{road:?}"
        );
    }
    canary.assert_absent("the log", roads.host.log().as_bytes());
}
