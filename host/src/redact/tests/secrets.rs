//! Keys and passwords, by their form and by what is said before them.

use serde_json::json;

use super::*;

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
fn a_private_key_that_was_read_with_numbers_of_lines_and_cut_off_is_taken_out() {
    for sign in ["→", "|"] {
        let text = format!(
            "1{sign}-----BEGIN OPENSSH PRIVATE KEY-----\n     2{sign}b3BlbnNzaC1r\n     3{sign}QyNTUxOQ"
        );
        assert_eq!(redacted(&text), format!("1{sign}[redacted-key]"));
    }
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
fn what_a_text_would_tell_a_structure_does_not_tell_either() {
    let input = json!({
        "headers": {"Authorization": "Basic YWxpY2U6aHVudGVyMg==", "Cookie": "sid=38afes7a8"},
        "token": "a8f5f167f44f4964e6c998dee827110c", "auth": "YWxpY2U6aHVudGVyMg", "pwd": "Tr0ub4dor&3",
        "key": "0123456789abcdef0123", "account": "acct-78-jane", "organization": {"id": "orgz-77-acme"},
        "user": "jane-4711-user", "device": {"id": "dev-91ab-77"}, "username": "bobby.tables",
        "path": "/srv/x1", "count": 3, "text": "hello",
    });
    let as_text = json!({"arguments": input.to_string()});
    for body in [json!({ "input": input.clone() }), as_text] {
        let clean = learned(&Known::default(), &body);
        for told in [
            "YWxp",
            "38afes",
            "a8f5",
            "Tr0ub",
            "0123456789",
            "acct-78",
            "orgz",
            "jane",
            "91ab",
            "bobby",
        ] {
            assert!(!clean.contains(told), "{told}: {clean}");
        }
        assert!(
            clean.contains("/srv/x1") && clean.contains("hello"),
            "{clean}"
        );
    }
}

#[test]
fn words_paths_and_numbers_are_no_keys() {
    for harmless in [
        "docker run --user 1000:1000 img",
        "fw_some_long_function_name_here",
        "secret_manager_client_configuration_options",
        "pypi-publish-to-the-index",
        "fc-some-long-hyphenated-name-x",
        "jina_embeddings_v3_base_en_model",
        "CACHE_KEY=v1-linux-x64-abc",
        "assets/icon@2x.png",
        "getty@tty1.service",
        "http://localhost:8080/a@b",
        "https://unpkg.com:443/pkg@1.0.0/x.js",
        "msg_01XFDUDYJgAACzvnptvVoYEL",
        "toolu_01A09q90qw90lq917835lq9aabb",
    ] {
        assert_eq!(redacted(harmless), harmless);
    }
    for (before, password) in [
        ("password: ", "correcthorsebattery"),
        ("spring.datasource.password=", "correcthorsebattery"),
        ("--password ", "correcthorsebattery"),
        ("x vck_", "abcdefghijABCDEFGHIJ0123"),
        (
            "https://discord.com/api/webhooks/",
            "1234567890/abcdefghijABCDEFGHIJ0123",
        ),
    ] {
        let clean = redacted(&format!("{before}{password}"));
        assert!(clean.ends_with("[redacted-key]"), "{clean}");
    }
}
