//! Parts of an answer to blocks, of a stream and of a whole message alike.

use crate::chunk::{Call, Part};
use crate::seal::{Place, seal};
use chat::Names;
use sdk::Context;
use sdk::host::{Level, log};
use sdk::json::Escaped;
use sdk::whole::Blocks;
use std::collections::BTreeSet;

/// An answer on its way to blocks.
#[derive(Debug)]
pub(crate) struct Speech {
    pub(crate) context: Context,
    names: Names,
    /// Ids of the calls so far.
    ids: BTreeSet<String>,
    /// A signature that is not written yet.
    waiting: Option<(Place, String)>,
}

impl Speech {
    pub(crate) fn new(context: &Context, names: Names) -> Self {
        Self {
            context: context.clone(),
            names,
            ids: BTreeSet::new(),
            waiting: None,
        }
    }

    /// Whether a tool was called.
    pub(crate) fn called(&self) -> bool {
        !self.ids.is_empty()
    }

    /// One part.
    pub(crate) fn part(&mut self, out: &mut impl Blocks, part: &Part<'_>) {
        match &part.function_call {
            Some(call) if call.name.is_empty() => {
                log(Level::Warn, "the upstream called a tool without naming it");
            }
            Some(call) => self.call(out, call, part.signature()),
            None => match part.text() {
                Some((text, thought)) => self.text(out, &text, thought, part.signature()),
                None => log(Level::Warn, "a part of the answer is neither text nor call"),
            },
        }
    }

    fn call(&mut self, out: &mut impl Blocks, call: &Call<'_>, signature: Option<&str>) {
        self.sign(out);
        if let Some(signature) = signature {
            self.waiting = Some((Place::Next, signature.to_owned()));
            self.sign(out);
        }
        let id = self.id(call);
        out.tool(&id, self.names.incoming(&call.name));
        out.input(&Escaped::plain(call.arguments()));
        self.ids.insert(id);
    }

    /// The call's own id, unless there is none or it is taken.
    fn id(&self, call: &Call<'_>) -> String {
        let own = call.id.as_deref().filter(|id| !id.is_empty());
        match own.filter(|id| !self.ids.contains(*id)) {
            Some(id) => id.to_owned(),
            None => format!("toolu_{}{:02}", self.context.exchange_id, self.ids.len()),
        }
    }

    fn text(
        &mut self,
        out: &mut impl Blocks,
        text: &Escaped<'_>,
        thought: bool,
        signature: Option<&str>,
    ) {
        if !text.is_empty() {
            // What has a signature is a part of its own: more of the same kind goes into another.
            self.sign(out);
            if thought {
                out.thinking(text);
            } else {
                out.text(text);
            }
        }
        if let Some(signature) = signature {
            let place = if out.in_thinking() {
                Place::Next
            } else {
                Place::Before
            };
            self.waiting = Some((place, signature.to_owned()));
        }
    }

    /// Writes the signature that waits, because something comes behind it.
    fn sign(&mut self, out: &mut impl Blocks) {
        let Some((place, signature)) = self.waiting.take() else {
            return;
        };
        let sealed = seal(&self.context, place, &signature);
        if out.in_thinking() {
            out.signature(&sealed);
            out.close();
        } else {
            out.redacted(&sealed);
        }
    }

    /// Nothing comes any more. An answer must not end with a block that cannot be read: Claude Code takes the
    /// last block for what was said (observed: its result is empty). So the signature of a last text is not
    /// kept; Gemini does not insist.
    pub(crate) fn end(&mut self, out: &mut impl Blocks) {
        if out.in_thinking() {
            self.sign(out);
        } else if self.waiting.take().is_some() {
            log(Level::Debug, "the signature of the last text is not kept");
        }
    }
}
