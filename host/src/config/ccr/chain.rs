//! `transformer` of a ccr provider: which transformer of ours does what its chain did.

use url::Url;

use super::super::reader::{Place, Reader};
use super::super::text::{Member, Node, Value};
use super::endpoint::{Endpoint, Format};
use super::members::is_set;
use super::options::{Options, SHAPES};

/// One entry of a `use` list.
pub(super) struct Step<'t> {
    pub(super) name: String,
    pub(super) place: Place<'t>,
    pub(super) options: Option<Place<'t>>,
}

/// What a provider names.
pub(super) struct Chain<'t> {
    steps: Vec<Step<'t>>,
    /// By model.
    models: Vec<(String, Place<'t>, Vec<Step<'t>>)>,
}

/// ccr's built-in transformers that say which format the provider speaks.
const CHAT: [&str; 6] = [
    "openai",
    "deepseek",
    "openrouter",
    "groq",
    "vercel",
    "gemini",
];

/// Built-in ones whose format no transformer here speaks.
const FOREIGN: [&str; 3] = ["vertex-gemini", "vertex-claude", "vertex-openai"];

impl<'t> Chain<'t> {
    pub(super) fn read(at: Option<&Place<'t>>, reader: &mut Reader<'_>) -> Self {
        let mut chain = Self {
            steps: Vec::new(),
            models: Vec::new(),
        };
        let Some(at) = at else { return chain };
        if !matches!(at.node.value, Value::Object(_)) {
            ignored(at, reader);
            return chain;
        }
        for (name, place) in reader.entries(at).unwrap_or_default() {
            if name == "use" {
                chain.steps = steps(&place, reader);
                continue;
            }
            let list = match &place.node.value {
                Value::Object(members) => members.iter().find(|member| member.name == "use"),
                _ => None,
            };
            if let Some(list) = list {
                let steps = steps(&place.member(list), reader);
                chain.models.push((name.to_owned(), place, steps));
            } else if is_set(place.node) {
                ignored(&place, reader);
            }
        }
        chain
    }

    pub(super) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Without a URL that says so.
    pub(super) fn speaks_messages(&self) -> bool {
        self.has("Anthropic")
    }

    /// What the URL says, and where it says nothing the transformers.
    pub(super) fn endpoint(&self, url: &Url) -> Endpoint {
        let (gemini, responses) = (self.has("gemini"), self.has("openai-responses"));
        Endpoint::of(url).or_named(url, gemini, responses)
    }

    /// Names that ccr has not built in.
    pub(super) fn plugins(&self) -> impl Iterator<Item = &str> {
        let of_models = self.models.iter().flat_map(|(_, _, steps)| steps);
        let names = self.steps.iter().chain(of_models);
        names
            .map(|step| step.name.as_str())
            .filter(|name| !built_in(name))
    }

    fn has(&self, name: &str) -> bool {
        self.steps
            .iter()
            .any(|step| step.name.eq_ignore_ascii_case(name))
    }

    /// Adds `transformer`, `options` and `auth` of our provider.
    pub(super) fn fit(
        &self,
        provider: &str,
        url: &Url,
        endpoint: &Endpoint,
        at: &Place<'t>,
        members: &mut Vec<Member>,
        reader: &mut Reader<'_>,
    ) {
        let line = self
            .steps
            .first()
            .map_or(at.node.line, |step| step.place.node.line);
        let name = self.transformer(provider, url, endpoint);
        self.contradiction(at, endpoint, reader);
        let mut options = Options::new(name);
        if let Some(profile) = compatible(url).filter(|_| name == "compatible") {
            options.set("profile", Node::text(line, profile));
        }
        if let Some(path) = endpoint.path.as_deref() {
            options.set("path", Node::text(at.node.line, super::literal(path)));
        }
        for step in &self.steps {
            carry(step, name, &mut options, members, reader);
        }
        let by_model = self.by_model(name, &options, reader);
        let node = Node::text(line, name);
        members.push(Member::new("transformer", node).written("transformer"));
        let mut all = options.members();
        if let Some(models) = by_model {
            all.push(Member::new("models", models));
        }
        if all.is_empty() {
            return;
        }
        if name == "anthropic" {
            reader.warning(
                at,
                "not carried over: what its transformers changed, since bytes pass untouched to it",
                "name a transformer of yours if the provider needs it",
            );
        } else {
            members.push(Member::new("options", Node::object(line, all)).written("transformer"));
        }
    }

    /// By URL, then by what a plugin or the provider is called: an own endpoint before Cerebras is Cerebras.
    fn transformer(&self, provider: &str, url: &Url, endpoint: &Endpoint) -> &'static str {
        match endpoint.format {
            Format::Gemini => return "gemini",
            Format::Responses => return "responses",
            Format::Messages | Format::Chat | Format::Unknown => {}
        }
        let host = url.host_str().unwrap_or_default();
        let called = |word: &str| {
            let named = |name: &str| name.to_ascii_lowercase().contains(word);
            named(provider) || self.steps.iter().any(|step| named(&step.name))
        };
        let messages = endpoint.format == Format::Messages
            || (endpoint.format == Format::Unknown && self.has("Anthropic"));
        if messages {
            // The passthrough has no path of its own to choose.
            let of_zai = ["z.ai", "bigmodel.cn"]
                .iter()
                .any(|known| host.ends_with(known));
            let as_zai = url.path().contains("/api/anthropic") && called("zai");
            return if of_zai || as_zai {
                "zai"
            } else if compatible(url).is_some() || endpoint.path.is_some() {
                "compatible"
            } else {
                "anthropic"
            };
        }
        let own = self.plugins().next().is_some() || self.has("cerebras");
        if host == "api.cerebras.ai" || (own && called("cerebras")) {
            "cerebras"
        } else {
            "openai"
        }
    }

    fn contradiction(&self, at: &Place<'t>, endpoint: &Endpoint, reader: &mut Reader<'_>) {
        if endpoint.format != Format::Messages {
            return;
        }
        let chat = self
            .steps
            .iter()
            .find(|step| CHAT.contains(&step.name.to_ascii_lowercase().as_str()));
        if let Some(step) = chat {
            reader.problem(
                at,
                format!(
                    "the URL speaks the Messages API, and the transformer `{}` sends OpenAI's format",
                    step.name
                ),
                "write use: [\"Anthropic\"], or give the URL of chat completions",
            );
        }
    }

    /// The option `models` of `openai` and `cerebras`: options that hold for one model, beside those `of_all`.
    fn by_model(
        &self,
        ours: &'static str,
        of_all: &Options,
        reader: &mut Reader<'_>,
    ) -> Option<Node> {
        let mut models = Vec::new();
        for (model, place, steps) in &self.models {
            let mut options = Options::of_model(ours);
            for step in steps {
                if built_in(&step.name) && !step.name.eq_ignore_ascii_case("anthropic") {
                    options.take(step, reader);
                } else if !built_in(&step.name) {
                    reader.warning(
                        &step.place,
                        format!("not carried over: the plugin `{}` for one model", step.name),
                        "docs/porting-from-ccr.md makes a transformer of it",
                    );
                }
            }
            options.follow(of_all);
            let members = options.members();
            if members.is_empty() {
                continue;
            }
            if matches!(
                ours,
                "zai" | "compatible" | "anthropic" | "gemini" | "responses"
            ) {
                let what = "not carried over: options of one model";
                reader.warning(place, what, "make a provider of its own for the model");
                continue;
            }
            let node = Node::object(place.node.line, members);
            // That model alone, as in ccr.
            models.push(Member::new(format!("{model}$"), node));
        }
        let line = models.first()?.line;
        Some(Node::object(line, models))
    }
}

/// The profile for a provider that speaks the Messages API beside its own.
fn compatible(url: &Url) -> Option<&'static str> {
    let host = url.host_str()?;
    let profiles = [
        ("deepseek.com", "deepseek"),
        ("moonshot.ai", "kimi"),
        ("moonshot.cn", "kimi"),
        ("kimi.com", "kimi"),
        ("minimax.io", "minimax"),
        ("minimaxi.com", "minimax"),
        ("openrouter.ai", "openrouter"),
        ("aliyuncs.com", "qwen"),
        ("siliconflow.com", "siliconflow"),
    ];
    let mut profiles = profiles.into_iter();
    let (_, profile) = profiles.find(|(end, _)| host.ends_with(end))?;
    Some(profile)
}

/// What one step becomes.
fn carry(
    step: &Step<'_>,
    ours: &str,
    options: &mut Options,
    members: &mut Vec<Member>,
    reader: &mut Reader<'_>,
) {
    if step.name.eq_ignore_ascii_case("anthropic") {
        let bearer = step
            .options
            .as_ref()
            .and_then(|at| at.node.get("UseBearer"));
        if bearer.is_some_and(|node| node.value == Value::Bool(true)) {
            members.push(Member::new(
                "auth",
                Node::text(step.place.node.line, "bearer"),
            ));
        }
        return;
    }
    if step.name == "openai-responses" {
        if ours != "responses" {
            let what =
                "not carried over: `openai-responses`, since the URL is that of another format";
            let remedy = "give the URL that ends in /responses, if that is what the provider shall be asked for";
            reader.warning(&step.place, what, remedy);
        }
        return;
    }
    if FOREIGN.contains(&step.name.as_str()) {
        reader.warning(
            &step.place,
            format!("not carried over: `{}`, whose format no transformer here speaks", step.name),
            "the provider is asked for chat completions; docs/porting-from-ccr.md makes a transformer of one's own",
        );
        return;
    }
    if built_in(&step.name) {
        options.take(step, reader);
        return;
    }
    if ours == "cerebras" || ours == "zai" {
        reader.warning(
            &step.place,
            format!(
                "the plugin `{}` is not run: the built-in `{ours}` does its work",
                step.name
            ),
            "nothing; docs/porting-from-ccr.md carries over what it does beyond that",
        );
        options.of_plugin(step, reader);
    } else {
        reader.warning(
            &step.place,
            format!("not carried over: the plugin `{}`, in whose place `{ours}` is used", step.name),
            "docs/porting-from-ccr.md makes a transformer of it, if `openai` with its options is not enough",
        );
    }
}

/// Entries of a `use` list: `"name"` or `["name", { options }]`.
fn steps<'t>(at: &Place<'t>, reader: &mut Reader<'_>) -> Vec<Step<'t>> {
    let mut steps = Vec::new();
    let Value::List(items) = &at.node.value else {
        if is_set(at.node) {
            ignored(at, reader);
        }
        return steps;
    };
    for (index, item) in items.iter().enumerate() {
        let item = at.item(index, item);
        let (place, options) = match &item.node.value {
            Value::List(pair) => {
                let Some(first) = pair.first() else { continue };
                let options = pair.get(1).map(|node| item.item(1, node));
                (item.item(0, first), options)
            }
            _ => (item, None),
        };
        if let Value::String(name) = &place.node.value {
            let name = name.clone();
            steps.push(Step {
                name,
                place,
                options,
            });
        } else {
            ignored(&place, reader);
        }
    }
    steps
}

/// Nothing that ccr takes a transformer from.
fn ignored(at: &Place<'_>, reader: &mut Reader<'_>) {
    reader.warning(
        at,
        format!(
            "not carried over: ccr takes no transformer from {}",
            at.node.value.kind()
        ),
        "write { use: [\"NAME\", [\"NAME\", { OPTIONS }]] }",
    );
}

fn built_in(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let known = [
        CHAT.as_slice(),
        &FOREIGN,
        &["anthropic", "cerebras", "openai-responses"],
    ]
    .concat();
    known.contains(&lower.as_str()) || SHAPES.contains(&lower.as_str())
}
