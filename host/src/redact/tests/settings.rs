//! Files of variables and settings, as programs print them: secrets go whole, code and sentences stay.

use serde_json::json;

use super::amid::results;
use super::*;

/// What stands before a secret and behind it.
fn goes(begin: &str, value: &str, end: &str) {
    let text = format!("{begin}{value}{end}");
    for clean in results(&text) {
        assert!(
            clean.starts_with(begin) && clean.ends_with(end) && !clean.contains(value),
            "{text}: {clean}"
        );
        let inner = &clean[begin.len()..clean.len() - end.len()];
        assert!(
            ["[redacted-key]", "user"].contains(&inner),
            "{text}: {clean}"
        );
    }
}

fn stay(texts: &[&str]) {
    for text in texts {
        for clean in results(text) {
            assert_eq!(clean, *text);
        }
    }
}

#[test]
fn the_first_line_of_a_text_is_a_line() {
    goes("password: ", "correcthorsebattery", "");
    goes("password: ", "correcthorsebattery", "\nx: 1\n");
    goes("spring.datasource.password=", "correcthorsebattery", "\n");
    goes("username: ", "bobtables", "\nx: 1");
    goes("x: 1\nusername: ", "bobtables", "");
}

#[test]
fn words_that_are_passwords_go_from_numbered_lines_changes_and_lines_of_windows() {
    for (begin, end) in [
        ("     3\u{2192}password: ", ""),
        (
            "     7\u{2192}spring.datasource.password=",
            "\n     8\u{2192}x=1\n",
        ),
        ("x: 1\r\npassword: ", "\r\ny: 2\r\n"),
        ("+password: ", "\n"),
        ("-  password: ", "\n+  user: x"),
        ("config/app.yml:12:  password: ", "\n"),
        ("config/app.yml-12-  password: ", "\n"),
        ("app.yml:password: ", "\n"),
        ("12:password: ", "\n"),
    ] {
        goes(begin, "correcthorsebattery", end);
    }
    goes("     2\u{2192}username: ", "bobtables", "\n");
    goes("x: 1\r\nusername: ", "bobtables", "\r\n");
    goes("+login = ", "bobtables", "\n");
    stay(&[
        "    12\u{2192}        self.password = password\n",
        "    12\u{2192}  password: new_password\n    13\u{2192}  username = args.username",
        "    12\u{2192}  password: String,\n    13\u{2192}  password: Option<String>,",
        "     1\u{2192}username: string\n     2\u{2192}login: required",
    ]);
}

#[test]
fn a_password_goes_whole_whatever_signs_it_has() {
    for (begin, value, end) in [
        ("DB_PASSWORD=", "xK$9mP2qL5vN8wR", ""),
        ("DB_PASSWORD=", "xK9$mP2{qL5}vN8", "\nX=1"),
        ("DB_PASSWORD=\"", "xK,9;mP2qL5vN8wR", "\""),
        ("password: \"", "xK$9mP2qL5vN8wR", "\""),
        ("a: 1\npassword: ", "xK$9,mP2qL5vN8wR", "\n"),
        ("MYSQL_ROOT_PASSWORD=", "Tr0ub4dor(3)xyz", "\n"),
        ("DB_PASSWORD='", "hunter2 Zx9 long", "'"),
        ("client_secret: '", "Sw0rd,fish$1", "'"),
        ("client_secret: ", "Sw0rd,fish$1", "\r\n"),
        ("SMTP_PASS=\"", "Sw0rd fish,x", "\" # that of mail"),
        ("export API_TOKEN=", "ab*cd[12]ef<34>", ";"),
        ("     4\u{2192}    - DB_PASSWORD=", "xK{9mP2qL5", "\n"),
        ("docker run -e DB_PASSWORD=", "xK$9mP2qL5", " img"),
        ("so {\\\"password\\\": \\\"", "xK$9mP, 2qL5", "\\\"}"),
    ] {
        goes(begin, value, end);
    }
}

#[test]
fn calls_variables_and_sentences_are_no_secrets() {
    stay(&[
        "DB_PASSWORD=$OTHER_PASSWORD_2\nA_TOKEN=${TOKEN:-x1}\nB_SECRET=$(pass show db1)",
        "DB_PASSWORD=\"$(cat /run/secrets/db1)\"\nDB_PASSWORD='${DB_PW_1}'\nA_TOKEN=<your-token-1>",
        "API_TOKEN=os.environ[\"TOKEN_1\"]\nSECRET_KEY=config('KEY_1')\nDB_PASSWORD=********",
        "password: \"Password must be 8 characters or more.\"\nsecret: \"{{ vault_db1 }}\"",
        "  password: z.string().min(8),\n  password: *default",
        "    12\u{2192}  let secret = settings2.SECRET_NAME;\n    13\u{2192}  secret = make_secret(2)",
        "password: Vec<u8>\npassword: &[u8]\npassword = $row->password2",
    ]);
}

#[test]
fn short_secrets_and_words_go_under_names_that_mean_nothing_else() {
    for (begin, value, end) in [
        ("API_TOKEN: ", "abcd1234efgh", "\n"),
        ("Authorization: Bearer ", "abc123short", "\r\n"),
        ("JWT_SECRET=", "correcthorsebatterystaple", "\n"),
        ("x=1\nNEXTAUTH_SECRET=", "supersecretvalue", "\r\n"),
        ("mongodb+srv://", "svc:p@ss9w", "@h/x"),
        ("postgres://", "svc:pa'ss1word", "@db/x"),
        ("so {\"password\": ", "123456789012", "}"),
    ] {
        goes(begin, value, end);
    }
    let clean = learned(
        &Known::default(),
        &json!({"password": 123_456_789_012_u64, "n": 1}),
    );
    assert_eq!(clean, r#"{"password":"[redacted-key]","n":1}"#);
    stay(&[
        "{\"password\": 12, \"tokens\": 123456789}",
        "APP_SECRET=app-secret-name\nTOKEN_KEY: user_id_2\nA_TOKEN: ${{ x }}",
        "['http://h:80','a@b']",
    ]);
}

#[test]
fn a_private_key_in_colours_goes_whole() {
    let line = "\u{1b}[32mb3BlbnNzaC1r\u{1b}[0m\n";
    let text = format!("-----BEGIN OPENSSH PRIVATE KEY-----\u{1b}[0m\n{line}{line}");
    for clean in results(&text) {
        assert_eq!(clean, "[redacted-key]");
    }
}

#[test]
fn a_path_to_a_key_is_no_key_though_its_home_has_a_number_now() {
    let text = "ls /home/alice/x\nSSL_KEY_PATH=/home/bobby/key.pem";
    let clean = learned(&Known::default(), &json!({ "content": text }));
    let expected = "ls /home/user/x\nSSL_KEY_PATH=/home/user-2/key.pem";
    let clean: serde_json::Value = serde_json::from_str(&clean).unwrap();
    assert_eq!(clean["content"], expected);
}
