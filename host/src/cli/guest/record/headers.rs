//! Which headers of an upstream's answer a fixture has: those that say something of the answer. Any other may
//! tell an account, a machine or a moment.

/// By their whole name, in lower case.
const KNOWN: [&str; 4] = [
    "content-type",
    "retry-after",
    "retry-after-ms",
    "x-should-retry",
];

/// How much is left and when there is more again, as every provider calls it otherwise.
const LIMITS: [&str; 2] = ["ratelimit", "rate-limit"];

/// It says something that a transformer may go by.
pub(super) fn tells_of_answer(name: &str) -> bool {
    KNOWN.contains(&name) || LIMITS.iter().any(|limit| name.contains(limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_tells_of_the_answer_is_kept() {
        for name in [
            "content-type",
            "retry-after",
            "x-ratelimit-reset-requests-day",
            "anthropic-ratelimit-tokens-remaining",
            "x-rate-limit-limit",
        ] {
            assert!(tells_of_answer(name), "{name}");
        }
        for name in [
            "x-organization-id",
            "x-account-id",
            "set-cookie",
            "cf-ray",
            "server",
        ] {
            assert!(!tells_of_answer(name), "{name}");
        }
    }
}
