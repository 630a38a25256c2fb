//! What each built-in transformer of ccr changed, as options of ours.

use super::super::reader::{Place, Reader};
use super::super::text::{Member, Node, Value};
use super::chain::Step;
use super::members::{is_set, number};

/// Built-in ones that change something of a request or an answer.
pub(super) const SHAPES: [&str; 11] = [
    "maxtoken",
    "maxcompletiontokens",
    "sampling",
    "customparams",
    "streamoptions",
    "cleancache",
    "reasoning",
    "tooluse",
    "enhancetool",
    "forcereasoning",
    "extrathinktag",
];

/// Members of a request that the conversion writes itself: one more of the same name would contradict it.
const WRITTEN: [&str; 11] = [
    "model",
    "messages",
    "stream",
    "stream_options",
    "tools",
    "tool_choice",
    "max_tokens",
    "max_completion_tokens",
    "stop",
    "temperature",
    "top_p",
];

/// Options of one of our transformers.
pub(super) struct Options {
    transformer: &'static str,
    /// They hold for one model: a profile cannot be chosen there.
    of_model: bool,
    members: Vec<Member>,
    extra: Vec<Member>,
}

impl Options {
    pub(super) fn new(transformer: &'static str) -> Self {
        Self {
            transformer,
            of_model: false,
            members: Vec::new(),
            extra: Vec::new(),
        }
    }

    /// Those of one model of a provider.
    pub(super) fn of_model(transformer: &'static str) -> Self {
        Self {
            of_model: true,
            ..Self::new(transformer)
        }
    }

    /// The last one counts, as in a chain.
    pub(super) fn set(&mut self, name: &str, node: Node) {
        self.members.retain(|member| member.name != name);
        self.members.push(Member::new(name, node));
    }

    fn word(&mut self, name: &str, step: &Step<'_>, word: &str) {
        self.set(name, Node::text(step.place.node.line, word));
    }

    fn flag(&mut self, name: &str, step: &Step<'_>, flag: bool) {
        let line = step.place.node.line;
        let value = Value::Bool(flag);
        self.set(name, Node { line, value });
    }

    /// What that transformer did for its provider, and more. `cerebras` has no profiles; a model of another
    /// provider gets what the transformer changed of a request.
    fn profile(&mut self, step: &Step<'_>, name: &str) {
        match (name, self.of_model) {
            _ if self.transformer != "openai" => {}
            (_, false) => self.word("profile", step, name),
            ("deepseek", true) => {
                self.word("reasoning_out", step, "reasoning_content");
                self.flag("reasoning_required_with_tools", step, true);
            }
            ("openrouter", true) => self.word("thinking_style", step, "reasoning_obj"),
            (_, true) => {
                let line = step.place.node.line;
                let schema = Node::text(line, super::literal("$schema"));
                let value = Value::List(vec![schema]);
                self.set("schema_strip", Node { line, value });
            }
        }
    }

    pub(super) fn members(self) -> Vec<Member> {
        let mut members = self.members;
        if let Some(first) = self.extra.first() {
            let node = Node::object(first.line, self.extra);
            members.push(Member::new("extra_body", node));
        }
        members
    }

    /// Both chains run in ccr: what the provider's put into the body stays beside what the model's puts there.
    pub(super) fn follow(&mut self, of_all: &Self) {
        if self.extra.is_empty() {
            return;
        }
        let mut extra = of_all.extra.clone();
        extra.retain(|before| !self.extra.iter().any(|own| own.name == before.name));
        extra.append(&mut self.extra);
        self.extra = extra;
    }

    fn speaks_chat(&self) -> bool {
        matches!(self.transformer, "openai" | "cerebras")
    }

    /// Takes over a built-in transformer of ccr.
    pub(super) fn take(&mut self, step: &Step<'_>, reader: &mut Reader<'_>) {
        let name = step.name.to_ascii_lowercase();
        if name == "maxtoken" {
            self.limit(step);
            return;
        }
        // Cache marks, usage and broken arguments are seen to in every conversion.
        let always = [
            "openai",
            "cerebras",
            "vercel",
            "gemini",
            "streamoptions",
            "cleancache",
            "enhancetool",
        ];
        if always.contains(&name.as_str()) {
            return;
        }
        if !self.speaks_chat() {
            let why = match self.transformer {
                "gemini" | "responses" => "the provider speaks a format of its own",
                _ => "the provider speaks the Messages API",
            };
            lost(step, why, reader);
            return;
        }
        match name.as_str() {
            "deepseek" | "groq" => self.profile(step, &name),
            "openrouter" => {
                self.profile(step, &name);
                self.add(step.options.as_ref(), reader);
            }
            "maxcompletiontokens" => self.word("max_tokens_field", step, "max_completion_tokens"),
            "sampling" => self.sampling(step),
            "customparams" => self.add(step.options.as_ref(), reader),
            "reasoning" => self.reasoning(step),
            "extrathinktag" => self.word("think_tags", step, "parse"),
            "tooluse" => self.flag("force_tools", step, true),
            _ => self.flag("ask_for_thinking", step, true),
        }
    }

    /// What can be guessed of a plugin's options.
    pub(super) fn of_plugin(&mut self, step: &Step<'_>, reader: &mut Reader<'_>) {
        self.limit(step);
        let Some(at) = &step.options else { return };
        for (name, place) in reader.entries(at).unwrap_or_default() {
            if name != "max_tokens" {
                reader.warning(
                    &place,
                    "not carried over: an option of the plugin",
                    "docs/config.md has the options of the built-in transformers",
                );
            }
        }
    }

    fn limit(&mut self, step: &Step<'_>) {
        let limit = step
            .options
            .as_ref()
            .and_then(|at| at.node.get("max_tokens"));
        if let Some(limit) = limit.filter(|limit| is_set(limit)) {
            let member = Member::new("max_out_clamp", number(limit)).written_at("max_tokens");
            self.members.retain(|member| member.name != "max_out_clamp");
            self.members.push(member);
        }
    }

    /// Members for the request's body.
    fn add(&mut self, at: Option<&Place<'_>>, reader: &mut Reader<'_>) {
        let Some(at) = at else { return };
        for (name, place) in reader.entries(at).unwrap_or_default() {
            if WRITTEN.contains(&name) {
                reader.warning(
                    &place,
                    "not carried over: the conversion writes this member from the client's request",
                    "take it out",
                );
            } else {
                self.put(name, super::copied(place.node));
            }
        }
    }

    fn put(&mut self, name: &str, node: Node) {
        self.extra.retain(|member| member.name != name);
        self.extra.push(Member::new(name, node));
    }

    /// What is given here is sent, whatever the client said.
    fn sampling(&mut self, step: &Step<'_>) {
        self.limit(step);
        let Some(at) = &step.options else { return };
        for name in ["temperature", "top_p", "top_k", "repetition_penalty"] {
            let Some(node) = at.node.get(name) else {
                continue;
            };
            if matches!(name, "temperature" | "top_p") {
                self.word("sampling", step, "drop");
            }
            self.put(name, node.clone());
        }
    }

    fn reasoning(&mut self, step: &Step<'_>) {
        let enable = step.options.as_ref().and_then(|at| at.node.get("enable"));
        if enable.is_some_and(|node| node.value == Value::Bool(false)) {
            let line = step.place.node.line;
            let value = Value::Bool(false);
            self.put("enable_thinking", Node { line, value });
        } else {
            self.word("thinking_style", step, "enable_thinking");
        }
    }
}

fn lost(step: &Step<'_>, why: &str, reader: &mut Reader<'_>) {
    reader.warning(
        &step.place,
        format!("not carried over: `{}`: {why}", step.name),
        "nothing, if the models behave without it",
    );
}
