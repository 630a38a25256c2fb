//! `recorder`: what is kept of the last exchanges.

use super::super::RecorderSettings;
use super::super::reader::{Fields, Place, Reader};
use super::limits::{count, size};

/// More are not looked through in the second that a swap may take.
const MOST_EXCHANGES: u64 = 1000;

pub(in super::super) const RECORDER: [&str; 4] = ["block_on_diff", "bytes", "exchanges", "on"];

pub(super) fn recorder(at: &Place<'_>, reader: &mut Reader<'_>) -> RecorderSettings {
    let mut recorder = RecorderSettings::default();
    let Some(fields) = reader.fields(at, &RECORDER) else {
        return recorder;
    };
    flag(&fields, "on", &mut recorder.on, reader);
    count(
        &fields,
        "exchanges",
        (1, MOST_EXCHANGES),
        &mut recorder.exchanges,
        reader,
    );
    size(
        &fields,
        "bytes",
        (1 << 10, 1 << 30),
        &mut recorder.bytes,
        reader,
    );
    flag(
        &fields,
        "block_on_diff",
        &mut recorder.block_on_diff,
        reader,
    );
    recorder
}

fn flag(fields: &Fields<'_>, name: &str, into: &mut bool, reader: &mut Reader<'_>) {
    let Some(at) = fields.get(name) else { return };
    if let Some(flag) = reader.flag(at) {
        *into = flag;
    }
}
