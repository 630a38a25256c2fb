//! Rules of one's own, and what was put in already.

use serde_json::json;

use super::*;

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
    let left = redactor.left_in(&other);
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(
        left[0].to_string(),
        "a match of an own rule that begins with `acm` (under `a`)"
    );
}

#[test]
fn a_placeholder_is_no_leak_though_a_rule_of_ones_own_finds_it() {
    let ids = json!({"device_id": "d03812dcaca5dfe8012b84f696b0a87287f5de971e688f9604e77cb153ea52d4",
        "session_id": "d103f05b-071a-4be8-8b55-cc24029f49be"});
    let body = json!({"metadata": {"user_id": ids.to_string()}, "account_id": 8_812_345_678_u64,
        "messages": [{"content": "customer 0441234567890 of bob@corp.example in /home/bobby/x"}]});
    let body = Bytes::from(body.to_string());
    for pattern in ["[0-9]{10,}", r"\d{13}", r"\b[0-9]{12}\b", "user"] {
        let own = [Redaction {
            pattern: pattern.to_owned(),
            with: "[redacted]".to_owned(),
        }];
        let mut redactor = Redactor::new(&Known::default(), &own).unwrap();
        redactor.learn_from_client(&body);
        let clean = redactor.body(&body);
        let left = redactor.left_in(&clean);
        assert_eq!(left, [], "{pattern}: {clean:?}");
    }
    let own = [Redaction {
        pattern: r"\d{10,}".to_owned(),
        with: "[redacted]".to_owned(),
    }];
    let mut redactor = Redactor::new(&Known::default(), &own).unwrap();
    for told in [
        "0441234567890",
        "00000000-0000-4000-b000-0000000000017",
        "x1000000000001234",
    ] {
        let told = Bytes::from(json!({ "a": told }).to_string());
        assert_eq!(redactor.left_in(&told).len(), 1, "{told:?}");
    }
}

#[test]
fn rules_of_ones_own_find_numbers_and_members_and_leave_json() {
    let rule = |pattern: &str, with: &str| Redaction {
        pattern: pattern.to_owned(),
        with: with.to_owned(),
    };
    let own = [
        rule(r"4711\d+", "[redacted]"),
        rule(r"^5822\d+$", "5822"),
        rule("acme", "an \"acme\""),
    ];
    let inner = json!({"n": 47_110_816, "of": "acme 47110816", "m": 58_229, "acme": [1, 47_110_817, true],
        "in": json!({"n": 47_110_818, "q": "acme"}).to_string()});
    let body = json!({"ticket": 47_110_816, "other": 47, "m": 58_229, "input": inner, "arguments": inner.to_string(),
        "text": "so {\"n\": 47110816}"});
    let expected_inner = json!({"n": "[redacted]", "of": "an \"acme\" [redacted]", "m": 5822,
        "an \"acme\"": [1, "[redacted]", true],
        "in": json!({"n": "[redacted]", "q": "an \"acme\""}).to_string()});
    let mut redactor = Redactor::new(&Known::default(), &own).unwrap();
    let told = Bytes::from(body.to_string());
    assert!(redactor.left_in(&told).len() > 10);
    let clean = redactor.body(&told);
    assert_eq!(redactor.left_in(&clean), []);
    let clean: serde_json::Value = serde_json::from_slice(&clean).unwrap();
    assert_eq!(clean["ticket"], "[redacted]");
    assert_eq!((&clean["other"], &clean["m"]), (&json!(47), &json!(5822)));
    assert_eq!(clean["input"], expected_inner);
    let arguments = clean["arguments"].as_str().unwrap();
    let arguments: serde_json::Value = serde_json::from_str(arguments).unwrap();
    assert_eq!(arguments, expected_inner);
    assert_eq!(clean["text"], "so {\"n\": [redacted]}");
}

#[test]
fn more_ids_than_a_small_number_are_placeholders_all_the_same() {
    let ids: Vec<_> = (0..12_000)
        .map(|number| json!({"user_id": format!("kunde-{number}-x")}))
        .collect();
    let body = json!({"messages": [{"role": "user", "content": json!(ids).to_string()}]});
    let clean = learned(&Known::default(), &body);
    assert!(!clean.contains("kunde"), "{}", &clean[..200]);
    assert!(clean.contains("account-12000"));
}
