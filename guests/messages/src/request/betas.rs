//! Headers: the client's own, without the betas whose part of the body was taken out.

use crate::Profile;
use crate::profile::{MidSystem, Safeguards};
use sdk::Context;

const BETA: &str = "anthropic-beta";

/// The headers to set. The client's own are kept, since endpoints are said to tell clients apart by them.
pub(super) fn headers(
    context: &Context,
    profile: &Profile,
    safeguarded: bool,
) -> Vec<(String, Option<String>)> {
    let forwarded = context.headers.iter().map(|(name, value)| {
        let value = if name == BETA {
            betas(value, profile, safeguarded)
        } else {
            Some(value.clone())
        };
        (name.clone(), value)
    });
    let own = profile.headers.iter();
    let own = own.map(|(name, value)| (name.to_ascii_lowercase(), Some(value.clone())));
    forwarded.chain(own).collect()
}

/// None if no value is left.
fn betas(betas: &str, profile: &Profile, safeguarded: bool) -> Option<String> {
    if profile.strip_betas {
        return None;
    }
    let mut gone: Vec<&str> = Vec::new();
    if safeguarded && profile.safeguards == Safeguards::Strip {
        gone.push("dangerous-tool-use-");
    }
    if profile.mid_system == MidSystem::Fold {
        gone.extend(["mid-conversation-tool-changes-", "per-turn-control-"]);
    }
    let kept: Vec<&str> = betas
        .split(',')
        .map(str::trim)
        .filter(|beta| !gone.iter().any(|gone| beta.starts_with(gone)))
        .collect();
    (!kept.is_empty()).then(|| kept.join(","))
}
