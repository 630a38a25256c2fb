//! Members of blocks and tools that chat completions have no place for: each kind is noted once a request,
//! however many blocks have it.

use std::cell::RefCell;

use sdk::host;
use sdk::json::Members;

const BLOCKS: &str = "messages[*].content[*]";
const SYSTEM: &str = "system[*]";
const TOOLS: &str = "tools[*]";

const SCHEMAS: &str = "tools[*].input_schema";

pub(super) const NO_PLACE: &str = "chat completions have no place for it";

/// Where a member stood.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Block,
    System,
    Tool,
    Schema,
}

/// Which kinds were told already.
#[derive(Default)]
pub(super) struct Lost(RefCell<Vec<(Place, String)>>);

impl Lost {
    /// What a block or a tool has that this crate knows no name for, such as `cache_control`.
    pub(super) fn rest(&self, place: Place, members: &Members<'_>) {
        for (name, _) in members.iter() {
            self.member(place, name, "drop", NO_PLACE);
        }
    }

    /// A member of a tool's schema that the provider refuses.
    pub(super) fn stripped(&self, name: &str) {
        self.member(Place::Schema, name, "drop", "the provider refuses it");
    }

    /// One member, by its name.
    pub(super) fn member(&self, place: Place, name: &str, action: &str, why: &str) {
        let mut told = self.0.borrow_mut();
        if told.iter().any(|(at, known)| *at == place && known == name) {
            return;
        }
        let list = match place {
            Place::Block => BLOCKS,
            Place::System => SYSTEM,
            Place::Tool => TOOLS,
            Place::Schema => SCHEMAS,
        };
        host::note(action, &format!("{list}.{name}"), why);
        told.push((place, name.to_owned()));
    }
}
