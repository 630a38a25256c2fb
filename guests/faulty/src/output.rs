//! Outputs and rules, legal and not.

use crate::fault::Fault;
use sdk::edits::Edits;
use sdk::json::{Escaped, first_value};
use sdk::{Edit, Output, SpliceRule};

/// The first `"model"` replaced, everything else kept.
pub(crate) fn other_model(json: &[u8], model: &str) -> Output {
    const MEMBER: &str = "\"model\":";
    let Ok(text) = std::str::from_utf8(json) else {
        return Output::Keep;
    };
    let Some(at) = text.find(MEMBER) else {
        return Output::Keep;
    };
    let rest = text[at + MEMBER.len()..].trim_start();
    let Some(value) = first_value(rest) else {
        return Output::Keep;
    };
    let mut edits = Edits::of(text);
    let start = text.len() - rest.len();
    let literal = format!("\"{}\"", Escaped::plain(model).get());
    edits.replace_range(start, start + value.get().len(), literal);
    edits.output()
}

/// Edits that break the rules of the interface.
pub(crate) fn illegal(fault: &Fault, length: usize) -> Output {
    let length = length as u32;
    let edit = |start, end| Edit {
        start,
        end,
        replacement: b"x".to_vec(),
    };
    Output::Edit(match fault {
        Fault::EditOutOfRange => vec![edit(length, length + 1)],
        Fault::EditOverlap => vec![edit(0, 2), edit(1, 3)],
        _ => vec![edit(2, 3), edit(0, 1)],
    })
}

/// Rules for the text deltas of block 0: legal ones, or broken ones.
pub(crate) fn rules(fault: &Fault) -> Vec<SpliceRule> {
    let prefix = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":";
    let rule = SpliceRule {
        match_prefix: prefix.as_bytes().to_vec(),
        match_suffix: b"}}\n\n".to_vec(),
        emit_prefix: prefix.as_bytes().to_vec(),
        emit_suffix: b"}}\n\n".to_vec(),
    };
    match fault {
        Fault::RuleEmpty => vec![SpliceRule {
            match_prefix: Vec::new(),
            ..rule
        }],
        Fault::RuleOverlap => vec![rule.clone(), rule],
        _ => vec![rule],
    }
}

/// Text as an SSE comment that a client ignores.
pub(crate) fn comment(text: &str) -> Vec<u8> {
    let lines: Vec<&str> = text.lines().collect();
    format!(": {}\n\n", lines.join("\n: ")).into_bytes()
}
