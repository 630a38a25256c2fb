//! The messages, one after another: which go, and what is edited in those that stay.

use super::{Client, content, fold, ids};
use crate::Profile;
use crate::profile::{MidSystem, ToolId};
use sdk::anthropic::{Message, Thinking, ToolChange};
use sdk::edits::Edits;
use sdk::json::{RawValue, from_str};

/// What was learnt of the messages while they were edited.
#[derive(Default)]
pub(super) struct Conversation<'a> {
    /// What folded system messages say of tools.
    pub(super) changes: Vec<ToolChange<'a>>,
}

impl<'a> Conversation<'a> {
    /// Edits the messages. Most conversations are not read at all: nothing in them can need it.
    pub(super) fn edit(
        &mut self,
        edits: &mut Edits<'a>,
        client: &Client<'a, '_>,
        profile: &Profile,
        messages: &'a RawValue,
    ) {
        if !may_need_edits(profile, messages.get()) {
            return;
        }
        let thought_needed = profile.thinking_required_with_tools && thinks(client);
        let list = from_str::<Vec<&'a RawValue>>(messages.get()).unwrap_or_default();
        let read = list
            .iter()
            .map(|raw| from_str::<Message<'a>>(raw.get()).ok());
        let read: Vec<Option<Message<'a>>> = read.collect();
        if must_fit_ids(profile, messages.get()) {
            let spoken = read.iter().flatten().filter(|one| one.role != "system");
            spoken.for_each(|message| ids::fit(edits, message.content));
        }
        let mut gone = Vec::with_capacity(list.len());
        for (at, (raw, message)) in list.iter().zip(&read).enumerate() {
            let goes = match message.as_ref().map(|message| (&*message.role, message)) {
                Some(("system", message)) if profile.mid_system == MidSystem::Fold => {
                    let behind = results_behind(&list, &read, at);
                    fold::fold(edits, raw, behind, message, &mut self.changes)
                }
                Some(("assistant", message)) => {
                    content::of_assistant(edits, profile, message, thought_needed)
                }
                Some((_, message)) => {
                    content::of_user(edits, profile, message.content);
                    false
                }
                None => false,
            };
            gone.push((raw.get(), goes));
        }
        if gone.iter().any(|(_, goes)| !goes) {
            edits.remove_items(&gone);
        }
    }
}

/// Whether anything in this text may have to be edited.
fn may_need_edits(profile: &Profile, text: &str) -> bool {
    (profile.mid_system == MidSystem::Fold && text.contains("\"system\""))
        || text.contains("thinking")
        || (profile.thinking_required_with_tools && text.contains("\"tool_use\""))
        || (!profile.images && text.contains("\"image\""))
        || (!profile.documents && text.contains("\"document\""))
        || must_fit_ids(profile, text)
}

fn must_fit_ids(profile: &Profile, text: &str) -> bool {
    profile.tool_id == ToolId::Fit && ids::may_be_odd(text)
}

/// Whether the model thinks: it does where the request does not say otherwise.
fn thinks(client: &Client<'_, '_>) -> bool {
    let thinking = client.goes_out("thinking");
    let said = thinking.and_then(|said| from_str::<Thinking<'_>>(said).ok());
    said.is_none_or(|said| said.kind != "disabled")
}

/// The message with the results of tools that follows the system message at `at`: they must stand directly behind
/// their calls.
fn results_behind<'a>(
    list: &[&'a RawValue],
    read: &[Option<Message<'_>>],
    at: usize,
) -> Option<&'a RawValue> {
    let is_system = |message: &Option<Message<'_>>| {
        message
            .as_ref()
            .is_some_and(|message| message.role == "system")
    };
    let next = (at + 1..list.len()).find(|next| !is_system(&read[*next]))?;
    Some(list[next]).filter(|raw| raw.get().contains("\"tool_result\""))
}
