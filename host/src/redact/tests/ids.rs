//! Ids of accounts, devices, organisations and sessions.

use serde_json::json;

use super::*;

const DEVICE: &str = "d03812dcaca5dfe8012b84f696b0a87287f5de971e688f9604e77cb153ea52d4";
const SESSION: &str = "d103f05b-071a-4be8-8b55-cc24029f49be";
const ACCOUNT: &str = "6a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";

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
fn numbers_of_projects_are_taken_out_where_google_puts_them() {
    let body = json!({"error": {
        "message": "Quota exceeded for consumer 'project_number:123456789012'; see projects/12 and 123456789012",
        "details": [{"metadata": {"consumer": "projects/123456789012"}, "projectNumber": "123456789012"}],
    }});
    let clean = learned(&Known::default(), &body);
    assert!(!clean.contains("123456789012"), "{clean}");
    assert!(clean.contains("projects/100000000001"), "{clean}");
    assert!(clean.contains("see projects/12 and"), "{clean}");
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
