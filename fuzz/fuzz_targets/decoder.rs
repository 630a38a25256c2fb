//! The reader of streams: frames put together are the input, whatever it is, and where it is cut changes no event.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sdk::sse;

fuzz_target!(|input: (u16, &[u8])| {
    let (cut, bytes) = input;
    let text = sse::text(bytes);
    let frames: Vec<_> = sse::frames(&text).collect();
    let joined: String = frames.iter().map(|frame| frame.raw).collect();
    assert_eq!(joined, *text);
    // A cut between two frames gives the same events as none.
    let at = usize::from(cut) % (frames.len() + 1);
    let head: usize = frames[..at].iter().map(|frame| frame.raw.len()).sum();
    let (before, after) = text.split_at(head);
    let again = sse::frames(before).chain(sse::frames(after));
    let events = |event: &str, data: Option<&str>| (event.to_owned(), data.map(str::to_owned));
    let whole = frames
        .iter()
        .map(|frame| events(frame.event, frame.data.as_deref()));
    let parted = again.map(|frame| events(frame.event, frame.data.as_deref()));
    let said = |pair: &(String, Option<String>)| pair.1.is_some();
    assert_eq!(
        whole.filter(said).collect::<Vec<_>>(),
        parted.filter(said).collect::<Vec<_>>()
    );
});
