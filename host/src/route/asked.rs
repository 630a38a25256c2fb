//! A request as rules ask about it: what is read of it a second time, or counted, is so once, and only
//! if a rule asks.

use std::cell::OnceCell;

use http::HeaderMap;

use super::Usages;
use super::session::session_id;
use crate::head::{Details, RequestHead};

/// No tokenizer in use has tokens longer than this on average over a text of any length worth
/// routing by: text that is longer in bytes than so many times a bound is surely above it.
const MOST_BYTES_PER_TOKEN: u32 = 16;

/// What rules may know of a request.
pub struct Asked<'r> {
    /// Of the body.
    pub head: &'r RequestHead,
    /// As the client sent it.
    pub body: &'r [u8],
    /// As the client sent them.
    pub headers: &'r HeaderMap,
    usages: Option<&'r Usages>,
    details: OnceCell<Details<'r>>,
    tokens: OnceCell<u32>,
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
            details: OnceCell::new(),
            tokens: OnceCell::new(),
            session: OnceCell::new(),
            directory: OnceCell::new(),
        }
    }

    /// The texts and names of the body.
    pub fn details(&self) -> &Details<'r> {
        self.details.get_or_init(|| Details::read(self.body))
    }

    /// Tokens of system, messages and tools. The only place where a request is counted: for now the
    /// estimate from the length of its text, four bytes to a token, images 1600 each.
    pub fn tokens(&self) -> u32 {
        *self.tokens.get_or_init(|| self.head.input_estimate)
    }

    /// Whether the request has more than `bound` tokens. Counted only where its length leaves it open.
    pub fn longer_than(&self, bound: u32) -> bool {
        let most = self.head.most_tokens;
        if most <= bound {
            return false;
        }
        most / MOST_BYTES_PER_TOKEN > bound || self.tokens() > bound
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
            && !self.longer_than(SMALL)
            && self.session().is_some()
    }
}
