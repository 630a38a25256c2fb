//! What is taken out, and what stays.

use super::*;

mod amid;
mod formats;
mod ids;
mod people;
mod rules;
mod secrets;
mod settings;
mod streams;

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
