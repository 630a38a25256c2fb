//! What is taken out, and what stays.

use serde_json::json;

use super::*;

const DEVICE: &str = "d03812dcaca5dfe8012b84f696b0a87287f5de971e688f9604e77cb153ea52d4";
const SESSION: &str = "d103f05b-071a-4be8-8b55-cc24029f49be";
const ACCOUNT: &str = "6a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";

fn redactor(own: &[Redaction]) -> Redactor {
    let known = Known {
        keys: vec!["a-key/of-mine+123".to_owned(), "short".to_owned()],
        home: Some("/home/alice".to_owned()),
        users: vec!["alice".to_owned(), "root".to_owned()],
        hosts: vec!["athena.corp.example".to_owned()],
    };
    Redactor::new(&known, own).unwrap()
}

fn redacted(text: &str) -> String {
    redactor(&[]).text(text)
}

#[test]
fn what_is_known_of_the_machine_is_taken_out_wherever_it_stands() {
    assert_eq!(redacted("see /home/alice/x"), "see /home/user/x");
    assert_eq!(
        redacted(r#"{"p":"\/home\/alice\/x"}"#),
        r#"{"p":"/home/user\/x"}"#
    );
    assert_eq!(redacted("-I/home/alice"), "-I/home/user");
    assert_eq!(redacted("alice@athena:~$"), "user@host:~$");
    assert_eq!(redacted("by athena.corp.example."), "by host.");
    assert_eq!(redacted("chalice and root"), "chalice and root");
    assert_eq!(redacted("key a-key/of-mine+123."), "key [redacted-key].");
    assert_eq!(redacted("a short text"), "a short text");
}

#[test]
fn what_has_the_form_of_a_key_is_taken_out() {
    for key in [
        "sk-ant-api03-abcdefghijkl0123456789",
        "csk-0123456789abcdefghij",
        "ghp_0123456789abcdefghijABCDEFGHIJ",
        "AKIA0123456789ABCDEF",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl0",
        "-----BEGIN RSA PRIVATE KEY-----\nab\n-----END RSA PRIVATE KEY-----",
    ] {
        assert_eq!(
            redacted(&format!("x {key} y")),
            "x [redacted-key] y",
            "{key}"
        );
    }
    assert_eq!(
        redacted("Authorization: Bearer abcdef0123456789abcdef"),
        "Authorization: Bearer [redacted-key]"
    );
    assert_eq!(
        redacted(r#"export FOO_API_KEY="abcdef0123456789abcdef""#),
        r#"export FOO_API_KEY="[redacted-key]""#
    );
    for harmless in [
        "task-management-is-a-long-word",
        "token: getTokenFromTheEnvironment",
    ] {
        assert_eq!(redacted(harmless), harmless);
    }
}

#[test]
fn ids_of_claude_code_are_taken_out_in_each_form_and_everywhere_else() {
    let forms = [
        format!("user_{DEVICE}_account_{ACCOUNT}_session_{SESSION}"),
        format!("user_{DEVICE}_account__session_{SESSION}"),
        json!({"device_id": DEVICE, "account_uuid": ACCOUNT, "session_id": SESSION}).to_string(),
    ];
    for form in forms {
        let body = json!({
            "metadata": {"user_id": form},
            "messages": [{"content": format!("/tmp/claude/{SESSION}/scratchpad {DEVICE} {ACCOUNT}")}],
        });
        let mut redactor = Redactor::new(&Known::default(), &[]).unwrap();
        let body = Bytes::from(body.to_string());
        redactor.learn_from_client(&body);
        let clean = redactor.body(&body);
        let clean = String::from_utf8(clean.to_vec()).unwrap();
        assert!(
            !clean.contains(DEVICE) && !clean.contains(SESSION),
            "{clean}"
        );
        if form.contains(ACCOUNT) {
            assert!(!clean.contains(ACCOUNT), "{clean}");
        }
        assert!(clean.contains("/tmp/claude/00000000-0000-4000-b000-000000000001/scratchpad"));
        let value: serde_json::Value = serde_json::from_str(&clean).unwrap();
        let id = value["metadata"]["user_id"].as_str().unwrap();
        assert_eq!(id.starts_with('{'), form.starts_with('{'), "{id}");
        assert_eq!(redactor.left_in(&Bytes::from(clean)), []);
    }
}

/// As Claude Code 2.1.330 says it.
const ENVIRONMENT: &str = "# Environment\nYou have been invoked in the following environment: \n - \
    Primary working directory: /srv/work/bob/acme\n - Is a git repository: true\n\n# Memory\n\nYou have a \
    persistent file-based memory at `/data/bob/.claude/projects/-srv-work-bob-acme/memory/`.";

#[test]
fn the_place_where_claude_code_runs_is_recognised() {
    let mut redactor = Redactor::new(&Known::default(), &[]).unwrap();
    let git = "Current branch: main\n\nGit user: Robert Smith\n\nStatus:\n(clean)";
    let body = json!({"messages": [
        {"role": "system", "content": ENVIRONMENT},
        {"role": "user", "content": [{"type": "text", "text": git}]},
        {"role": "user", "content": "ls /srv/work/bob/acme/src; asked by Robert Smith, as bob"},
    ]});
    let body = Bytes::from(body.to_string());
    redactor.learn_from_client(&body);
    let clean = String::from_utf8(redactor.body(&body).to_vec()).unwrap();
    for told in ["bob", "Robert", "/srv/work", "/data"] {
        assert!(!clean.contains(told), "{told}: {clean}");
    }
    assert!(
        clean.contains("directory: /home/user/project\\n"),
        "{clean}"
    );
    assert!(
        clean.contains("`/home/user/.claude/projects/-home-user-project/memory/`"),
        "{clean}"
    );
    assert!(
        clean.contains("ls /home/user/project/src; asked by user-2, as user"),
        "{clean}"
    );
    assert_eq!(
        redactor.take_counts().to_string(),
        "3 working folders, 1 home folder, 3 user names"
    );
}

#[test]
fn addresses_remotes_and_marks_are_taken_out_and_those_of_nobody_stay() {
    assert_eq!(
        redacted("mail bob@corp.io now"),
        "mail user@example.com now"
    );
    assert_eq!(
        redacted("<noreply@anthropic.com>"),
        "<noreply@anthropic.com>"
    );
    assert_eq!(
        redacted("origin git@github.com:acme/secret.git (fetch)"),
        "origin git@github.com:user/project.git (fetch)"
    );
    assert_eq!(
        redacted("clone https://bob:pw@git.corp.io/acme/secret.git"),
        "clone https://[redacted-key]@git.corp.io/user/project.git"
    );
    assert_eq!(
        redacted("cc_version=2; cch=a1b2c;"),
        "cc_version=2; cch=00000;"
    );
    assert_eq!(redacted("/Users/carol/x"), "/Users/user-2/x");
    assert_eq!(
        redacted("limit for organization org-AbCdEf012345"),
        "limit for organization organisation-1"
    );
}

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
        "data: {{\"id\":\"x\",\"user\":\"sk-{}1\"}}\n\n",
        "a".repeat(20)
    );
    let mut redactor = redactor(&[]);
    let clean = redactor.body(&Bytes::from(event.repeat(3)));
    let clean = String::from_utf8(clean.to_vec()).unwrap();
    assert_eq!(clean.matches("[redacted-key]").count(), 3, "{clean}");
}

#[test]
fn rules_of_ones_own_come_first_and_may_keep_a_part() {
    let own = [Redaction {
        pattern: r"(ticket )ACME-\d+".to_owned(),
        with: "${1}ACME-0".to_owned(),
    }];
    let mut redactor = redactor(&own);
    assert_eq!(
        redactor.text("ticket ACME-123 by alice"),
        "ticket ACME-0 by user"
    );
    assert_eq!(
        redactor.take_counts().to_string(),
        "1 user name, 1 match of an own rule"
    );
    let wrong = [Redaction {
        pattern: "(".to_owned(),
        with: String::new(),
    }];
    let error = Redactor::new(&Known::default(), &wrong).err().unwrap();
    assert!(error.contains("not a regular expression"), "{error}");
}

#[test]
fn what_is_redacted_already_stays_and_is_not_counted() {
    let mut redactor = redactor(&[]);
    let once =
        redactor.text("alice in /home/alice with csk-0123456789abcdefghij, bob@corp.io, cch=12");
    redactor.take_counts();
    assert_eq!(redactor.text(&once), once);
    assert_eq!(redactor.take_counts(), Counts::default());
    let harmless = Bytes::from_static(b"{\"a\": \"nothing\"}");
    assert_eq!(redactor.body(&harmless).as_ptr(), harmless.as_ptr());
}

/// As `guest record` does it: what a body tells is learned before it is taken out.
fn learned(known: &Known, body: &serde_json::Value) -> String {
    let mut redactor = Redactor::new(known, &[]).unwrap();
    let body = Bytes::from(body.to_string());
    redactor.learn_from_client(&body);
    let clean = redactor.body(&body);
    assert_eq!(redactor.left_in(&clean), [], "{clean:?}");
    String::from_utf8(clean.to_vec()).unwrap()
}

fn named(user: &str, host: &str) -> Known {
    Known {
        users: vec![user.to_owned()],
        hosts: vec![host.to_owned()],
        ..Known::default()
    }
}

#[test]
fn a_value_that_begins_like_a_placeholder_is_none() {
    let ids = json!({"device_id": "device-a1b2c3d4e5f6", "account_uuid": "account-77aa88bb99cc",
        "session_id": "session-5f3e9c0a1b2c"});
    let body = json!({
        "metadata": {"user_id": ids.to_string()},
        "org_id": "organisation-acme-4711", "installation_id": "00000000beef1234",
        "text": "session-5f3e9c0a1b2c on host-17.corp or host-17 by user-jane",
    });
    let clean = learned(&named("user-jane", "host-17.corp"), &body);
    for told in [
        "a1b2c3", "77aa88", "5f3e9c", "acme", "beef", "jane", "host-17",
    ] {
        assert!(!clean.contains(told), "{told}: {clean}");
    }
}

#[test]
fn what_stands_under_the_name_of_an_id_is_taken_out_whatever_it_is() {
    let nested = json!({"account_id": 8_812_345_678_u64, "team_id": "tm-1"}).to_string();
    let body = json!({
        "metadata": {"user_id": "kunde-4711-jane"}, "account_id": 8_812_345_678_u64,
        "tenantId": "x1", "session_id": "string", "other": 8_812_345_678_u64, "max_tokens": 16,
        "text": [nested, "8812345678 of kunde-4711-jane", "AWS_ACCOUNT_ID=123456789012"],
    });
    let clean = learned(&Known::default(), &body);
    for told in ["kunde", "8812345678", "tm-1", "x1", "123456789012"] {
        assert!(!clean.contains(told), "{told}: {clean}");
    }
    let value: serde_json::Value = serde_json::from_str(&clean).unwrap();
    assert!(value["account_id"].is_u64() && value["account_id"] == value["other"]);
    assert_eq!(
        (&value["session_id"], &value["max_tokens"]),
        (&json!("string"), &json!(16))
    );
}

#[test]
fn names_of_members_and_words_of_the_formats_stay_whatever_a_user_is_called() {
    for user in [
        "max", "stop", "delta", "index", "role", "usage", "end", "high", "ping",
    ] {
        let body = json!({
            user: {"type": user, "role": user, "finish_reason": user, "stop_reason": "end_turn"},
            "max_tokens": 16, "usage": {"input_tokens": 1}, "text": format!("by {user}, of {user}_x"),
        });
        let clean: serde_json::Value =
            serde_json::from_str(&learned(&named(user, "athena"), &body)).unwrap();
        let mut expected = body.clone();
        expected["text"] = format!("by user, of {user}_x").into();
        let words = ["stop", "delta", "usage", "high", "ping", "max"];
        if words.contains(&user) {
            assert_eq!(clean, expected);
        } else {
            assert_eq!(clean["text"], expected["text"]);
            assert!(
                clean[user].is_object() && clean["max_tokens"] == 16,
                "{clean}"
            );
        }
    }
    let stream = Bytes::from_static(b"event: ping\ndata: {\"type\":\"ping\"}\n\ndata: [DONE]\n\n");
    let mut redactor = Redactor::new(&named("ping", "retry"), &[]).unwrap();
    assert_eq!(redactor.body(&stream), stream);
}

#[test]
fn keys_of_many_issuers_and_secrets_by_their_names_are_taken_out() {
    // In two parts each, so that no scanner takes this file for a leak.
    for (begin, rest) in [
        ("0123456789abcdef0123456789abcdef", ".AbCdEfGhIjKlMnOp"),
        ("npm_", "abcdefghijABCDEFGHIJ0123456789abcdef"),
        ("sk_live_", "abcdefghij0123456789"),
        ("pypi-", "AgEIcHlwaS5vcmcCJDU0"),
        ("nvapi-", "abcdefghij0123456789ABCDEF"),
        ("dop_v1_", "0123456789abcdef0123456789abcdef"),
        ("gsk_", "abcdefghij0123456789ABCDEF"),
        ("SG.", "abcdefghij0123456789.abcdefghij0123456789"),
        ("hvs.", "CABEIabcdefghij0123456789"),
    ] {
        let key = format!("{begin}{rest}");
        assert_eq!(
            redacted(&format!("x {key} y")),
            "x [redacted-key] y",
            "{key}"
        );
    }
    for (name, secret) in [
        (
            "aws_secret_access_key = ",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        ),
        (
            "DefaultEndpointsProtocol=https;AccountKey=",
            "abcdefghij0123456789+/ABCD==",
        ),
        ("DB_PASSWORD=", "S3cr3t!pass"),
        ("POSTGRES_PASSWORD=", "correcthorsebattery"),
        ("\"password\": \"", "correcthorse"),
        ("redis://:", "hunter2@cache"),
    ] {
        let clean = redacted(&format!("{name}{secret}"));
        assert!(
            !clean.contains(secret) && clean.contains("[redacted-key]"),
            "{clean}"
        );
        assert_eq!(redacted(&clean), clean);
    }
    for harmless in [
        "PWD=/srv/x1",
        "let token = next_token(input);",
        "password: String",
        "max_tokens=16384",
    ] {
        assert_eq!(redacted(harmless), harmless);
    }
}

#[test]
fn whose_home_is_named_is_taken_out_wherever_the_name_stands() {
    for (home, name) in [
        ("/home/jürgen/x", "jürgen"),
        ("/home/zo/x", "zo"),
        ("%2Fhome%2Falice%2Fx", "alice"),
        (r"C:\Users\Jane Doe\x", "Jane Doe"),
        ("/home/users/alice/proj", "alice"),
        ("/export/home/alice", "alice"),
    ] {
        let body = json!({"messages": [{"content": home}, {"content":
            format!("/data/{name}/x ~{name} ssh://{name}@h {name}@localhost {name}_x")}]});
        let clean: serde_json::Value =
            serde_json::from_str(&learned(&Known::default(), &body)).unwrap();
        assert!(
            !clean["messages"][0]["content"]
                .as_str()
                .unwrap()
                .contains(name),
            "{clean}"
        );
        let expected = format!("/data/user/x ~user ssh://user@h user@localhost {name}_x");
        assert_eq!(clean["messages"][1]["content"], expected);
    }
}

#[test]
fn a_placeholder_is_never_taken_for_what_is_looked_for() {
    let body = json!({"a": "/home/alice/x by user-2", "b": "user-2"});
    let clean = learned(&named("user-2", "host"), &body);
    assert!(
        !clean.contains("alice") && !clean.contains("user-2"),
        "{clean}"
    );
}

#[test]
fn what_a_rule_of_ones_own_put_in_is_no_leak_though_the_rule_finds_it() {
    let own = [Redaction {
        pattern: "acme".to_owned(),
        with: "acme-co".to_owned(),
    }];
    let mut redactor = redactor(&own);
    let clean = redactor.body(&Bytes::from_static(b"{\"a\":\"by acme\"}"));
    assert_eq!(clean, "{\"a\":\"by acme-co\"}");
    assert_eq!(redactor.left_in(&clean), []);
    let other = Bytes::from_static(b"{\"a\":\"acme and acme-co\"}");
    assert_eq!(redactor.left_in(&other), [Kind::Own]);
}

#[test]
fn words_of_the_formats_stay_where_a_user_is_called_so() {
    let known = Known {
        home: Some("/home/max".to_owned()),
        users: vec!["max".to_owned(), "stop".to_owned(), "block".to_owned()],
        ..Known::default()
    };
    let mut redactor = Redactor::new(&known, &[]).unwrap();
    let body = json!({
        "max_tokens": 16, "stop_sequences": ["x"], "finish_reason": "stop", "max_own": 1,
        "messages": [{"role": "user", "content": "max_tokens of max, in /home/max/x"}],
        "files": {"/home/max/a": 1, "max-a/b": 2},
    });
    let clean = redactor.body(&Bytes::from(body.to_string()));
    let clean: serde_json::Value = serde_json::from_slice(&clean).unwrap();
    for (name, value) in body.as_object().unwrap() {
        if !["messages", "files"].contains(&name.as_str()) {
            assert_eq!(clean.get(name), Some(value), "{name}");
        }
    }
    let said = clean["messages"][0]["content"].as_str().unwrap();
    assert!(said.ends_with("of user, in /home/user/x"), "{said}");
    let files: Vec<_> = clean["files"].as_object().unwrap().keys().collect();
    assert_eq!(files, ["/home/user/a", "user-a/b"]);
    let event =
        "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n";
    let event = Bytes::from_static(event.as_bytes());
    assert_eq!(redactor.body(&event), event);
}

#[test]
fn ids_of_any_client_and_in_numbers_are_taken_out() {
    let body = json!({
        "metadata": {"user_id": "kunde-4711-jane"}, "account_id": 8_812_345_678_u64,
        "text": "kunde-4711-jane has 8812345678 and 8812345679", "amount": 8_812_345_678_u64,
    });
    let body = Bytes::from(body.to_string());
    let mut redactor = Redactor::new(&Known::default(), &[]).unwrap();
    redactor.learn_from_client(&body);
    let clean = redactor.body(&body);
    let clean: serde_json::Value = serde_json::from_slice(&clean).unwrap();
    assert_eq!(clean["metadata"]["user_id"], "account-1");
    assert!(clean["account_id"].is_u64(), "{clean}");
    let text = clean.to_string();
    assert!(
        !text.contains("4711") && !text.contains("8812345678"),
        "{text}"
    );
    assert!(text.contains("8812345679"), "{text}");
    assert_eq!(redactor.left_in(&Bytes::from(text)), []);
}

#[test]
fn homes_are_found_in_whatever_letters_they_are_written() {
    for (text, clean) in [
        ("/home/jürgen/x", "/home/user/x"),
        ("/home/zo/x", "/home/user/x"),
        ("file:%2Fhome%2Fcarol%2Fx", "file:%2Fhome%2Fuser%2Fx"),
        ("%2fUsers%2fj%C3%BCrgen%2fx", "%2fUsers%2fuser%2fx"),
        (r"C:\Users\Jane Doe\x", r"C:\Users\user\x"),
        (r"C:\Users\jane and more", r"C:\Users\user and more"),
        (
            "/home/user/x and /Users/shared",
            "/home/user/x and /Users/shared",
        ),
    ] {
        let mut redactor = Redactor::new(&Known::default(), &[]).unwrap();
        assert_eq!(redactor.text(text), clean);
        assert_eq!(redactor.text(clean), clean);
    }
}

#[test]
fn an_address_of_anybody_is_taken_out_whatever_its_domain() {
    for address in [
        "alice@example.com",
        "bob@mail.example.org",
        "jürgen@firma.example",
    ] {
        let mut redactor = Redactor::new(&Known::default(), &[]).unwrap();
        let clean = redactor.text(&format!("by {address}."));
        assert_eq!(clean, "by user@example.com.", "{address}");
        assert_eq!(redactor.text(&clean), clean);
    }
}
