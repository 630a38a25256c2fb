//! A recorder of every byte that a guest is given: the guest `faulty` returns all of it in
//! hexadecimal, in which form the host takes nothing out of what guests say. The upstream echoes
//! the key in headers, errors and streams that are torn at every byte.

use tokio::task::JoinSet;

use super::*;
use crate::harness::client::Reply;

/// The texts that the guest returned, from its hexadecimal words in the bytes.
fn recorded(bytes: &[u8]) -> Vec<Vec<u8>> {
    let words = bytes.split(|byte| !byte.is_ascii_hexdigit());
    let long = words.filter(|word| word.len() > 200 && word.len().is_multiple_of(2));
    long.map(|word| {
        let digit = |at: usize| char::from(word[at]).to_digit(16).unwrap_or_default() as u8;
        (0..word.len())
            .step_by(2)
            .map(|at| digit(at) << 4 | digit(at + 1))
            .collect()
    })
    .collect()
}

/// Fails if the key is anywhere in the answer, or in what the guest was given for it.
fn assert_unknown(key: &Canary, what: &str, reply: &Reply) {
    key.assert_absent(&format!("the answer to {what}"), &reply.everything());
    let given = recorded(&reply.body);
    assert!(
        !given.is_empty(),
        "{what}: nothing was recorded: {}",
        reply.text()
    );
    for given in &given {
        key.assert_absent(&format!("what the guest was given of {what}"), given);
    }
    let all = given.concat();
    let all = String::from_utf8_lossy(&all);
    assert!(
        all.contains(REDACTED),
        "{what}: the key was not echoed: {all}"
    );
}

/// A guest that records what it is given, alone and right of one that passes everything on.
fn host(upstream: &Upstream, key: &Canary) -> Host {
    let recorder = json!({ "name": "faulty", "options": { "fault": "response-hex" } });
    let mut builder = Builder::new()
        .env("ECHO_API_KEY", key.key())
        .env("TRANSOM_LOG", "trace")
        .component("faulty", &scene::guest("faulty"));
    for (name, stages) in [
        ("alone", json!([recorder])),
        ("left", json!([recorder, "faulty"])),
        ("right", json!(["faulty", recorder])),
    ] {
        let mut provider = scene::chain(name, &upstream.url(), &stages);
        provider["api_key"] = json!("${ECHO_API_KEY}");
        builder = builder.provider(provider);
    }
    builder.start()
}

/// Two events that say the key: as JSON, and as programs write it that escape slashes too.
fn events(key: &str) -> Vec<u8> {
    let texts = [format!("your key is {key}, and"), "that is all".to_owned()];
    let events = String::from_utf8(scene::message_events(&texts).concat()).expect("text");
    let comment = format!(": for {key}\n\n");
    let slashes = events.replace('/', "\\/");
    let (begin, rest) =
        slashes.split_at(slashes.find("event: content_block_stop").expect("an end"));
    format!("{comment}{begin}{rest}").into_bytes()
}

/// How a body is torn: in two after so many bytes.
fn torn(answer: Answer, at: usize, body: &[u8]) -> Answer {
    let (first, rest) = body.split_at(at);
    let pause = std::time::Duration::from_millis(1);
    answer.chunk(first).pause(pause).chunk(rest).end()
}

/// The number that the prompt holds: where the answer is torn.
fn place(request: &Request) -> usize {
    let body = request.json();
    let prompt = body["messages"][0]["content"].as_str();
    prompt
        .and_then(|prompt| prompt.parse().ok())
        .expect("a number")
}

/// What the upstream is asked for, how long its answer is, and the answer.
struct Kind {
    name: &'static str,
    streams: bool,
    body: fn(&str) -> Vec<u8>,
    head: fn() -> Answer,
}

fn json_head(status: u16) -> Answer {
    Answer::new(status).header("content-type", "application/json")
}

const KINDS: [Kind; 4] = [
    Kind {
        name: "a stream",
        streams: true,
        body: events,
        head: Answer::stream,
    },
    Kind {
        name: "a whole answer",
        streams: false,
        body: |key| {
            let pieces = [format!("your key is {key}")];
            scene::message_whole(&pieces).to_string().into_bytes()
        },
        head: || json_head(200),
    },
    Kind {
        name: "an error",
        streams: true,
        body: |key| {
            json!({ "error": { "message": format!("bad key {key}") } })
                .to_string()
                .into_bytes()
        },
        head: || json_head(401),
    },
    Kind {
        name: "an error inside a 200",
        streams: false,
        body: |key| {
            json!({ "error": { "message": format!("bad key {key}") } })
                .to_string()
                .into_bytes()
        },
        head: || json_head(200),
    },
];

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_is_never_given_the_key_wherever_the_answer_that_says_it_is_torn() {
    for kind in &KINDS {
        let key = Canary::new("torn");
        let body = (kind.body)(key.key());
        let (length, echoed, head) = (body.len(), key.key().to_owned(), kind.head);
        let upstream = Upstream::start(move |request| {
            let bearer = format!("Bearer {echoed}");
            let head = head()
                .header("x-echo", &echoed)
                .header("x-echo-bearer", &bearer);
            torn(head, place(request), &body)
        })
        .await;
        let host = host(&upstream, &key);
        for (number, model) in ["alone", "left", "right"].into_iter().enumerate() {
            // At every byte alone; in a chain at every third, each chain at others.
            let step = if number == 0 { 1 } else { 3 };
            ask_all(&host, &key, kind, model, (number + 1..length).step_by(step)).await;
        }
        let log = host.log();
        assert!(
            log.contains("TRACE"),
            "{}: the log is at its most talkative",
            kind.name
        );
        key.assert_absent("the log", log.as_bytes());
        for given in recorded(log.as_bytes()) {
            key.assert_absent("what the guest was given, in the log", &given);
        }
        key.assert_absent("the output", host.stdout().as_bytes());
    }
}

/// Asks for the answer torn at each of these places, some at a time.
async fn ask_all(
    host: &Host,
    key: &Canary,
    kind: &Kind,
    model: &str,
    places: impl Iterator<Item = usize>,
) {
    let places: Vec<usize> = places.collect();
    for some in places.chunks(16) {
        let mut asked = JoinSet::new();
        for place in some.iter().copied() {
            let base = host.base().to_owned();
            let mut body = scene::ask(model, &place.to_string());
            body["stream"] = json!(kind.streams);
            asked.spawn(async move { (place, client::messages(&base, &body).await) });
        }
        for (place, reply) in asked.join_all().await {
            let what = format!("{} of {model} torn at {place}", kind.name);
            assert_unknown(key, &what, &reply);
        }
    }
}
