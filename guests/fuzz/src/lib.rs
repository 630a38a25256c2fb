//! What the fuzz targets share: the guests, by the first byte of the input, and the host's framer.

pub mod sse;

use bytes::Bytes;
use sdk::{Draft, Exchange, Head, Transformer};
use sse::{Framer, Framing};

/// An exchange of the guest that this byte chooses.
pub fn exchange(choice: u8, streaming: bool) -> (&'static str, Box<dyn Exchange>) {
    match choice % 6 {
        0 => ("openai", open::<openai::Transformer>(streaming)),
        1 => ("cerebras", open::<cerebras::Transformer>(streaming)),
        2 => ("ollama", open::<ollama::Ollama>(streaming)),
        3 => ("zai", open::<zai::Zai>(streaming)),
        4 => ("gemini", open::<gemini::Gemini>(streaming)),
        _ => ("responses", open::<responses::Responses>(streaming)),
    }
}

fn open<T: Transformer>(streaming: bool) -> Box<dyn Exchange> {
    let Ok((transformer, _)) = T::configure(T::defaults()) else {
        unreachable!("invariant: the defaults hold");
    };
    Box::new(transformer.exchange(sdk::test_context("m", streaming)))
}

/// No stage stands to the left.
pub fn draft() -> Draft {
    Draft {
        path: None,
        headers: Vec::new(),
    }
}

/// The head of a good answer.
pub fn ok() -> Head {
    Head {
        status: 200,
        headers: Vec::new(),
    }
}

/// A plain request, so that the exchange is where an answer comes.
pub fn ask(exchange: &mut dyn Exchange) {
    let body =
        br#"{"model":"m","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}],
        "tools":[{"name":"Read","input_schema":{"type":"object"}}]}"#;
    assert!(exchange.request(draft(), body.to_vec()).is_ok(), "a plan");
}

/// Whole frames of a stream that comes in pieces of `sizes`, over and over; `None`: a frame is too long.
pub fn frames(stream: &[u8], framing: Framing, sizes: &[usize]) -> Option<Vec<Bytes>> {
    let mut framer = Framer::new(framing, 1 << 20);
    let mut found = Vec::new();
    let mut rest = Bytes::copy_from_slice(stream);
    let mut sizes = sizes.iter().cycle();
    while !rest.is_empty() {
        let size = sizes.next().copied().unwrap_or(rest.len());
        let read = rest.split_to(size.clamp(1, rest.len()));
        found.extend(framer.feed(read).ok()?.into_iter().flatten());
    }
    found.extend(framer.rest());
    Some(found)
}

/// An input that says how its stream is cut: a choice, how many sizes follow, the sizes, the stream.
pub fn cut(input: &[u8]) -> Option<(u8, Vec<usize>, &[u8])> {
    let (&choice, rest) = input.split_first()?;
    let (&count, rest) = rest.split_first()?;
    let (sizes, stream) = rest.split_at_checked(usize::from(count % 8))?;
    Some((
        choice,
        sizes.iter().map(|size| usize::from(*size)).collect(),
        stream,
    ))
}
