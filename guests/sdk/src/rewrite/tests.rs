//! A rewrite that touches every side.

use super::*;
use crate::edits::apply;

crate::options! {
    /// Changes something everywhere.
    struct Everywhere {
        /// Also answers.
        answers: bool = true,
    }
}

impl Rewrite for Everywhere {
    fn request(&self, _: &Context, body: &mut Body<'_>) -> Result<Answer, Failure> {
        body.remove("top_k");
        Ok(if self.answers {
            Answer::Rewritten
        } else {
            Answer::Untouched
        })
    }

    fn answer(&self, _: &Context, message: &mut Body<'_>) -> Result<(), Failure> {
        message.set("model", "mine");
        Ok(())
    }

    fn event(&self, _: &Context, event: &str, data: &mut Body<'_>) -> Result<(), Failure> {
        match event {
            "message_start" => data.set("message.model", "mine"),
            "error" => return Err(failure::upstream("said")),
            _ => false,
        };
        Ok(())
    }
}

fn context(streaming: bool) -> Context {
    let version = ("anthropic-version".to_owned(), "2023-06-01".to_owned());
    Context {
        headers: vec![version],
        ..crate::test_context("theirs", streaming)
    }
}

fn begun() -> Rewriting<Everywhere> {
    Everywhere::default().exchange(context(true))
}

fn sent(exchange: &mut Rewriting<Everywhere>, body: &str) -> (Forward, String) {
    let draft = Draft {
        path: None,
        headers: Vec::new(),
    };
    let Ok(Plan::Forward(forward)) = exchange.request(draft, body.into()) else {
        panic!("it is forwarded");
    };
    let out = apply(&forward.body, body.as_bytes()).unwrap();
    (forward, String::from_utf8(out).unwrap())
}

fn pushed(exchange: &mut Rewriting<Everywhere>, frames: &[u8]) -> (String, Next) {
    let pushed = exchange.push(frames.to_vec(), 0);
    let out = apply(&pushed.out, frames).unwrap();
    (String::from_utf8(out).unwrap(), pushed.next)
}

#[test]
fn the_request_gets_the_providers_name_of_the_model_and_the_clients_headers() {
    let (forward, body) = sent(
        &mut begun(),
        r#"{"model":"p,theirs","top_k":1,"x": [1,  2]}"#,
    );
    assert_eq!(body, r#"{"model":"theirs","x": [1,  2]}"#);
    assert_eq!(forward.reply, Reply::Frames("sse".to_owned()));
    assert_eq!(forward.headers[0].0, "anthropic-version");
}

#[test]
fn an_answer_that_is_not_rewritten_does_not_enter_the_guest() {
    let mut exchange = Everywhere { answers: false }.exchange(context(true));
    assert_eq!(sent(&mut exchange, "{}").0.reply, Reply::Untouched);
}

#[test]
fn events_are_edited_where_they_stand() {
    let mut exchange = begun();
    let start = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"theirs\",\"id\":\"m\"}}\n\n";
    let text = format!(": comment\n\n{start}event: ping\ndata: {{\"type\":\"ping\"}}\n\n");
    let (out, next) = pushed(&mut exchange, text.as_bytes());
    assert_eq!((out, next), (text.replace("theirs", "mine"), Next::More));
    let lines = "data: {\"type\":\"message_start\",\ndata: \"message\":{\"model\":\"theirs\"}}\n\n";
    let expected = "event: message_start\ndata: {\"type\":\"message_start\", \"message\":{\"model\":\"mine\"}}\n\n";
    assert_eq!(pushed(&mut exchange, lines.as_bytes()).0, expected);
}

#[test]
fn only_message_stop_is_an_end() {
    let mut exchange = begun();
    assert!(matches!(
        exchange.finish(Ending::Complete).next,
        Next::Failed(_)
    ));
    let stop = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
    assert_eq!(pushed(&mut exchange, stop.as_bytes()).1, Next::Done);
    assert_eq!(exchange.finish(Ending::Complete).next, Next::Done);
}

#[test]
fn half_an_event_and_what_follows_a_failure_are_not_passed_on() {
    let ping = "event: ping\ndata: {\"type\":\"ping\"}\n\n";
    let half = format!("{ping}data: {{\"type\":\"message_st");
    assert_eq!(
        pushed(&mut begun(), half.as_bytes()),
        (ping.to_owned(), Next::More)
    );
    let error = format!("{ping}event: error\ndata: {{\"type\":\"error\"}}\n\n{ping}");
    let (out, next) = pushed(&mut begun(), error.as_bytes());
    assert!(out == ping && matches!(next, Next::Failed(_)), "{out}");
}

#[test]
fn bytes_that_are_no_text_do_not_shift_the_edits() {
    let mut frames = b"data: {\"type\":\"ping\",\"x\":\"\xff\"}\n\n".to_vec();
    frames.extend(b"data: {\"type\":\"message_start\",\"message\":{\"model\":\"theirs\"}}\n\n");
    let (out, _) = pushed(&mut begun(), &frames);
    assert!(
        out.contains("\"x\":\"\u{FFFD}\"") && out.contains(r#""model":"mine""#),
        "{out}"
    );
}
