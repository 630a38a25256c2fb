//! What is said in a scripted conversation, without any provider's format.

use serde_json::Value;

/// A request in words that are the same for every provider.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    /// Counted from 0 over the proper model calls of the upstream.
    pub(crate) number: usize,
    pub(crate) model: String,
    pub(crate) streaming: bool,
    /// Names of the tools that are offered.
    pub(crate) tools: Vec<String>,
    /// How many answers of the model the conversation holds.
    pub(crate) answers: usize,
    /// Text of the tool results since the last answer.
    pub(crate) results: Vec<String>,
    /// Text of the last user message.
    pub(crate) prompt: String,
    /// The body, for what these words do not tell.
    pub(crate) body: Value,
}

/// One answer of the model.
#[derive(Debug, Clone, Default)]
pub(crate) struct Turn {
    /// Pieces of reasoning, each an event of its own.
    pub(crate) reasoning: Vec<String>,
    /// Pieces of text, each an event of its own.
    pub(crate) text: Vec<String>,
    pub(crate) calls: Vec<Call>,
    pub(crate) delivery: Delivery,
    pub(crate) fault: Option<Fault>,
    /// Reasoning has no signature, where the others have one.
    pub(crate) unsigned: bool,
    /// The body is written one byte at a time, so that characters are split between reads.
    pub(crate) byte_by_byte: bool,
}

/// A call of a tool.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) name: String,
    /// The arguments as JSON text.
    pub(crate) arguments: String,
}

/// How the arguments of calls are streamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Delivery {
    /// Each call whole in one event, as Cerebras does.
    #[default]
    Whole,
    /// One character an event, one call after the other.
    Characters,
    /// A few characters an event, the calls taking turns.
    Interleaved,
}

/// What goes wrong instead of, or in the middle of, an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The conversation is longer than the model's context.
    ContextOverflow,
    /// A stream breaks with the provider's error after its first text. A request without `stream`
    /// is answered as if there were no fault.
    StreamError,
    /// The provider answers with this status and says what it usually says with it.
    Status(u16),
}

impl Turn {
    /// An answer of one text, streamed in several pieces.
    pub(crate) fn text(text: &str) -> Self {
        Self {
            text: pieces(text, 7),
            ..Self::default()
        }
    }

    /// A call of one tool.
    pub(crate) fn call(name: &str, input: &Value) -> Self {
        Self::default().and_call(name, input)
    }

    /// The same with one call more.
    pub(crate) fn and_call(mut self, name: &str, input: &Value) -> Self {
        self.calls.push(Call {
            name: name.to_owned(),
            arguments: input.to_string(),
        });
        self
    }

    /// The same with text before the calls.
    pub(crate) fn saying(mut self, text: &str) -> Self {
        self.text = pieces(text, 7);
        self
    }

    /// The same with reasoning before everything else.
    pub(crate) fn reasoning(mut self, text: &str) -> Self {
        self.reasoning = pieces(text, 5);
        self
    }

    pub(crate) fn delivered(mut self, delivery: Delivery) -> Self {
        self.delivery = delivery;
        self
    }

    pub(crate) fn byte_by_byte(mut self) -> Self {
        self.byte_by_byte = true;
        self
    }

    pub(crate) fn failing(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }

    pub(crate) fn whole_text(&self) -> String {
        self.text.concat()
    }

    /// The events that carry the calls' arguments: which call, which piece, and whether it is the
    /// first and the last of its call.
    pub(crate) fn argument_pieces(&self) -> Vec<ArgumentPiece> {
        let size = match self.delivery {
            Delivery::Whole => usize::MAX,
            Delivery::Characters => 1,
            Delivery::Interleaved => 5,
        };
        let mut queues: Vec<Vec<String>> = self
            .calls
            .iter()
            .map(|call| pieces(&call.arguments, size))
            .collect();
        let mut events = Vec::new();
        let mut began = vec![false; queues.len()];
        while let Some(first) = queues.iter().position(|queue| !queue.is_empty()) {
            let round = match self.delivery {
                Delivery::Interleaved => first..queues.len(),
                _ => first..first + 1,
            };
            for call in round
                .filter(|call| !queues[*call].is_empty())
                .collect::<Vec<_>>()
            {
                let text = queues[call].remove(0);
                events.push(ArgumentPiece {
                    call,
                    text,
                    first: !std::mem::replace(&mut began[call], true),
                    last: queues[call].is_empty(),
                });
            }
        }
        events
    }
}

/// A piece of a call's arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ArgumentPiece {
    pub(crate) call: usize,
    pub(crate) text: String,
    pub(crate) first: bool,
    pub(crate) last: bool,
}

/// `text` in pieces of `size` characters.
fn pieces(text: &str, size: usize) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    let pieces = characters.chunks(size.min(characters.len().max(1)));
    pieces.map(|piece| piece.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn interleaved_calls_take_turns_and_lose_nothing() {
        let turn = Turn::call("A", &json!({ "a": "1234567" }))
            .and_call("B", &json!({ "b": "日本語 🙂" }))
            .delivered(Delivery::Interleaved);
        let events = turn.argument_pieces();
        assert_eq!((events[0].call, events[1].call, events[2].call), (0, 1, 0));
        for (at, call) in turn.calls.iter().enumerate() {
            let own = events.iter().filter(|event| event.call == at);
            let joined: String = own.map(|event| event.text.as_str()).collect();
            assert_eq!(joined, call.arguments);
        }
    }
}
