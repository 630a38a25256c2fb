//! `case.json5`: what is special about a case and what is expected of it. Every problem is told at
//! once, with its line and the nearest known name.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::config::Problem;
use crate::config::reader::{Fields, Place, Reader};
use crate::config::text::{self, Value as Written, whole_number};

/// What `case.json5` says.
#[derive(Debug, Clone, Default)]
pub(in crate::testing) struct Plan {
    /// What would go wrong without the case.
    pub(in crate::testing) why: String,
    /// Where its shape comes from.
    pub(in crate::testing) source: String,
    pub(in crate::testing) context: ContextPlan,
    pub(in crate::testing) options: BTreeMap<String, Value>,
    pub(in crate::testing) request: RequestPlan,
    pub(in crate::testing) configure_fails: Option<Vec<String>>,
    pub(in crate::testing) upstream: UpstreamPlan,
    pub(in crate::testing) ending: EndingPlan,
    pub(in crate::testing) expect: ExpectPlan,
    pub(in crate::testing) notes: Vec<NotePlan>,
}

#[derive(Debug, Clone, Default)]
pub(in crate::testing) struct ContextPlan {
    pub(in crate::testing) exchange_id: Option<String>,
    pub(in crate::testing) provider: Option<String>,
    pub(in crate::testing) model: Option<String>,
    pub(in crate::testing) requested_model: Option<String>,
    pub(in crate::testing) operation: Option<String>,
    pub(in crate::testing) streaming: Option<bool>,
    pub(in crate::testing) input_estimate: Option<u32>,
    pub(in crate::testing) headers: BTreeMap<String, String>,
    pub(in crate::testing) limits: BTreeMap<String, String>,
    pub(in crate::testing) extra: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default)]
pub(in crate::testing) struct RequestPlan {
    pub(in crate::testing) path: Option<String>,
    pub(in crate::testing) headers: BTreeMap<String, Option<String>>,
    pub(in crate::testing) reply: Option<String>,
    pub(in crate::testing) answer: bool,
    pub(in crate::testing) unsupported: bool,
    /// The body is compared byte for byte, but for white space at its end.
    pub(in crate::testing) bytes: bool,
    pub(in crate::testing) fails: Option<FailsPlan>,
}

#[derive(Debug, Clone, Default)]
pub(in crate::testing) struct FailsPlan {
    pub(in crate::testing) status: Option<u16>,
    pub(in crate::testing) kind: Option<String>,
    pub(in crate::testing) message: Option<String>,
}

#[derive(Debug, Clone, Default)]
pub(in crate::testing) struct UpstreamPlan {
    pub(in crate::testing) status: Option<u16>,
    pub(in crate::testing) headers: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::testing) enum EndingPlan {
    #[default]
    Complete,
    Broken(String),
}

/// The headers that the host makes of an error.
pub(in crate::testing) const ERROR_HEADERS: [&str; 2] = ["retry-after", "x-should-retry"];

#[derive(Debug, Clone, Default)]
pub(in crate::testing) struct ExpectPlan {
    pub(in crate::testing) status: Option<u16>,
    pub(in crate::testing) headers: BTreeMap<String, String>,
    pub(in crate::testing) ends: Option<Ends>,
}

/// How the client's stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::testing) enum Ends {
    Complete,
    Error,
    Cut,
}

const ENDS: [(&str, Ends); 3] = [
    ("complete", Ends::Complete),
    ("error", Ends::Error),
    ("cut", Ends::Cut),
];

impl Ends {
    /// As `case.json5` has it.
    pub(in crate::testing) fn word(self) -> &'static str {
        ENDS.iter()
            .find(|(_, ends)| *ends == self)
            .map_or("", |(word, _)| word)
    }
}

#[derive(Debug, Clone)]
pub(in crate::testing) struct NotePlan {
    pub(in crate::testing) action: String,
    pub(in crate::testing) path: String,
}

/// Reads the text of a `case.json5`. Errors: every problem, in the order of the lines.
pub(super) fn read(text: &str) -> Result<Plan, Vec<Problem>> {
    if text.trim().is_empty() {
        let remedy = "write { why: \"...\", source: \"...\" } into it";
        return Err(vec![Problem::of_file("the file is empty", remedy)]);
    }
    let root = text::parse(text).map_err(|problem| vec![problem])?;
    let mut reader = Reader::literal();
    let plan = plan(&Place::root(&root), &mut reader);
    if reader.problems.is_empty() {
        Ok(plan)
    } else {
        Err(reader.problems)
    }
}

fn plan(root: &Place<'_>, reader: &mut Reader<'_>) -> Plan {
    let mut plan = Plan::default();
    let known = [
        "why",
        "source",
        "context",
        "options",
        "request",
        "configure_fails",
        "upstream",
        "ending",
        "expect",
        "notes",
    ];
    let Some(fields) = reader.fields(root, &known) else {
        return plan;
    };
    plan.why = required(root, &fields, "why", reader);
    plan.source = required(root, &fields, "source", reader);
    with(&fields, "context", |at| {
        plan.context = context(at, reader);
    });
    with(&fields, "options", |at| {
        for (name, place) in reader.entries(at).unwrap_or_default() {
            if let Some(value) = reader.json(&place) {
                plan.options.insert(name.to_owned(), value);
            }
        }
    });
    with(&fields, "request", |at| {
        plan.request = request(at, reader);
    });
    with(&fields, "configure_fails", |at| {
        let items = reader.items(at).unwrap_or_default();
        let texts = items.iter().filter_map(|item| reader.string(item));
        plan.configure_fails = Some(texts.collect());
    });
    with(&fields, "upstream", |at| {
        if let Some(fields) = reader.fields(at, &["status", "headers"]) {
            plan.upstream.status = status(&fields, "status", reader);
            plan.upstream.headers = headers(&fields, reader);
        }
    });
    with(&fields, "ending", |at| {
        plan.ending = ending(at, reader);
    });
    with(&fields, "expect", |at| {
        plan.expect = expect(at, reader);
    });
    with(&fields, "notes", |at| {
        for item in reader.items(at).unwrap_or_default() {
            if let Some(fields) = reader.fields(&item, &["action", "path"]) {
                plan.notes.push(NotePlan {
                    action: required(&item, &fields, "action", reader),
                    path: required(&item, &fields, "path", reader),
                });
            }
        }
    });
    plan
}

fn context(at: &Place<'_>, reader: &mut Reader<'_>) -> ContextPlan {
    let known = [
        "exchange_id",
        "provider",
        "model",
        "requested_model",
        "operation",
        "streaming",
        "input_estimate",
        "headers",
        "limits",
        "extra",
    ];
    let Some(fields) = reader.fields(at, &known) else {
        return ContextPlan::default();
    };
    let bounds = (0, u64::from(u32::MAX));
    let estimate = fields.get("input_estimate");
    ContextPlan {
        exchange_id: string(&fields, "exchange_id", reader),
        provider: string(&fields, "provider", reader),
        model: string(&fields, "model", reader),
        requested_model: string(&fields, "requested_model", reader),
        operation: string(&fields, "operation", reader),
        streaming: fields.get("streaming").and_then(|at| reader.flag(at)),
        input_estimate: estimate
            .and_then(|at| reader.number(at, "tokens", bounds))
            .and_then(|number| u32::try_from(number).ok()),
        headers: headers(&fields, reader),
        limits: strings(&fields, "limits", reader),
        extra: strings(&fields, "extra", reader),
    }
}

fn request(at: &Place<'_>, reader: &mut Reader<'_>) -> RequestPlan {
    let known = [
        "path",
        "headers",
        "reply",
        "answer",
        "unsupported",
        "bytes",
        "fails",
    ];
    let Some(fields) = reader.fields(at, &known) else {
        return RequestPlan::default();
    };
    let mut headers = BTreeMap::new();
    with(&fields, "headers", |at| {
        for (name, place) in reader.entries(at).unwrap_or_default() {
            lower_case(&place, name, reader);
            let value = match &place.node.value {
                Written::Null => Some(None),
                _ => reader.string(&place).map(Some),
            };
            headers.extend(value.map(|value| (name.to_owned(), value)));
        }
    });
    let mut flag = |name| {
        let at = fields.get(name);
        at.and_then(|at| reader.flag(at)).unwrap_or_default()
    };
    let (answer, unsupported) = (flag("answer"), flag("unsupported"));
    let bytes = flag("bytes");
    RequestPlan {
        path: string(&fields, "path", reader),
        headers,
        reply: string(&fields, "reply", reader),
        answer,
        unsupported,
        bytes,
        fails: fields.get("fails").and_then(|at| {
            let fields = reader.fields(at, &["status", "kind", "message"])?;
            Some(FailsPlan {
                status: status(&fields, "status", reader),
                kind: string(&fields, "kind", reader),
                message: string(&fields, "message", reader),
            })
        }),
    }
}

fn ending(at: &Place<'_>, reader: &mut Reader<'_>) -> EndingPlan {
    match &at.node.value {
        Written::String(word) if word == "complete" => EndingPlan::Complete,
        Written::Object(_) => {
            let Some(fields) = reader.fields(at, &["broken"]) else {
                return EndingPlan::Complete;
            };
            EndingPlan::Broken(required(at, &fields, "broken", reader))
        }
        _ => {
            reader.expected(at, "\"complete\" or { broken: \"how\" }");
            EndingPlan::Complete
        }
    }
}

fn expect(at: &Place<'_>, reader: &mut Reader<'_>) -> ExpectPlan {
    let Some(fields) = reader.fields(at, &["status", "headers", "ends"]) else {
        return ExpectPlan::default();
    };
    let mut headers = BTreeMap::new();
    with(&fields, "headers", |at| {
        if let Some(fields) = reader.fields(at, &ERROR_HEADERS) {
            let made = ERROR_HEADERS.iter();
            let given = made.filter_map(|name| {
                let value = string(&fields, name, reader)?;
                Some(((*name).to_owned(), value))
            });
            headers = given.collect();
        }
    });
    ExpectPlan {
        status: status(&fields, "status", reader),
        headers,
        ends: fields.get("ends").and_then(|at| reader.choice(at, &ENDS)),
    }
}

fn with<'t>(fields: &Fields<'t>, name: &str, read: impl FnOnce(&Place<'t>)) {
    if let Some(at) = fields.get(name) {
        read(at);
    }
}

fn required(
    parent: &Place<'_>,
    fields: &Fields<'_>,
    name: &str,
    reader: &mut Reader<'_>,
) -> String {
    if fields.lacks(name) {
        let what = format!("`{name}` is missing");
        reader.problem(parent, what, format!("add {name}: \"...\""));
    }
    let text = fields.get(name).and_then(|at| reader.text(at));
    text.unwrap_or_default()
}

fn string(fields: &Fields<'_>, name: &str, reader: &mut Reader<'_>) -> Option<String> {
    reader.string(fields.get(name)?)
}

fn strings(fields: &Fields<'_>, name: &str, reader: &mut Reader<'_>) -> BTreeMap<String, String> {
    let Some(at) = fields.get(name) else {
        return BTreeMap::new();
    };
    let entries = reader.entries(at).unwrap_or_default();
    let texts = entries
        .iter()
        .filter_map(|(name, place)| Some(((*name).to_owned(), reader.string(place)?)));
    texts.collect()
}

/// Headers as everybody hands them over: in lower case.
fn headers(fields: &Fields<'_>, reader: &mut Reader<'_>) -> BTreeMap<String, String> {
    with(fields, "headers", |at| {
        for (name, place) in reader.entries(at).unwrap_or_default() {
            lower_case(&place, name, reader);
        }
    });
    strings(fields, "headers", reader)
}

fn lower_case(at: &Place<'_>, name: &str, reader: &mut Reader<'_>) {
    let lower = name.to_ascii_lowercase();
    if name != lower {
        let what = format!("no header is called `{name}` where they are compared");
        reader.problem(at, what, format!("write `{lower}`"));
    }
}

fn status(fields: &Fields<'_>, name: &str, reader: &mut Reader<'_>) -> Option<u16> {
    let at = fields.get(name)?;
    let status = match &at.node.value {
        Written::Number(text) => whole_number(text)
            .and_then(|number| u16::try_from(number).ok())
            .filter(|status| (100..600).contains(status)),
        _ => None,
    };
    if status.is_none() {
        reader.expected(at, "an HTTP status, 100 to 599");
    }
    status
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let list = read(text).expect_err("problems");
        let told = list
            .iter()
            .map(|problem| format!("{}: {problem}", problem.line));
        told.collect()
    }

    #[test]
    fn every_problem_is_told_at_once_with_its_line_and_the_nearest_name() {
        let text = "{\n  why: \"\",\n  sources: \"s\",\n  context: { models: \"m\" },\n  \
            upstream: { status: 4000 },\n  expect: { ends: \"completes\" },\n  ending: 7,\n}";
        assert_eq!(
            problems(text),
            [
                "3: sources: the setting `sources` is not known; did you mean `source`?",
                "2: why: it is empty; give it a value or delete the line",
                "4: context.models: the setting `models` is not known; did you mean `model`?",
                "5: upstream.status: found a number; it must be an HTTP status, 100 to 599",
                "7: ending: found a number; it must be \"complete\" or { broken: \"how\" }",
                "6: expect.ends: the value `completes` is not known; did you mean `complete`?",
            ]
        );
    }

    #[test]
    fn headers_that_no_one_could_see_are_refused() {
        let text = "{ why: \"w\", source: \"s\",\n request: { headers: { \"X-A\": null } },\n \
            upstream: { headers: { \"Retry-After\": \"3\" } },\n \
            expect: { headers: { \"Retry-After\": \"3\", \"x-nope\": \"1\" } } }";
        let told = problems(text);
        assert_eq!(told.len(), 4, "{told:?}");
        assert!(
            told[0].starts_with("2: ") && told[0].ends_with("write `x-a`"),
            "{told:?}"
        );
        assert!(told[1].ends_with("write `retry-after`"), "{told:?}");
        assert!(told[2].ends_with("did you mean `retry-after`?"), "{told:?}");
        assert!(told[3].contains("x-nope"), "{told:?}");
    }

    #[test]
    fn what_every_case_says_is_missed() {
        assert_eq!(
            problems("{ why: \"w\" }"),
            ["1: `source` is missing; add source: \"...\""]
        );
    }

    #[test]
    fn dollar_signs_are_only_that() {
        let plan = read("{ why: \"w\", source: \"s\", options: { a: \"${HOME}\" } }").unwrap();
        assert_eq!(plan.options["a"], "${HOME}");
    }

    #[test]
    fn what_is_not_said_has_its_default() {
        let plan = read("{ why: \"w\", source: \"s\", request: { headers: { \"x-a\": null } } }");
        let plan = plan.unwrap();
        assert_eq!(plan.ending, EndingPlan::Complete);
        assert_eq!(plan.request.headers["x-a"], None);
        assert!(!plan.request.answer && plan.request.fails.is_none());
    }
}
