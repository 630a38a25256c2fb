//! A request as rules ask about it: what is read of it a second time, or counted, is so once, and only
//! if a rule asks.

use std::cell::{Cell, OnceCell};

use http::HeaderMap;

use super::Usages;
use super::session::session_id;
use crate::head::{Details, RequestHead};

/// The estimate takes four bytes for a token. Prose, code and tools have between three and six: an estimate that is not
/// between these parts of a bound, in thirds of it, decides without counting.
const SURELY_BELOW: u64 = 3;
const SURELY_ABOVE: u64 = 6;
const OF: u64 = 4;

/// What rules may know of a request.
pub struct Asked<'r> {
    /// Of the body.
    pub head: &'r RequestHead,
    /// As the client sent it.
    pub body: &'r [u8],
    /// As the client sent them.
    pub headers: &'r HeaderMap,
    usages: Option<&'r Usages>,
    counted: Option<u32>,
    close: Cell<bool>,
    details: OnceCell<Details<'r>>,
    session: OnceCell<Option<String>>,
    directory: OnceCell<Option<String>>,
}

impl<'r> Asked<'r> {
    /// Nothing is read yet. `usages` are what the host remembers of conversations.
    pub fn new(
        head: &'r RequestHead,
        body: &'r [u8],
        headers: &'r HeaderMap,
        usages: Option<&'r Usages>,
    ) -> Self {
        Self {
            head,
            body,
            headers,
            usages,
            counted: None,
            close: Cell::new(false),
            details: OnceCell::new(),
            session: OnceCell::new(),
            directory: OnceCell::new(),
        }
    }

    /// The same request, of which it is known now how many tokens it has.
    #[must_use]
    pub fn counted(self, tokens: Option<u32>) -> Self {
        Self {
            counted: tokens,
            ..self
        }
    }

    /// A rule depends on how many tokens the request has, and its length left that open. Asked once the rules were.
    pub fn is_close(&self) -> bool {
        self.close.get()
    }

    /// The texts and names of the body.
    pub fn details(&self) -> &Details<'r> {
        self.details.get_or_init(|| Details::read(self.body))
    }

    /// Tokens of system, messages and tools: as they were counted, else the estimate from the length of the text, four
    /// bytes to a token, images 1600 each.
    pub fn tokens(&self) -> u32 {
        self.counted.unwrap_or(self.head.input_estimate)
    }

    /// Whether the request has more than `bound` tokens. By the estimate where that leaves no doubt, else by the
    /// count; where there is none yet [`Self::is_close`] says that one is wanted.
    pub fn longer_than(&self, bound: u32) -> bool {
        let (estimate, wide) = (u64::from(self.head.input_estimate), u64::from(bound));
        if estimate * OF <= wide * SURELY_BELOW || self.head.most_tokens <= bound {
            return false;
        }
        if estimate * OF > wide * SURELY_ABOVE {
            return true;
        }
        self.close.set(self.close.get() || self.counted.is_none());
        self.tokens() > bound
    }

    /// The same for a bound that need not be met exactly: nothing is counted for it.
    pub fn seems_longer_than(&self, bound: u32) -> bool {
        self.tokens() > bound
    }

    /// The conversation that the request belongs to.
    pub fn session(&self) -> Option<&str> {
        let read = || session_id(self.headers, self.head, self.body);
        self.session.get_or_init(read).as_deref()
    }

    /// Input tokens of the conversation's last answer, as the provider counted them.
    pub fn last_usage(&self) -> Option<u64> {
        self.usages?.last(self.session()?)
    }

    /// The folder that the client works in, as its system prompt tells it.
    pub fn directory(&self) -> Option<&str> {
        let read = || self.details().working_directory();
        self.directory.get_or_init(read).as_deref()
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The client says that a subagent asks. Its model is often the session's, which nobody chose
    /// for it.
    pub fn of_subagent(&self) -> bool {
        self.headers.contains_key("x-claude-code-agent-id")
    }

    /// Claude Code asks in a session, and it is no turn of it: those have tools or thinking.
    pub fn side_request(&self) -> bool {
        /// A summary of a long conversation is no small request.
        const SMALL: u32 = 4000;
        let of_claude_code = self
            .header("user-agent")
            .is_some_and(|agent| agent.starts_with("claude-cli/"));
        let head = self.head;
        of_claude_code
            && !head.tools
            && head.thinking.is_none()
            && !self.seems_longer_than(SMALL)
            && self.session().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a request of so many bytes is longer, and whether a count is wanted.
    fn longer(bytes: usize, bound: u32, counted: Option<u32>) -> (bool, bool) {
        let content = "a".repeat(bytes);
        let body =
            format!(r#"{{"model":"m","messages":[{{"role":"user","content":"{content}"}}]}}"#);
        let head = RequestHead::peek(body.as_bytes()).unwrap();
        let headers = HeaderMap::new();
        let asked = Asked::new(&head, body.as_bytes(), &headers, None).counted(counted);
        (asked.longer_than(bound), asked.is_close())
    }

    #[test]
    fn a_request_is_counted_only_where_its_length_leaves_it_open() {
        assert_eq!(longer(280, 100, None), (false, false));
        assert_eq!(longer(640, 100, None), (true, false));
        assert_eq!(longer(420, 100, None), (true, true));
        assert_eq!(longer(360, 100, None), (false, true));
        assert_eq!(longer(420, 100, Some(70)), (false, false));
        assert_eq!(longer(360, 100, Some(130)), (true, false));
        assert_eq!(
            longer(30, 100, Some(1000)),
            (false, false),
            "bytes bound tokens"
        );
    }
}
