//! OpenAI's chat completions, borrowed; members that have no name here are kept in `rest`. Servers
//! that speak this format differ in much: what may be of several types is a [`Raw`].
//!
//! ```
//! use sdk::json::Raw;
//! use sdk::openai::{Message, Request};
//!
//! let request = Request {
//!     model: "gpt-oss-120b".into(),
//!     messages: vec![Message::new("user", Raw::text("hi"))],
//!     max_completion_tokens: Some(100),
//!     ..Request::default()
//! };
//! assert_eq!(
//!     sdk::json::to_string(&request)?,
//!     r#"{"model":"gpt-oss-120b","messages":[{"role":"user","content":"hi"}],"max_completion_tokens":100}"#
//! );
//! # Ok::<(), sdk::json::Error>(())
//! ```

mod answer;

pub use answer::{Choice, Completion, Usage, stop_reason};

use crate::json::{Error, Raw, Str};
use crate::wire::wire;

wire! {
    /// The body of `POST /chat/completions`.
    pub struct Request<'a> {
        /// The model, as the provider names it.
        model: Str<'a>,
        /// The conversation, the system's message first.
        messages: Vec<Message<'a>>,
        /// Tools.
        tools: Option<Vec<Tool<'a>>>,
        /// `auto`, `none`, `required`, or an object that names a function.
        tool_choice: Option<Raw<'a>>,
        /// The most output tokens, for most servers.
        max_tokens: Option<u64>,
        /// The most output tokens, for OpenAI's newer models and others.
        max_completion_tokens: Option<u64>,
        /// Sampling.
        temperature: Option<Raw<'a>>,
        /// Sampling.
        top_p: Option<Raw<'a>>,
        /// One or several texts that stop the answer.
        stop: Option<Raw<'a>>,
        /// How hard to think.
        reasoning_effort: Option<Str<'a>>,
        /// Structured output.
        response_format: Option<Raw<'a>>,
        /// A stream is wanted.
        stream: Option<bool>,
        /// `{"include_usage":true}`: without it a stream says nothing of tokens.
        stream_options: Option<Raw<'a>>,
    }
}

impl<'a> Request<'a> {
    /// Reads a body.
    pub fn parse(body: &'a [u8]) -> Result<Self, Error> {
        crate::json::from_slice(body)
    }
}

wire! {
    /// A message of the conversation or of an answer, or what a chunk adds to one.
    pub struct Message<'a> {
        /// `system`, `developer`, `user`, `assistant` or `tool`. Empty in most chunks.
        role: Str<'a>,
        /// Text, or a list of parts.
        content: Option<Raw<'a>>,
        /// Calls of tools by the assistant.
        tool_calls: Option<Vec<ToolCall<'a>>>,
        /// The call that a `tool` message answers.
        tool_call_id: Option<Str<'a>>,
        /// Thinking, as DeepSeek, Z.ai and others name it.
        reasoning_content: Option<Raw<'a>>,
        /// Thinking, as Cerebras, Groq and OpenRouter name it.
        reasoning: Option<Raw<'a>>,
        /// Why the model does not answer.
        refusal: Option<Raw<'a>>,
    }
}

impl<'a> Message<'a> {
    /// A message of this role.
    pub fn new(role: &'a str, content: Raw<'a>) -> Self {
        Self {
            role: role.into(),
            content: Some(content),
            ..Self::default()
        }
    }
}

wire! {
    /// A call of a tool, or what a chunk adds to one.
    pub struct ToolCall<'a> {
        /// Which call a chunk adds to. Some servers leave it out.
        index: Option<u32>,
        /// Named once, in the first chunk of the call.
        id: Option<Str<'a>>,
        /// `function`.
        kind as "type": Option<Str<'a>>,
        /// What is called.
        function: Option<Function<'a>>,
    }
}

wire! {
    /// Name and arguments of a call.
    pub struct Function<'a> {
        /// Named once, in the first chunk of the call.
        name: Option<Str<'a>>,
        /// A string that holds JSON, or a piece of it.
        arguments: Option<Raw<'a>>,
    }
}

wire! {
    /// A tool that may be called.
    pub struct Tool<'a> {
        /// `function`.
        kind as "type": Str<'a>,
        /// What it is.
        function: Option<ToolFunction<'a>>,
    }
}

wire! {
    /// The function of a tool.
    pub struct ToolFunction<'a> {
        /// Its name.
        name: Str<'a>,
        /// What it does.
        description: Option<Raw<'a>>,
        /// JSON schema of its arguments.
        parameters: Option<Raw<'a>>,
        /// The arguments must obey the schema.
        strict: Option<bool>,
    }
}
