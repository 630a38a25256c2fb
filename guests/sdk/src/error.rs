//! What upstreams say when something is wrong, in whichever shape, and the failure it means. The
//! upstream's own words stay; pages and stacks do not get to the client.

mod body;
mod overflow;

pub use body::{Said, read};

use crate::{Failure, failure};

/// Codes of accounts that have nothing left: another try says the same.
const SPENT: [&str; 7] = [
    "billing_hard_limit_reached",
    "billing_not_active",
    "credit_balance_exhausted",
    "exceeded_current_quota_error",
    "insufficient_quota",
    "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded",
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
    if status == 402 || said.any(&SPENT) {
        failure.should_retry = Some(false);
    }
    failure
}
