//! The stream is Anthropic's already and is kept. Watched is whether it says an error, and whether it
//! comes to its end: only `message_stop` is one.

use crate::error::{self, Meaning};
use sdk::json::{Members, RawValue, first_value};
use sdk::{Edit, Ending, Next, Output, Pushed, SpliceRule, edits, failure, sse};

/// The host takes at most so many.
const RULES_MOST: usize = 8;

/// What was seen of a stream.
#[derive(Debug)]
pub(crate) struct Stream {
    meaning: Meaning,
    rules: Vec<SpliceRule>,
}

impl Stream {
    /// Nothing was seen yet.
    pub(crate) fn new(meaning: Meaning) -> Self {
        Self {
            meaning,
            rules: Vec::new(),
        }
    }

    /// Whole frames.
    pub(crate) fn push(&mut self, frames: &[u8]) -> Pushed {
        let text = sse::text(frames);
        let pushed = self.read(&text);
        Pushed {
            out: edits::for_bytes(pushed.out, &text),
            ..pushed
        }
    }

    fn read(&mut self, text: &str) -> Pushed {
        let known = self.rules.len();
        let mut at = 0;
        for frame in sse::frames(text) {
            match (frame.event, frame.data.as_deref()) {
                (event, Some(data)) if event == "error" || is_error(event, data) => {
                    return Pushed {
                        out: up_to(at, text.len()),
                        rules: None,
                        next: Next::Failed(self.meaning.in_stream(data)),
                    };
                }
                ("message_stop", Some(data)) if is_json(data) => {
                    let end = at + frame.raw.len();
                    let out = if is_whole(frame.raw) {
                        up_to(end, text.len())
                    } else {
                        completed(text.len())
                    };
                    return sdk::pushed(out, Next::Done);
                }
                // The upstream ended inside it: half an event would be read as a malformed one.
                _ if !is_whole(frame.raw) => {
                    return sdk::pushed(up_to(at, text.len()), Next::More);
                }
                ("content_block_delta", Some(_)) => self.learn(frame.raw),
                _ => {}
            }
            at += frame.raw.len();
        }
        Pushed {
            out: Output::Keep,
            rules: (self.rules.len() > known).then(|| self.rules.clone()),
            next: Next::More,
        }
    }

    /// No more frames.
    pub(crate) fn finish(ending: Ending) -> Pushed {
        let failure = match ending {
            Ending::Complete => failure::truncated(),
            Ending::Broken(how) => failure::broken(&how),
        };
        sdk::pushed(Output::Drop, Next::Failed(failure))
    }

    /// Text and thinking deltas like this one may pass by the guest: they are kept anyway.
    fn learn(&mut self, frame: &str) {
        const MARKS: [&str; 2] = [r#""text":"#, r#""thinking":"#];
        if self.rules.len() >= RULES_MOST || !frame.contains("_delta\",") {
            return;
        }
        let Some(end) = MARKS
            .iter()
            .find_map(|mark| Some(frame.rfind(mark)? + mark.len()))
        else {
            return;
        };
        let Some(literal) = first_value(&frame[end..]).map(RawValue::get) else {
            return;
        };
        let (prefix, suffix) = (&frame[..end], &frame[end + literal.len()..]);
        let plain = literal.starts_with('"') && !suffix.is_empty();
        let meets = |rule: &SpliceRule| {
            rule.match_prefix.starts_with(prefix.as_bytes())
                || prefix.as_bytes().starts_with(&rule.match_prefix)
        };
        if plain && !self.rules.iter().any(meets) {
            self.rules.push(SpliceRule {
                match_prefix: prefix.into(),
                match_suffix: suffix.into(),
                emit_prefix: prefix.into(),
                emit_suffix: suffix.into(),
            });
        }
    }
}

/// An error without an event name, as the providers' other sides send it, or with MiniMax's `base_resp` in any event.
fn is_error(event: &str, data: &str) -> bool {
    if !event.is_empty() && !data.contains("\"base_resp\"") {
        return false;
    }
    let members = sdk::json::from_str::<Members<'_>>(data).unwrap_or_default();
    let error = members.get("error").filter(|_| event.is_empty());
    error.is_some_and(|error| error.get() != "null") || error::went_wrong(&members)
}

fn is_json(data: &str) -> bool {
    sdk::json::from_str::<Members<'_>>(data).is_ok()
}

/// The frame has its blank line, the end of which may come with the next push: the LF of a CRLF
/// then stands alone before the next frame.
fn is_whole(frame: &str) -> bool {
    let lines = frame.trim_end_matches(['\r', '\n']);
    lines.is_empty() || frame[lines.len()..].replace("\r\n", "\n").len() > 1
}

/// Everything, with the blank line that the last frame lacks.
fn completed(length: usize) -> Output {
    Output::Edit(vec![Edit {
        start: length as u32,
        end: length as u32,
        replacement: b"\n\n".to_vec(),
    }])
}

/// What stands before `at`.
fn up_to(at: usize, length: usize) -> Output {
    if at == 0 {
        return Output::Drop;
    }
    if at == length {
        return Output::Keep;
    }
    Output::Edit(vec![Edit {
        // A push is far below 4 GB.
        start: at as u32,
        end: length as u32,
        replacement: Vec::new(),
    }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_before_an_error_is_passed_on_whole_also_if_it_is_no_text() {
        let before = b"event: ping\ndata: {\"type\":\"ping\",\"x\":\"\xff\xfe\"}\n\n";
        let error = b"event: error\ndata: {\"error\":{\"message\":\"m\"}}\n\n";
        let frames = [&before[..], &error[..]].concat();
        let meaning = Meaning::new(&crate::Profile::default(), crate::error::usual);
        let pushed = Stream::new(meaning).push(&frames);
        assert!(matches!(pushed.next, Next::Failed(_)));
        let passed = edits::apply(&pushed.out, &frames);
        let expected = String::from_utf8_lossy(before).into_owned();
        assert_eq!(passed, Some(expected.into_bytes()));
    }
}
