//! The transformer `shout`: the `cerebras` conversion with the assistant's text in capital letters. It is
//! there to be told apart: the demo and the tests of swapping put it in the place of the other.

use sdk::json::Escaped;
use sdk::{Context, Draft, Ending, Failure, Head, Manifest, Output, Plan, Pushed, Verdict, sse};

// Each Rust block of the guides and of the README is compiled and run: here everything that a guest uses is at hand.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/transformers.md")]
#[doc = include_str!("../../../docs/porting-from-ccr.md")]
#[doc = include_str!("../../../README.md")]
mod guide {}

sdk::export!(Shout);

type Cerebras = chat::Chat<chat::Cerebras>;

/// The transformer.
pub struct Shout(Cerebras);

/// An exchange of [`Shout`].
pub struct Exchange(chat::Exchange);

impl sdk::Transformer for Shout {
    type Options = chat::Overrides;
    type Exchange = Exchange;

    fn configure(options: chat::Overrides) -> Result<(Self, Manifest), Vec<String>> {
        let (cerebras, manifest) = Cerebras::configure(options)?;
        let name = "shout".to_owned();
        Ok((Shout(cerebras), Manifest { name, ..manifest }))
    }

    fn exchange(&self, context: Context) -> Exchange {
        Exchange(self.0.exchange(context))
    }
}

impl sdk::Exchange for Exchange {
    fn request(&mut self, so_far: Draft, body: Vec<u8>) -> Result<Plan, Failure> {
        self.0.request(so_far, body)
    }

    fn respond(&mut self, head: Head, body: Vec<u8>) -> Result<Output, Failure> {
        let output = self.0.respond(head, body)?;
        Ok(match output {
            Output::Replace(message) => Output::Replace(louder(&message)),
            other => other,
        })
    }

    fn explain(&mut self, head: Head, body: Vec<u8>) -> Verdict {
        self.0.explain(head, body)
    }

    fn begin(&mut self, head: Head) -> Result<(), Failure> {
        self.0.begin(head)
    }

    fn push(&mut self, frames: Vec<u8>, spliced: u32) -> Pushed {
        shouted(self.0.push(frames, spliced))
    }

    fn wake(&mut self) -> Pushed {
        shouted(self.0.wake())
    }

    fn finish(&mut self, ending: Ending) -> Pushed {
        shouted(self.0.finish(ending))
    }
}

/// The events with their text in capitals. Splice rules would pass text by.
fn shouted(mut pushed: Pushed) -> Pushed {
    pushed.rules = None;
    if let Output::Replace(events) = &pushed.out {
        let text = sse::text(events);
        let louder: Vec<u8> = sse::frames(&text)
            .flat_map(|frame| louder(frame.raw.as_bytes()))
            .collect();
        pushed.out = Output::Replace(louder);
    }
    pushed
}

/// JSON with the first `"text"` member after a text type in capitals. What the conversion writes has one
/// form, so looking for it is enough.
fn louder(json: &[u8]) -> Vec<u8> {
    const MARKS: [&str; 2] = [r#""type":"text_delta","text":"#, r#""type":"text","text":"#];
    let json = sse::text(json);
    for mark in MARKS {
        let Some((before, rest)) = json.split_once(mark) else {
            continue;
        };
        let Some(text) = sdk::json::first_value(rest) else {
            continue;
        };
        let Some(quiet) = Escaped::of(text) else {
            continue;
        };
        let loud = Escaped::plain(&quiet.unescape().to_uppercase());
        let rest = &rest[text.get().len()..];
        return format!("{before}{mark}\"{}\"{rest}", loud.get()).into_bytes();
    }
    json.into_owned().into_bytes()
}
