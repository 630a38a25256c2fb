//! What a stream brings in pieces, wherever it was cut.

use serde_json::json;

use super::*;

#[test]
fn what_a_stream_brings_in_pieces_is_taken_out() {
    let event = |text: &str| {
        let delta = json!({"index": 0, "delta": {"type": "text_delta", "text": text}});
        format!("event: content_block_delta\ndata: {delta}\n\n")
    };
    let pieces = ["in /ho", "me", "/al", "ice/src, al", "ice said"];
    let body: String = pieces.iter().map(|piece| event(piece)).collect();
    let mut redactor = redactor(&[]);
    let clean = redactor.body(&Bytes::from(body));
    let clean = String::from_utf8(clean.to_vec()).unwrap();
    let texts: Vec<String> = clean
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str::<serde_json::Value>(data).unwrap())
        .map(|value| value["delta"]["text"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(texts, ["in /home/user", "", "", "/src, user", " said"]);
}

#[test]
fn a_secret_that_is_an_event_of_its_own_is_known_by_the_one_before() {
    let event = |text: &str| format!("data: {}\n\n", json!({"delta": {"text": text}}));
    for pieces in [
        ["DB_PASSWORD=\"", "hunter2Zx9", "\" is it"],
        ["{\"password\": \"", "hunter2Zx9", "\"}"],
        ["Authorization: Basic ", "aHVudGVyMlp4OQ==", " it is"],
    ] {
        let body: String = pieces.iter().map(|piece| event(piece)).collect();
        let mut redactor = redactor(&[]);
        let clean = redactor.body(&Bytes::from(body));
        let clean = String::from_utf8_lossy(&clean);
        assert!(!clean.contains(pieces[1]), "{clean}");
        assert!(
            redactor
                .left_in(&Bytes::from(clean.into_owned()))
                .is_empty()
        );
    }
}

#[test]
fn a_string_that_every_event_has_is_not_a_text_in_pieces() {
    let event = format!(
        "data: {{\"id\":\"x\",\"note\":\"sk-{}1\"}}\n\n",
        "a".repeat(20)
    );
    let mut redactor = redactor(&[]);
    let clean = redactor.body(&Bytes::from(event.repeat(3)));
    let clean = String::from_utf8(clean.to_vec()).unwrap();
    assert_eq!(clean.matches("[redacted-key]").count(), 3, "{clean}");
}

/// The events of a stream that bring these pieces, and what its texts come to when it was redacted.
pub(super) fn streamed(member: &str, pieces: &[&str], known: &Known) -> Vec<String> {
    let event = |text: &&str| {
        let delta = json!({"index": 0, "delta": {member: text}});
        format!("event: content_block_delta\ndata: {delta}\n\n")
    };
    let body = Bytes::from(pieces.iter().map(event).collect::<String>());
    let mut redactor = Redactor::new(known, &[]).unwrap();
    redactor.learn(&body);
    let clean = redactor.body(&body);
    assert_eq!(redactor.left_in(&clean), [], "{clean:?}");
    let clean = String::from_utf8(clean.to_vec()).unwrap();
    let data = clean.lines().filter_map(|line| line.strip_prefix("data: "));
    let values = data.map(|data| serde_json::from_str::<serde_json::Value>(data).unwrap());
    values
        .map(|value| value["delta"][member].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_piece_of_a_word_is_no_name() {
    let known = named("max", "athena");
    let text = ["see ", "max", "imum and ", "max", "_tokens of ", "ma", "x"];
    let expected = ["see ", "max", "imum and ", "max", "_tokens of ", "user", ""];
    assert_eq!(streamed("text", &text, &known), expected);
    assert_eq!(streamed("words", &text, &known), expected);
    let arguments = ["{\"", "max", "_results\": 5, \"", "max", "\": 3}"];
    assert_eq!(streamed("partial_json", &arguments, &known), arguments);
}

#[test]
fn ids_are_learned_from_a_text_in_pieces_and_homes_from_no_piece() {
    let pieces = [
        "{\"account_id\": \"",
        "acct-9911-qq",
        "\", \"org_id\": ",
        "8812345670",
        ", \"of\": \"",
        "8812345670 acct-9911-qq",
        "\"}",
    ];
    let clean = streamed("partial_json", &pieces, &Known::default());
    assert_eq!(
        clean.concat(),
        r#"{"account_id": "account-1", "org_id": 1000000001, "of": "1000000001 account-1"}"#
    );
    let clean = streamed("text", &["in /home/al", "ice, not al"], &Known::default());
    assert_eq!(clean, ["in /home/user", ", not al"]);
}

/// What is before a value, and the value.
const FORMS: [(&str, &str); 40] = [
    ("export DB_PASSWORD=", "hunter2Zx9"),
    ("AccountKey=", "abcdefghij0123456789+/ABCD=="),
    ("Authorization: Basic ", "YWxpY2U6aHVudGVyMg=="),
    ("Authorization: Bearer ", "abcdef0123456789abcdef"),
    ("secret_key: ", "wJalrXUtnFEMI0K7MDENG"),
    ("git@github.com:", "acmecorp/secretproj"),
    ("cch=", "ab12f"),
    ("x ", "alice.liddell@corp.example"),
    ("x ", "alice.liddell%40corp.example"),
    ("in /home/", "bobby"),
    ("in /Users/", "bobby"),
    ("C:\\Users\\", "Jane Doe\\"),
    ("{\"account_id\": \"", "acct-9911-qq"),
    ("{\"password\": \"", "hunter7Qq9"),
    ("{\"org_id\": ", "8812345670"),
    ("{\"session_id\": \"", "s-4711-abcd"),
    ("AWS_ACCOUNT_ID=", "123456789012"),
    ("Account ID: ", "acct-4711-8812"),
    ("organization ID: ", "7f3c9c1e-0000-4abc-8000-aabbccddeeff"),
    ("\"Account\": \"", "123456789012"),
    ("arn:aws:iam::", "123456789012:"),
    ("/subscriptions/", "7f3c9c1e-1111-4abc-8000-aabbccddeeff"),
    (
        "https://dash.cloudflare.com/",
        "0123456789abcdef0123456789abcdef",
    ),
    ("set-cookie: ", "session=s%3Aabcd1234"),
    ("machine x login jane password ", "hunter2trombone"),
    ("client-key-data: ", "LS0tLS1CRUdJTiBSU0EgUFJJ"),
    ("postgres://", "svc:pa/ss1word"),
    ("redis://", ":hunter2"),
    ("curl -u ", "jane:hunter2"),
    ("--token ", "abcdef0123456789"),
    ("--password ", "correcthorsebattery"),
    ("spring.datasource.password=", "correcthorsebattery"),
    ("limit of ", "org-AbCdEf012345"),
    ("key ", "sk-ant-api03-abcdefghijkl0123456789"),
    ("key ", "AKIA0123456789ABCDEF"),
    (
        "key ",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl0",
    ),
    ("uid=1000(", "bobby"),
    ("Author: ", "Alice Liddell <"),
    ("username: ", "bobby"),
    (
        "user_d03812dcaca5dfe8012b_account__session_",
        "d103f05b-071a-4be8",
    ),
];

#[test]
fn every_form_is_found_wherever_a_stream_cuts_it() {
    for (before, value) in FORMS {
        let begins = format!("ok\n{before}");
        let ends = if before.contains("{\"") && !value.starts_with("88") {
            "\"}"
        } else {
            "\n"
        };
        let ends = match before {
            "postgres://" | "redis://" => "@db/x",
            "uid=1000(" => ")",
            "git@github.com:" => ".git now",
            _ => ends,
        };
        let whole = format!("{begins}{value}{ends}");
        let kept = value.trim_end_matches(['\\', '<', ' ', ':']);
        let check = |pieces: &[&str]| {
            let clean = streamed("text", pieces, &Known::default());
            assert_eq!(clean.len(), pieces.len());
            let clean = clean.concat();
            assert!(!clean.contains(kept), "{pieces:?}: {clean}");
        };
        check(&[&begins, value, ends]);
        for at in (1..whole.len()).filter(|at| whole.is_char_boundary(*at)) {
            let (one, two) = whole.split_at(at);
            check(&[one, two]);
        }
    }
}

#[test]
fn arguments_that_were_cut_off_are_looked_at_member_by_member() {
    let whole = concat!(
        r#"{"headers":{"Authorization":"Basic YWxpY2U6aHVudGVyMg=="},"key":"0123456789abcdef0123","#,
        r#""pwd":"Tr0ub4dor&3","organization":{"id":"orgz-77-acme"},"username":"bobby.tables","max":3,"#,
        r#""of":"max","line":"a\"b","command":"unfinis"#
    );
    let told = [
        "YWxp",
        "0123456789",
        "Tr0ub",
        "orgz",
        "bobby",
        "\"of\":\"max\"",
    ];
    for length in [1, 2, 3, 5, 7, 400] {
        let letters: Vec<char> = whole.chars().collect();
        let pieces: Vec<String> = letters.chunks(length).map(|c| c.iter().collect()).collect();
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        let clean = streamed("partial_json", &pieces, &named("max", "athena")).concat();
        for told in told {
            assert!(!clean.contains(told), "{told}: {clean}");
        }
        let stays = r#""max":3,"of":"user","line":"a\"b","command":"unfinis"#;
        assert!(clean.ends_with(stays), "{clean}");
    }
    let cut = ["{\"pwd\":\"Tr0ub4d", "or&3\\u00"];
    let clean = streamed("partial_json", &cut, &Known::default());
    assert_eq!(clean.concat(), "{\"pwd\":\"[redacted-key]\\u00");
}

#[test]
fn a_text_in_brackets_is_no_list() {
    for text in ["[alice]", "[alice", "{alice}", "[1, alice]"] {
        let body = json!({ "content": text });
        let clean = learned(&named("alice", "athena"), &body);
        assert!(!clean.contains("alice"), "{clean}");
    }
    let list = json!({"content": "[true, null, 1.5, -2e3, \"x\"]"});
    assert_eq!(learned(&named("alice", "true"), &list), list.to_string());
}

#[test]
fn texts_of_several_items_are_each_one_text() {
    let event = |kind: &str, item: usize, text: &str| {
        let data = json!({"type": format!("response.{kind}.delta"), "item_id": format!("msg_{}", text.len()),
            "output_index": item, "content_index": 0, "delta": text});
        format!("event: response.{kind}.delta\ndata: {data}\n\n")
    };
    let arguments = "function_call_arguments";
    let secret = r#"{"key":"0123456789abcdef0123","pwd":"Tr0ub4dor&3"}"#;
    let body = [
        event("reasoning_summary_text", 0, "I must "),
        event("output_text", 1, "so "),
        event("reasoning_summary_text", 0, "ask al"),
        event(arguments, 2, &secret[..12]),
        event("output_text", 1, "it e"),
        event(arguments, 3, &secret[..20]),
        event("reasoning_summary_text", 0, "ice"),
        event(arguments, 2, &secret[12..]),
        event("output_text", 1, "nds with al"),
        event(arguments, 3, &secret[20..]),
    ];
    let body = Bytes::from(body.concat());
    let mut redactor = redactor(&[]);
    redactor.learn(&body);
    let clean = redactor.body(&body);
    assert_eq!(redactor.left_in(&clean), []);
    let clean = String::from_utf8(clean.to_vec()).unwrap();
    for told in ["0123456789", "Tr0ub", "ask al"] {
        assert!(!clean.contains(told), "{told}: {clean}");
    }
    assert!(
        clean.contains("ask user") && clean.contains("nds with al"),
        "{clean}"
    );
    // The same as one message has it.
    let whole = json!({"output": [{"arguments": secret}, {"arguments": secret}]});
    let whole = redactor.body(&Bytes::from(whole.to_string()));
    assert!(!String::from_utf8_lossy(&whole).contains("Tr0ub"));
}

#[test]
fn half_an_event_at_the_end_of_a_cut_stream_belongs_to_its_text() {
    let event = |text: &str| format!("data: {}\n\n", json!({"index": 0, "content": text}));
    let half = r#"data: {"index":0,"content":"hunter2Zx9"#;
    for cut in [half.to_owned(), format!("{half}\\"), format!("{half}\\u00")] {
        let body = Bytes::from(event("export DB_PASSWORD=") + &cut);
        let mut redactor = redactor(&[]);
        let clean = redactor.body(&body);
        let text = String::from_utf8_lossy(&clean);
        assert!(!text.contains("hunter2Z"), "{text}");
        assert_eq!(redactor.left_in(&clean), []);
    }
    let plain = Bytes::from(event("so it ") + r#"data: {"index":0,"content":"ends"#);
    assert_eq!(redactor(&[]).body(&plain), plain);
}

#[test]
fn what_is_no_utf_8_stays_where_something_is_taken_out() {
    let json = [
        b"{\"a\":\"bob@corp.example fi".as_slice(),
        b"\xff",
        b"ne\"}",
    ]
    .concat();
    let stream = [
        b"data: {\"a\":\"by alice, touch".as_slice(),
        b"\xe9",
        b"\"}\n\n",
    ]
    .concat();
    for (body, expected) in [
        (
            json,
            [
                b"{\"a\":\"user@example.com fi".as_slice(),
                b"\xff",
                b"ne\"}",
            ]
            .concat(),
        ),
        (
            stream,
            [
                b"data: {\"a\":\"by user, touch".as_slice(),
                b"\xe9",
                b"\"}\n\n",
            ]
            .concat(),
        ),
    ] {
        let mut redactor = redactor(&[]);
        let body = Bytes::from(body);
        redactor.learn(&body);
        let clean = redactor.body(&body);
        assert_eq!(clean, expected);
        assert_eq!(redactor.left_in(&clean), []);
    }
}
