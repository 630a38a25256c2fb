//! JSON and settings amid a text: what goes, and what stays there.

use serde_json::json;

use super::*;

/// As a tool's result, and as a text of a stream.
pub(super) fn results(text: &str) -> [String; 2] {
    let body = json!({"messages": [{"role": "user", "content": [{"type": "tool_result", "content": text}]}]});
    let clean: serde_json::Value =
        serde_json::from_str(&learned(&Known::default(), &body)).unwrap();
    let clean = clean["messages"][0]["content"][0]["content"]
        .as_str()
        .unwrap();
    let (one, two) = text.split_at(text.floor_char_boundary(text.len() / 2));
    let pieces = super::streams::streamed("text", &[one, two], &Known::default());
    [clean.to_owned(), pieces.concat()]
}

const SECRETS: &str = r#"{
  "account": {
    "id": "acct-88-zed"
  },
  "organization": {"id": "orgz-77-acme", "name": "x"},
  "devices": [{"id": "dev-91ab-77"}], "pat": "c8f5f167f44f4964e6c998dee827110c",
  "pwd": "Tr0ub4dor&3", "pass": "Sw0rdfish&1", "key": "0123456789abcdef0123", "username": "bobby.tables",
  "session": "b8f5f167f44f4964e6c998dee827110c", "user": "jane-4711x-user", "path": "/srv/x1", "n": 5
}"#;

const TOLD: [&str; 10] = [
    "acct-88", "orgz-77", "dev-91ab", "c8f5", "Tr0ub", "Sw0rd", "0123456", "bobby", "b8f5", "jane",
];

#[test]
fn json_amid_a_text_is_looked_at_member_by_member() {
    let lines = SECRETS.lines().enumerate();
    let read: Vec<String> = lines
        .map(|(at, line)| format!("{:>6}\u{2192}{line}", at + 12))
        .collect();
    let compact = serde_json::from_str::<serde_json::Value>(SECRETS)
        .unwrap()
        .to_string();
    for text in [
        format!("HTTP/1.1 200 OK\ncontent-type: application/json\n\n{SECRETS}"),
        format!("So it is:\n```json\n{SECRETS}\n```\nand no more"),
        format!("{compact}\n{compact}\n"),
        read.join("\n"),
        read[1..].join("\n"),
        format!("so {}", json!({ "body": compact })),
        format!(
            "so {}",
            json!({"body": compact}).to_string().replace('"', "\\\"")
        ),
        format!("so {}", compact.replace('"', "'")),
    ] {
        for clean in results(&text) {
            for told in TOLD {
                assert!(!clean.contains(told), "{told}: {clean}");
            }
            assert!(
                clean.contains("/srv/x1") && clean.contains("path"),
                "{clean}"
            );
        }
    }
}

#[test]
fn settings_in_lines_are_taken_out() {
    for (begin, value, end) in [
        ("key: ", "0123456789abcdef0123", ""),
        ("pass: ", "Sw0rdfish&1", ""),
        ("a: b\npwd = ", "Tr0ub4dor&3", "\nc: d"),
        ("session: ", "b8f5f167f44f4964e6c998dee827110c", "\n"),
        ("pat: '", "c8f5f167f44f4964e6c998dee827110c", "'"),
        ("user: ", "jane-4711x-user", ""),
        ("     3\u{2192}  pwd: ", "Tr0ub4dor&3", "\n"),
        ("organization:\n  id: ", "orgz-77-acme", "\n"),
        (
            "  4\u{2192}accounts:\n  5\u{2192}  - id: ",
            "acct-88-zed",
            "\n",
        ),
        ("device:\r\n  uuid: \"", "dev-91ab-77", "\"\r\n"),
    ] {
        let text = format!("{begin}{value}{end}");
        for clean in results(&text) {
            assert!(!clean.contains(value), "{text}: {clean}");
            assert!(
                clean.starts_with(begin) && clean.ends_with(end),
                "{text}: {clean}"
            );
        }
    }
}

#[test]
fn dates_files_switches_and_words_stay_under_names_that_may_mean_anything() {
    let listed = json!({"Contents": [{"Key": "photos/2024/img_0001.png"}, {"Key": "checkout.step2.title"}],
        "session": "2024-11-20T10:00:00Z", "key": "feature-flag-2024-rollout",
        "token": "internationalization2024", "auth": "https://auth0.example.com/authorize",
        "user": "gpt-oss-120b", "cookie": "2024-11-20", "pwd": "/srv/project-1234567", "args": ["--key", "v2"]});
    for text in [
        listed.to_string(),
        format!("so {listed}"),
        "key: feature-flag-2024-rollout\nsession: 2024-11-20T10:00:00Z\nuser: gpt-oss-120b"
            .to_owned(),
        "key: photos/2024/img_0001.png\ntoken: --with-token-2-of-all\npass: 12/15".to_owned(),
        "real: 0m1.234s\nuser: 0m12.345s\nuser: \"1000:1000\"".to_owned(),
        "key: ${{ runner.os }}-deps-2024\n  - key: deps-v2-cache-linux-2024\npwd: $HOME/x1234567"
            .to_owned(),
        "let key: HashMap<u64, String2> = x;\nsession = new_session_2(config123456);".to_owned(),
        "account:\n  id: string\nproject:\n  id: 12\nuser:\n  name: x1".to_owned(),
        "let it's = {\"a\": 1, \"b\": [\"c\", 'd']}; \"key\": 5".to_owned(),
    ] {
        for clean in results(&text) {
            assert_eq!(clean, text);
        }
    }
}

#[test]
fn a_long_text_of_quotes_and_brackets_takes_time_by_its_length() {
    for text in ["\"", "{\"a\":", "\\\"", "'\"", "\"a\":\"", "[\"x\","] {
        let body = json!({"content": format!("so {}", text.repeat(100_000))});
        learned(&Known::default(), &body);
    }
}
