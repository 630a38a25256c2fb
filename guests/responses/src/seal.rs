//! What OpenAI wants back and Anthropic's blocks have no place for, in thinking blocks: the items of
//! reasoning, encrypted, and the phase of the text that follows.

use sdk::json::{Members, RawValue, Writer};
use sdk::{Context, envelope};

const KIND: &str = "reasoning_item";

/// What is sealed into one thinking block: all of it belongs before what follows that block.
#[derive(Debug, Default)]
pub(crate) struct Sealed {
    /// Items of reasoning, JSON objects, as they were given.
    pub(crate) items: Vec<String>,
    /// The `phase` of the text that follows, a JSON string.
    pub(crate) phase: Option<String>,
}

impl Sealed {
    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty() && self.phase.is_none()
    }

    /// An envelope with it; nothing is left.
    pub(crate) fn seal(&mut self, context: &Context) -> String {
        let mut payload = String::new();
        let mut object = Writer::object(&mut payload);
        object.raw("items", &format!("[{}]", self.items.join(",")));
        if let Some(phase) = self.phase.take() {
            object.raw("phase", &phase);
        }
        object.end();
        self.items.clear();
        envelope::seal(context, KIND, &payload)
    }

    /// Takes in what an envelope holds. False: it is of another provider or model.
    pub(crate) fn open(&mut self, context: &Context, sealed: &str) -> bool {
        let Some(payload) = envelope::open(context, KIND, sealed) else {
            return false;
        };
        let Ok(members) = sdk::json::from_str::<Members<'_>>(&payload) else {
            return false;
        };
        let items = members.get("items").map_or("[]", RawValue::get);
        let items: Vec<&RawValue> = sdk::json::from_str(items).unwrap_or_default();
        self.items
            .extend(items.iter().map(|item| item.get().to_owned()));
        let phase = members.get("phase").map(|phase| phase.get().to_owned());
        self.phase = phase.or(self.phase.take());
        true
    }
}
