//! The top level of a ccr file: where it listens, what it logs, what it starts Claude Code with, and what of it
//! has no counterpart.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::super::Env;
use super::super::reader::{LONGEST_MS, Place, Reader};
use super::super::text::{Member, Node, Value, whole_number};
use super::members::Members;
use super::{as_written, literal};

/// Every top-level key of 1.x and 2.x, and `allowed_hosts`, which others need who reach transom by a name.
const KNOWN: [&str; 28] = [
    "$schema",
    "ANTHROPIC_SMALL_FAST_MODEL",
    "APIKEY",
    "API_TIMEOUT_MS",
    "CLAUDE_PATH",
    "CUSTOM_ROUTER_PATH",
    "HOST",
    "HTTPS_PROXY",
    "LOG",
    "LOG_LEVEL",
    "NON_INTERACTIVE_MODE",
    "PORT",
    "PROXY_URL",
    "Providers",
    "REWRITE_SYSTEM_PROMPT",
    "Router",
    "StatusLine",
    ALLOWED_HOSTS,
    "fallback",
    "forceUseImageAgent",
    "httpsProxy",
    "https_proxy",
    "plugins",
    "presets",
    "providers",
    "tokenizer",
    "tokenizers",
    "transformers",
];

const ALLOWED_HOSTS: &str = "allowed_hosts";

/// What a preset of 2.x says of itself at the top of the file.
const OF_A_PRESET: [&str; 7] = [
    "author",
    "ccrVersion",
    "description",
    "keywords",
    "name",
    "schema",
    "version",
];

/// Variables that programs read and that resemble a setting: they are no slips.
const VARIABLES: [&str; 7] = [
    "ALL_PROXY",
    "ANTHROPIC_MODEL",
    "API_KEY",
    "HTTP_PROXY",
    "NO_PROXY",
    "http_proxy",
    "no_proxy",
];

/// The members of the top level. ccr puts any other one into the environment of its process, so a name in
/// capitals that resembles none is told as that.
pub(super) fn members<'t>(root: &Place<'t>, reader: &mut Reader<'_>) -> Option<Members<'t>> {
    let all = [KNOWN.as_slice(), &OF_A_PRESET, &VARIABLES].concat();
    let exported = |name: &str| {
        name.chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    };
    let told = reader.warnings.len();
    let members = Members::read(root, &all, reader)?;
    for at in VARIABLES.iter().filter_map(|name| members.get(name)) {
        reader.warning(at, "", "");
    }
    for warning in reader.warnings.iter_mut().skip(told) {
        if exported(&warning.path) || VARIABLES.contains(&warning.path.as_str()) {
            "ccr hands it to its own process as an environment variable; transom does not"
                .clone_into(&mut warning.message);
            warning.remedy =
                Some("if something needs it, put it into ~/.config/transom/env".to_owned());
        }
    }
    Some(members)
}

/// Everything but providers, routes and the status line.
pub(super) fn settings(
    fields: &Members<'_>,
    env: Env<'_>,
    members: &mut Vec<Member>,
    reader: &mut Reader<'_>,
) {
    listen(fields, env, members, reader);
    if let Some(place) = fields.get("APIKEY")
        && let Value::String(text) = &place.node.value
    {
        let key = Node::text(place.node.line, as_written(text));
        members.push(Member::new("api_key", key).written("APIKEY"));
    } else if let Some(place) = fields.get("APIKEY") {
        reader.expected(place, "a string, \"...\"");
    }
    log(fields, members, reader);
    proxy(fields, members, reader);
    client(fields, members, reader);
    system_prompt(fields, members, reader);
    not_carried(fields, reader);
}

/// `HOST` and `PORT`. As in ccr, another host than loopback counts only with `APIKEY`, and the environment's
/// `SERVICE_PORT` is stronger than `PORT`.
fn listen(fields: &Members<'_>, env: Env<'_>, members: &mut Vec<Member>, reader: &mut Reader<'_>) {
    let hosts = fields.get(ALLOWED_HOSTS);
    members.extend(hosts.map(|at| Member::new(ALLOWED_HOSTS, super::copied(at.node))));
    let (host_at, port_at) = (fields.get("HOST"), fields.get("PORT"));
    let port = port_at.and_then(|at| port(at, reader));
    let port = env("SERVICE_PORT")
        .and_then(|text| text.parse().ok())
        .or(port);
    let host = host_at.and_then(|at| host(at, fields, reader));
    let Some((at, written)) = port_at
        .map(|at| (at, "PORT"))
        .or(host_at.map(|at| (at, "HOST")))
    else {
        return;
    };
    let host = host.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let listen = SocketAddr::new(host, port.unwrap_or(3456)).to_string();
    let node = Node::text(at.node.line, listen);
    members.push(Member::new("listen", node).written(written));
}

/// The address to listen on; none: the usual one.
fn host(at: &Place<'_>, fields: &Members<'_>, reader: &mut Reader<'_>) -> Option<IpAddr> {
    let named = reader.text(at)?;
    let Ok(address) = named
        .trim()
        .replace("localhost", "127.0.0.1")
        .parse::<IpAddr>()
    else {
        let what = format!("`{named}` is not an address to listen on");
        let remedy = "write one of this machine, or 0.0.0.0 for all of them";
        if fields.get("APIKEY").is_some() {
            reader.problem(at, what, remedy);
        } else {
            reader.warning(
                at,
                format!("{what}: 127.0.0.1 is used, as ccr does without APIKEY"),
                remedy,
            );
        }
        return None;
    };
    if address.is_loopback() {
        return Some(address);
    }
    if fields.get("APIKEY").is_none() {
        reader.warning(
            at,
            "without APIKEY only 127.0.0.1 is listened on, as ccr does",
            "set APIKEY if others are to reach it",
        );
        return None;
    }
    if fields.get(ALLOWED_HOSTS).is_none() {
        reader.warning(
            at,
            "others reach it by an address; a name in their URL is refused, so that no web page gets at it",
            "write the names into `allowed_hosts`, such as [\"mybox.local\"], if they use any",
        );
    }
    Some(address)
}

/// A number, or text that is one.
fn port(at: &Place<'_>, reader: &mut Reader<'_>) -> Option<u16> {
    let number = match &at.node.value {
        Value::String(_) => whole_number(reader.text(at)?.trim()),
        Value::Number(text) => whole_number(text),
        _ => None,
    };
    let port = number.and_then(|number| u16::try_from(number).ok());
    if port.is_none() {
        let what = "this is no port";
        reader.problem(at, what, "write a number from 1 to 65535, such as 3456");
    }
    port
}

/// ccr logs bodies and keys at its usual level, which nothing here does: `LOG: false` keeps warnings.
fn log(fields: &Members<'_>, members: &mut Vec<Member>, reader: &mut Reader<'_>) {
    let off = fields.get("LOG").filter(|at| flag(at.node) == Some(false));
    let (at, level, written) = if let Some(at) = off {
        (at, "warn".to_owned(), "LOG")
    } else if let Some(at) = fields.get("LOG_LEVEL") {
        let Some(level) = reader.text(at) else {
            return;
        };
        let lower = level.to_ascii_lowercase();
        let level = match lower.as_str() {
            "fatal" | "silent" => "error",
            "warning" => "warn",
            known @ ("error" | "warn" | "info" | "debug" | "trace") => known,
            _ => {
                let what = format!("`{}` is no level: info is used", level.escape_debug());
                let remedy = "write error, warn, info, debug or trace";
                reader.warning(at, what, remedy);
                "info"
            }
        };
        (at, level.to_owned(), "LOG_LEVEL")
    } else {
        return;
    };
    let line = at.node.line;
    let level = Member::new("level", Node::text(line, literal(&level))).written_at(written);
    members.push(Member::new("log", Node::object(line, vec![level])).written("LOG"));
}

/// The first of the names under which ccr looks.
fn proxy(fields: &Members<'_>, members: &mut Vec<Member>, reader: &mut Reader<'_>) {
    let names = ["HTTPS_PROXY", "https_proxy", "httpsProxy", "PROXY_URL"];
    let mut found = names
        .into_iter()
        .filter_map(|name| Some((name, fields.get(name)?)))
        .filter(|(_, at)| !matches!(&at.node.value, Value::String(text) if text.is_empty()));
    let Some((name, at)) = found.next() else {
        return;
    };
    for (_, other) in found {
        reader.warning(
            other,
            format!("`{name}` is stronger, as in ccr"),
            "keep one of the two",
        );
    }
    let Value::String(url) = &at.node.value else {
        reader.expected(at, "a string, \"...\"");
        return;
    };
    let line = at.node.line;
    let url = Member::new("url", Node::text(line, as_written(url))).written_at(name);
    members.push(Member::new("proxy", Node::object(line, vec![url])).written(name));
}

/// What Claude Code is started with.
fn client(fields: &Members<'_>, members: &mut Vec<Member>, reader: &mut Reader<'_>) {
    let mut code = Vec::new();
    for (name, ours) in [
        ("CLAUDE_PATH", "path"),
        ("ANTHROPIC_SMALL_FAST_MODEL", "small_fast_model"),
    ] {
        let Some(at) = fields.get(name) else { continue };
        match &at.node.value {
            Value::String(text) => {
                let node = Node::text(at.node.line, as_written(text));
                code.push(Member::new(ours, node).written_at(name));
            }
            _ => reader.expected(at, "a string, \"...\""),
        }
    }
    if let Some(at) = fields.get("NON_INTERACTIVE_MODE")
        && let Some(flag) = flag(at.node)
    {
        let node = Node {
            line: at.node.line,
            value: Value::Bool(flag),
        };
        code.push(Member::new("non_interactive", node).written_at("NON_INTERACTIVE_MODE"));
    }
    if let Some(at) = fields.get("API_TIMEOUT_MS")
        && let Some(ms) = milliseconds(at, reader)
    {
        let number = |ms: u64| Node {
            line: at.node.line,
            value: Value::Number(ms.to_string()),
        };
        code.push(Member::new("timeout_ms", number(ms)).written_at("API_TIMEOUT_MS"));
        // ccr's own client gives up after 300 s whatever is written here: a known complaint.
        if ms > 600_000 {
            let headers = Member::new("headers_ms", number(ms)).written_at("API_TIMEOUT_MS");
            let timeouts = Node::object(at.node.line, vec![headers]);
            members.push(Member::new("timeouts", timeouts).written("API_TIMEOUT_MS"));
        }
    }
    if let Some(first) = code.first() {
        let node = Node::object(first.line, code);
        members.push(Member::new("code", node).written("Claude Code"));
    }
}

/// `true` and `false`, also as text or as a number.
fn flag(node: &Node) -> Option<bool> {
    match &node.value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => Some(!text.trim().eq_ignore_ascii_case("false")),
        Value::Number(number) => Some(number != "0"),
        Value::Null | Value::List(_) | Value::Object(_) => None,
    }
}

/// ccr hands over whatever it is, so that a slip stops nothing.
fn milliseconds(at: &Place<'_>, reader: &mut Reader<'_>) -> Option<u64> {
    let number = match &at.node.value {
        Value::String(_) => whole_number(reader.text(at)?.trim()),
        Value::Number(text) => whole_number(text),
        _ => None,
    };
    let number = number.filter(|ms| (1..=LONGEST_MS).contains(ms));
    if number.is_none() {
        let what =
            "not carried over: it is no whole number of milliseconds, of which a day is the most";
        reader.warning(at, what, "write one, such as 600000");
    }
    number
}

/// As in ccr the words take effect only where the client writes `<env>`, which today's does not.
fn system_prompt(fields: &Members<'_>, members: &mut Vec<Member>, reader: &mut Reader<'_>) {
    const NAME: &str = "REWRITE_SYSTEM_PROMPT";
    let Some(at) = fields.get(NAME) else { return };
    let Value::String(text) = &at.node.value else {
        reader.expected(at, "the path of a file, \"...\"");
        return;
    };
    reader.warning(
        at,
        "as in ccr, it replaces what stands before `<env>` in a system text; Claude Code 2.1 writes no `<env>` any more",
        "`claude --system-prompt-file FILE` replaces the prompt there, or `system_prompt.before` names other words",
    );
    let line = at.node.line;
    let file = Member::new("file", Node::text(line, as_written(text))).written_at(NAME);
    members.push(Member::new("system_prompt", Node::object(line, vec![file])).written(NAME));
}

/// What has no counterpart, each with the way that leads to the same end.
fn not_carried(fields: &Members<'_>, reader: &mut Reader<'_>) {
    for (name, what, remedy) in [
        (
            "CUSTOM_ROUTER_PATH",
            "a router in JavaScript is not run",
            "write its rules into `router.rules`, or as a router component, which `transom guest new NAME --from router` \
             begins: docs/routing.md#a-router-component",
        ),
        (
            "forceUseImageAgent",
            "there is no image agent, which answers questions about earlier images by a tool of its own",
            "`Router.image` takes requests whose last message has an image; to a model known to read text only, images go as words",
        ),
        (
            "tokenizers",
            "there are no tokenizers to choose: lengths come from what the provider last counted, and an estimate",
            "take it out",
        ),
        (
            "tokenizer",
            "there are no tokenizers to choose",
            "take it out",
        ),
        (
            "plugins",
            "plugins of ccr's server are not run",
            "tokens per second stand in the log and at /metrics",
        ),
        (
            "presets",
            "presets are not served under paths of their own",
            "a configuration for each, with --config",
        ),
    ] {
        let says_something = |at: &&Place<'_>| match &at.node.value {
            Value::Null | Value::Bool(false) => false,
            Value::String(text) => !text.is_empty(),
            Value::List(items) => !items.is_empty(),
            Value::Object(members) => !members.is_empty(),
            Value::Bool(true) | Value::Number(_) => true,
        };
        if let Some(at) = fields.get(name).filter(says_something) {
            reader.warning(at, format!("not carried over: {what}"), remedy);
        }
    }
}
