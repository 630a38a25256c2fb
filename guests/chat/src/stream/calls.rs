//! Which call a piece belongs to. Servers number calls, or name them by id, or neither, or wrongly:
//! all with index 0, or a new id on every piece.

use super::arguments::Arguments;
use super::chunk::{CallDelta, call_id};
use crate::signature;
use std::borrow::Cow;

/// A tool call that is coming in.
#[derive(Debug, Default)]
pub(crate) struct Call {
    key: u64,
    id: String,
    pub(crate) name: String,
    pub(crate) arguments: Arguments,
    /// That of the thought that led to it, as a JSON string.
    pub(crate) signature: Option<String>,
    /// After its arguments were complete its name came once more, with nothing: the server repeats itself, or begins
    /// another call of the same tool.
    named_again: bool,
}

impl Call {
    /// The id for the client: the upstream's, or one made from the exchange.
    pub(crate) fn id<'c>(&'c self, exchange_id: &str, at: usize) -> Cow<'c, str> {
        if self.id.is_empty() {
            Cow::Owned(format!("toolu_{exchange_id}{at:02}"))
        } else {
            Cow::Borrowed(&self.id)
        }
    }
}

/// The calls of one answer in the order of their first piece.
#[derive(Debug, Default)]
pub(crate) struct Calls(Vec<Call>);

/// What the piece says of itself.
struct Piece<'p> {
    index: Option<u64>,
    position: u64,
    id: Cow<'p, str>,
    name: Option<Cow<'p, str>>,
    arguments: &'p str,
}

/// Where a piece belongs.
enum Place {
    /// To this call.
    In(usize),
    /// To a new one; the name is that of the call before, if it has none of its own.
    New(Option<String>),
}

impl Calls {
    pub(crate) fn get(&self, at: usize) -> &Call {
        &self.0[at]
    }

    pub(crate) fn get_mut(&mut self, at: usize) -> &mut Call {
        &mut self.0[at]
    }

    /// The names of all calls.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|call| call.name.as_str())
    }

    /// Whether a call is not complete yet.
    pub(crate) fn growing(&self) -> bool {
        self.0.iter().any(|call| !call.arguments.complete())
    }

    /// The place of the call that `delta`, the entry number `position` of its list, belongs to, and
    /// whether it is new. Takes over id and name.
    pub(crate) fn place(
        &mut self,
        delta: &CallDelta<'_>,
        position: usize,
        arguments: &str,
    ) -> (usize, bool) {
        let id = call_id(delta.id);
        let name = delta.function.as_ref().and_then(super::FunctionDelta::name);
        let piece = Piece {
            index: delta
                .index
                .and_then(|raw| raw.get().trim_matches('"').parse().ok()),
            position: position as u64,
            id: id.as_ref().map_or(Cow::Borrowed(""), |id| id.unescape()),
            name: name.as_ref().map(|name| name.unescape()),
            arguments,
        };
        let (at, new) = match self.belongs(&piece) {
            Place::In(at) => (at, false),
            Place::New(name) => {
                let id = self.unique(&piece.id);
                self.0.push(Call {
                    key: piece.index.unwrap_or(piece.position),
                    id,
                    name: name.unwrap_or_default(),
                    ..Call::default()
                });
                (self.0.len() - 1, true)
            }
        };
        let call = &mut self.0[at];
        if call.id.is_empty() {
            call.id = piece.id.into_owned();
        }
        if call.signature.is_none() {
            call.signature = signature::within(delta.extra_content);
        }
        // A name that is repeated on every piece is not appended.
        match piece.name {
            Some(name) if call.name.is_empty() => call.name = name.into_owned(),
            Some(_) if call.arguments.complete() && arguments.is_empty() => call.named_again = true,
            _ => {}
        }
        (at, new)
    }

    fn belongs(&self, piece: &Piece<'_>) -> Place {
        let by_id = |call: &Call| !piece.id.is_empty() && call.id == piece.id;
        if piece.index.is_none()
            && let Some(at) = self.0.iter().rposition(by_id)
        {
            return Place::In(at);
        }
        let key = piece.index.unwrap_or(piece.position);
        let mut at = self.0.iter().rposition(|call| call.key == key);
        let grows = |call: &Call| !call.arguments.complete();
        if piece.is_bare() && at.is_some_and(|at| !grows(&self.0[at])) {
            // The place in the list is that of a call that has all it needs.
            at = self.0.iter().rposition(grows).or(at);
        }
        if at.is_none() && piece.index.is_none() && piece.name.is_none() {
            // Neither number nor name: more of the last call.
            at = self.0.len().checked_sub(1);
        }
        let Some(at) = at else {
            return Place::New(None);
        };
        let call = &self.0[at];
        if by_id(call) || !piece.begins_another(call) {
            return Place::In(at);
        }
        let inherits = call.named_again && piece.name.is_none();
        Place::New(inherits.then(|| call.name.clone()))
    }

    /// The upstream's id, with a suffix if another call has it already.
    fn unique(&self, id: &str) -> String {
        let taken = |id: &str| self.0.iter().any(|call| call.id == id);
        if id.is_empty() || !taken(id) {
            return id.to_owned();
        }
        let mut numbered = (2..).map(|count| format!("{id}_{count}"));
        numbered.find(|id| !taken(id)).unwrap_or_default()
    }
}

impl Piece<'_> {
    /// Whether it holds arguments and nothing else.
    fn is_bare(&self) -> bool {
        self.index.is_none() && self.id.is_empty() && self.name.is_none()
    }

    /// Whether the piece, at the place of `call`, belongs to another call.
    fn begins_another(&self, call: &Call) -> bool {
        // Arguments may come before the name: a call without one has not begun properly.
        if call.name.is_empty() {
            return false;
        }
        let known = &call.arguments;
        let fresh =
            self.arguments.trim_start().starts_with('{') && !known.is_repeated_by(self.arguments);
        let after_it = known.complete() && fresh;
        // An id alone tells nothing: some servers make a new one for every piece. A late one comes while the call grows.
        let other_id = !self.id.is_empty() && (!call.id.is_empty() || known.complete());
        match &self.name {
            Some(name) => other_id || *name != call.name || after_it,
            // An empty object may have stood for arguments that were still to come.
            None => after_it && !known.may_be_replaced(),
        }
    }
}
