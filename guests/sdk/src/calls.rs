//! Tool calls whose pieces alternate. A stream of the Messages API has one block open at a time, so what belongs to
//! another call waits until the one before it is complete. Knows the order of blocks, and no provider's format.

use crate::events::Events;
use crate::json::{Escaped, RawValue, from_str};
use std::collections::VecDeque;

/// The calls of one streamed answer, and whatever comes amid them. Each call has a key, by which the provider
/// says whose piece it sends: an index, an id, whatever it is.
///
/// ```
/// use sdk::calls::Calls;
/// use sdk::events::{Events, StopReason, Usage};
/// use sdk::json::Escaped;
///
/// let mut events = Events::start("msg_1", "model", 12);
/// let mut calls = Calls::default();
/// calls.begin(&mut events, "0", "toolu_1", "Read");
/// calls.begin(&mut events, "1", "toolu_2", "Bash");
/// for (key, piece) in [("0", r#"{"file_"#), ("1", "{"), ("0", r#"path":"a"}"#), ("1", "}")] {
///     assert!(calls.input(&mut events, key, &Escaped::plain(piece)));
/// }
/// calls.finish(&mut events).expect("both are whole");
/// events.end(StopReason::ToolUse, Usage::default());
///
/// let stream = String::from_utf8(events.take())?;
/// let at = |text: &str| stream.find(text).expect(text);
/// assert!(at("toolu_1") < at(r#""partial_json":"path\":\"a\"}""#));
/// assert!(at(r#""partial_json":"path\":\"a\"}""#) < at("toolu_2"));
/// # Ok::<(), std::string::FromUtf8Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Calls {
    /// The call whose block is open: its pieces go on as they come.
    open: Option<Call>,
    waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Call {
    key: String,
    id: String,
    name: String,
    /// What came of its input, as escaped as it came: a pair of surrogates may be cut in two.
    input: String,
    /// The provider said that nothing more comes.
    complete: bool,
}

#[derive(Debug)]
enum Waiting {
    /// As escaped as it came.
    Text {
        thinking: bool,
        text: String,
    },
    Call(Call),
}

/// The name of a call that broke off: its input is no whole JSON text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenOff(pub String);

impl Call {
    fn is_whole(&self) -> bool {
        self.complete || self.is_json()
    }

    fn is_json(&self) -> bool {
        let text = Escaped::verbatim(&self.input);
        from_str::<&RawValue>(&text.unescape()).is_ok()
    }
}

impl Calls {
    /// A call begins.
    pub fn begin(&mut self, events: &mut Events, key: &str, id: &str, name: &str) {
        self.waiting.push_back(Waiting::Call(Call {
            key: key.to_owned(),
            id: id.to_owned(),
            name: name.to_owned(),
            input: String::new(),
            complete: false,
        }));
        self.proceed(events);
    }

    /// A piece of a call's input. False, and nothing is written: no such call is open or waits.
    pub fn input(&mut self, events: &mut Events, key: &str, piece: &Escaped<'_>) -> bool {
        let is_open = self.open.as_ref().is_some_and(|open| open.key == key);
        let Some(call) = self.get(key) else {
            return false;
        };
        call.input.push_str(piece.get());
        if is_open {
            events.input(piece);
            self.proceed(events);
        }
        true
    }

    /// The provider says that a call is complete, so that what waits need not wait until its input looks like it.
    pub fn complete(&mut self, events: &mut Events, key: &str) {
        if let Some(call) = self.get(key) {
            call.complete = true;
            self.proceed(events);
        }
    }

    /// Text of the answer.
    pub fn text(&mut self, events: &mut Events, text: &Escaped<'_>) {
        self.say(events, false, text);
    }

    /// Thinking.
    pub fn thinking(&mut self, events: &mut Events, text: &Escaped<'_>) {
        self.say(events, true, text);
    }

    /// Nothing more comes: writes all that waits. Call it before [`Events::end`]. Errors: the first call that is
    /// not whole. What an answer that reached its limit may say of it is yours to decide; a clean end it is not.
    pub fn finish(&mut self, events: &mut Events) -> Result<(), BrokenOff> {
        let mut broken = None;
        loop {
            self.proceed(events);
            let Some(open) = self.open.take() else {
                return broken.map_or(Ok(()), |name| Err(BrokenOff(name)));
            };
            // A call without any input is one of a tool that takes none.
            if !open.input.is_empty() && !open.is_json() {
                broken.get_or_insert(open.name);
            }
            events.close();
        }
    }

    fn get(&mut self, key: &str) -> Option<&mut Call> {
        let waiting = self.waiting.iter_mut().filter_map(|one| match one {
            Waiting::Call(call) => Some(call),
            Waiting::Text { .. } => None,
        });
        let mut calls = self.open.iter_mut().chain(waiting);
        calls.find(|call| call.key == key)
    }

    fn say(&mut self, events: &mut Events, thinking: bool, text: &Escaped<'_>) {
        if text.is_empty() {
            return;
        }
        let text = text.get().to_owned();
        self.waiting.push_back(Waiting::Text { thinking, text });
        self.proceed(events);
    }

    /// Writes what waits, up to a call that is not whole.
    fn proceed(&mut self, events: &mut Events) {
        while !self.waiting.is_empty() && self.open.as_ref().is_none_or(Call::is_whole) {
            if self.open.take().is_some() {
                events.close();
            }
            match self.waiting.pop_front() {
                Some(Waiting::Text {
                    thinking: true,
                    text,
                }) => {
                    events.thinking(&Escaped::verbatim(&text));
                }
                Some(Waiting::Text { text, .. }) => events.text(&Escaped::verbatim(&text)),
                Some(Waiting::Call(call)) => {
                    events.tool(&call.id, &call.name);
                    if !call.input.is_empty() {
                        events.input(&Escaped::verbatim(&call.input));
                    }
                    self.open = Some(call);
                }
                None => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::{StopReason, Usage};
    use crate::sse;
    use proptest::prelude::*;

    /// The blocks of a stream: what opens them, and their texts put together.
    fn blocks(mut events: Events) -> Vec<String> {
        events.end(StopReason::ToolUse, Usage::default());
        let stream = String::from_utf8(events.take()).unwrap();
        let mut blocks: Vec<String> = Vec::new();
        for frame in sse::frames(&stream) {
            let data: serde_json::Value =
                serde_json::from_str(frame.data.as_deref().unwrap()).unwrap();
            if let Some(block) = data.get("content_block") {
                blocks.push(block["id"].as_str().unwrap_or_default().to_owned());
            }
            for member in ["text", "thinking", "partial_json"] {
                if let Some(text) = data["delta"][member].as_str() {
                    blocks.last_mut().unwrap().push_str(text);
                }
            }
        }
        blocks
    }

    fn begun() -> (Events, Calls) {
        (Events::start("msg_1", "m", 1), Calls::default())
    }

    #[test]
    fn text_that_comes_amid_a_call_waits_for_it_and_alone_goes_on_at_once() {
        let (mut events, mut calls) = begun();
        calls.text(&mut events, &Escaped::plain("Look: "));
        calls.begin(&mut events, "a", "A", "Read");
        calls.input(&mut events, "a", &Escaped::plain("{\"x\":"));
        calls.text(&mut events, &Escaped::plain("and "));
        calls.text(&mut events, &Escaped::plain("then"));
        calls.input(&mut events, "a", &Escaped::plain("1}"));
        assert!(
            !calls.input(&mut events, "a", &Escaped::plain(" ")),
            "it is closed"
        );
        assert_eq!(calls.finish(&mut events), Ok(()));
        assert_eq!(blocks(events), ["Look: ", "A{\"x\":1}", "and then"]);
    }

    #[test]
    fn a_call_that_breaks_off_is_told_and_a_call_without_input_is_whole() {
        let (mut events, mut calls) = begun();
        calls.begin(&mut events, "a", "A", "Now");
        calls.begin(&mut events, "b", "B", "Read");
        calls.input(&mut events, "b", &Escaped::plain("{\"x"));
        assert_eq!(calls.finish(&mut events), Err(BrokenOff("Read".to_owned())));
        assert_eq!(blocks(events), ["A", "B{\"x"]);
    }

    #[test]
    fn what_the_provider_calls_complete_is_not_waited_for() {
        let (mut events, mut calls) = begun();
        calls.begin(&mut events, "a", "A", "Now");
        calls.begin(&mut events, "b", "B", "Read");
        assert!(calls.open.as_ref().is_some_and(|open| open.id == "A"));
        calls.complete(&mut events, "a");
        assert!(calls.open.as_ref().is_some_and(|open| open.id == "B"));
        calls.complete(&mut events, "c");
    }

    proptest! {
        #[test]
        fn however_pieces_alternate_each_call_gets_its_own(order in proptest::collection::vec(0..3_usize, 0..60)) {
            let inputs = [r#"{"a":"one"}"#, r#"{"b":["two",2]}"#, r#"{"c":{"d":"\\\"3"}}"#];
            let (mut events, mut calls) = begun();
            for at in 0..3 {
                calls.begin(&mut events, &at.to_string(), &format!("<{at}>"), "Tool");
            }
            let mut sent = [0; 3];
            for at in order {
                if let Some(char) = inputs[at][sent[at]..].chars().next() {
                    sent[at] += char.len_utf8();
                    prop_assert!(calls.input(&mut events, &at.to_string(), &Escaped::plain(&char.to_string())));
                }
            }
            for at in 0..3 {
                if sent[at] < inputs[at].len() {
                    prop_assert!(calls.input(&mut events, &at.to_string(), &Escaped::plain(&inputs[at][sent[at]..])));
                }
            }
            prop_assert_eq!(calls.finish(&mut events), Ok(()));
            let expected: Vec<String> = (0..3).map(|at| format!("<{at}>{}", inputs[at])).collect();
            prop_assert_eq!(blocks(events), expected);
        }
    }
}
