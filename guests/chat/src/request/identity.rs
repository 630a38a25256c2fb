//! Who the client is, without telling it: hashes of what `metadata.user_id` says.

use super::names::hash;
use sdk::anthropic::Request;
use sdk::json::{Escaped, Members, RawValue};

/// A hash of the client's session, which both forms of the id end with.
pub fn session_hash(request: &Request<'_>) -> Option<String> {
    let user = id(request)?;
    let session = match sdk::json::from_str::<Members<'_>>(&user) {
        Ok(members) => members.get("session_id").map(RawValue::get)?.to_owned(),
        Err(_) => user.split_once("_session_")?.1.to_owned(),
    };
    Some(hashed(session.trim_matches('"')))
}

/// A hash of the client's account or device: the same in all its sessions.
pub(super) fn user(request: &Request<'_>) -> Option<String> {
    let user = id(request)?;
    let Ok(members) = sdk::json::from_str::<Members<'_>>(&user) else {
        let before = user.split("_session_").next().unwrap_or(&user);
        return Some(hashed(before));
    };
    let text = |name: &str| members.get(name).and_then(Escaped::of);
    let mut known = ["account_uuid", "device_id"].into_iter().filter_map(text);
    let known = known.find(|id| !id.is_empty())?;
    Some(hashed(known.get()))
}

fn id(request: &Request<'_>) -> Option<String> {
    let metadata: Members<'_> = sdk::json::from_str(request.metadata?.get()).ok()?;
    let user = Escaped::of(metadata.get("user_id")?)?;
    Some(user.unescape().into_owned())
}

fn hashed(id: &str) -> String {
    format!("{:016x}", hash(id))
}
