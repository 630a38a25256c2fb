//! What upstreams say when something is wrong, in whichever shape, and the failure it means. The
//! upstream's own words stay; pages and stacks do not get to the client.

mod body;
mod overflow;

pub use body::{Said, read};

use crate::{Failure, failure};

/// Codes that say that the account is at its end: coming back does not help.
const QUOTA_USED_UP: [&str; 3] = [
    "billing_hard_limit_reached",
    "exceeded_current_quota_error",
    "insufficient_quota",
];

/// The failure for what an upstream said with this status. Context overflow gets the words that make
/// Claude Code compact the conversation.
pub fn classify(status: u16, said: &Said) -> Failure {
    if let Some(message) = overflow::phrase(status, said) {
        return failure::invalid(message);
    }
    let message = if said.message.is_empty() {
        format!("upstream answered with status {status} and no explanation")
    } else {
        said.message.clone()
    };
    let mut failure = failure::from_status(status, message);
    if status == 402 || said.any(&QUOTA_USED_UP) {
        failure.should_retry = Some(false);
    }
    failure
}

/// The status that a code of MiniMax's `base_resp` means, which comes under status 200 (from memory, not read in a
/// document). None: there is no such code.
pub fn base_status(said: &Said) -> Option<u16> {
    let mut codes = said
        .codes
        .iter()
        .filter_map(|code| code.parse::<u32>().ok());
    Some(match codes.next()? {
        1002 | 1039 | 1041 => 429,
        1004 | 2049 => 401,
        1008 => 402,
        1026 | 1027 | 2013 => 400,
        1000 | 1001 | 1013 | 1024 | 1033 => 500,
        _ => return None,
    })
}
