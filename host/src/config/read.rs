//! From the tree to [`Config`]: every setting by name, every contradiction between two of them.
//!
//! One file a section below. Does not open files and does not know which transformers exist.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::problem::Problem;
use super::reader::{Fields, Place, Reader};
use super::{
    Config, DEFAULT_LISTEN, DEFAULT_ROLLBACK_AFTER, Glimpse, OnBroken, Provider, Secret, Trust,
};

mod auth;
mod base_url;
pub(super) mod code;
pub(super) mod limits;
pub(super) mod log;
pub(super) mod model;
pub(super) mod provider;
pub(super) mod proxy;
pub(super) mod recorder;
pub(super) mod retries;
pub(super) mod route;
pub(super) mod statusline;
pub(super) mod system_prompt;
mod transformer;

pub(super) use route::split as split_target;

/// Of the first hundred exchanges, which is how long a generation is new.
const MOST_ROLLBACK_AFTER: u64 = 100;

pub(super) const SETTINGS: [&str; 23] = [
    "$schema",
    "aliases",
    "allowed_hosts",
    "api_key",
    "code",
    "conversations",
    "limits",
    "listen",
    "log",
    "on_broken",
    "pacing",
    "pins",
    "projects",
    "providers",
    "proxy",
    "recorder",
    "retries",
    "rollback_after",
    "router",
    "statusline",
    "system_prompt",
    "timeouts",
    "trust",
];

/// A section that may be left out.
fn section<T: Default>(
    fields: &Fields<'_>,
    name: &str,
    read: impl Fn(&Place<'_>, &mut Reader<'_>) -> T,
    reader: &mut Reader<'_>,
) -> T {
    fields
        .get(name)
        .map(|at| read(at, reader))
        .unwrap_or_default()
}

/// Reads everything, whatever goes wrong. Worth something only if the reader has no problem then;
/// `seen` has every provider all the same.
pub(super) fn config(
    root: &Place<'_>,
    seen: &mut Vec<Glimpse>,
    reader: &mut Reader<'_>,
) -> Option<Config> {
    let fields = reader.fields(root, &SETTINGS)?;
    let providers = providers(root, &fields, seen, reader);
    // A route to a provider that has a problem of its own is not a second problem.
    let names: Vec<&str> = seen.iter().filter_map(|one| one.name.as_deref()).collect();
    let known = route::Known {
        providers: &providers,
        names: &names,
    };
    let api_key = fields.get("api_key").and_then(|at| api_key(at, reader));
    let listen = listen(&fields, api_key.as_ref(), reader);
    Some(Config {
        path: None,
        listen,
        api_key,
        allowed_hosts: fields
            .get("allowed_hosts")
            .map(|at| allowed_hosts(at, reader))
            .unwrap_or_default(),
        trust: trust(&fields, reader),
        pins: fields
            .get("pins")
            .map(|at| pins(at, reader))
            .unwrap_or_default(),
        router: route::router(root, &fields, &known, reader),
        aliases: fields
            .get("aliases")
            .map(|at| route::aliases(at, &known, reader))
            .unwrap_or_default(),
        projects: fields
            .get("projects")
            .map(|at| route::projects(at, &known, reader))
            .unwrap_or_default(),
        conversations: fields
            .get("conversations")
            .map(|at| route::conversations(at, &known, reader))
            .unwrap_or_default(),
        limits: fields
            .get("limits")
            .map(|at| limits::limits(at, reader))
            .unwrap_or_default(),
        timeouts: fields
            .get("timeouts")
            .map(|at| limits::timeouts(at, reader))
            .unwrap_or_default(),
        retries: fields
            .get("retries")
            .map(|at| retries::retries(at, reader))
            .unwrap_or_default(),
        pacing: fields
            .get("pacing")
            .map(|at| retries::pacing(at, reader))
            .unwrap_or_default(),
        recorder: fields
            .get("recorder")
            .map(|at| recorder::recorder(at, reader))
            .unwrap_or_default(),
        rollback_after: fields
            .get("rollback_after")
            .and_then(|at| reader.number(at, "requests", (0, MOST_ROLLBACK_AFTER)))
            .map_or(DEFAULT_ROLLBACK_AFTER, |count| count as usize),
        on_broken: fields
            .get("on_broken")
            .and_then(|at| reader.choice(at, &[("cut", OnBroken::Cut), ("error", OnBroken::Error)]))
            .unwrap_or_default(),
        log: section(&fields, "log", log::log, reader),
        proxy: section(&fields, "proxy", proxy::proxy, reader),
        code: section(&fields, "code", code::code, reader),
        statusline: fields
            .get("statusline")
            .and_then(|at| statusline::statusline(at, reader)),
        system_prompt: fields
            .get("system_prompt")
            .and_then(|at| system_prompt::system_prompt(at, reader)),
        providers,
        other_files: Vec::new(),
        digest: None,
    })
}

fn trust(fields: &Fields<'_>, reader: &mut Reader<'_>) -> Trust {
    let said = fields.get("trust");
    said.and_then(|at| reader.choice(at, &[("any", Trust::Any), ("pinned", Trust::Pinned)]))
        .unwrap_or_default()
}

/// The providers that could be read.
fn providers(
    root: &Place<'_>,
    fields: &Fields<'_>,
    seen: &mut Vec<Glimpse>,
    reader: &mut Reader<'_>,
) -> Vec<Provider> {
    let remedy = "name at least one, as config/minimal.json5 does";
    let Some(at) = fields.get("providers") else {
        reader.problem(root, "there are no `providers`", remedy);
        return Vec::new();
    };
    let Some(items) = reader.items(at) else {
        return Vec::new();
    };
    if items.is_empty() {
        reader.problem(at, "there is no provider", remedy);
    }
    let providers = items
        .iter()
        .filter_map(|item| provider::provider(item, seen, reader));
    providers.collect()
}

/// The key that clients must present. Empty, as `${TRANSOM_API_KEY:-}` can be, is none.
fn api_key(at: &Place<'_>, reader: &mut Reader<'_>) -> Option<Secret> {
    let text = reader.string(at)?;
    auth::header_text(at, text.trim(), reader)
        .filter(|key| !key.is_empty())
        .map(Secret::new)
}

fn listen(fields: &Fields<'_>, api_key: Option<&Secret>, reader: &mut Reader<'_>) -> SocketAddr {
    let Some(at) = fields.get("listen") else {
        return DEFAULT_LISTEN;
    };
    let Some(text) = reader.text(at) else {
        return DEFAULT_LISTEN;
    };
    let numeric = text.replacen("localhost:", "127.0.0.1:", 1);
    let Ok(address) = numeric.parse() else {
        let remedy = format!("write an address and a port, such as \"{DEFAULT_LISTEN}\"");
        reader.problem(
            at,
            format!("`{text}` is not an address to listen on"),
            remedy,
        );
        return DEFAULT_LISTEN;
    };
    // Whether the key could be read is another problem.
    if reader
        .problems
        .iter()
        .all(|problem| problem.path != "api_key")
        && let Err(problem) = open_to_others(address, api_key)
    {
        reader.problem(at, problem.message, problem.remedy.unwrap_or_default());
    }
    address
}

/// Whoever can reach the port can spend the keys: other addresses than loopback want a key.
pub(super) fn open_to_others(address: SocketAddr, api_key: Option<&Secret>) -> Result<(), Problem> {
    if address.ip().is_loopback() || api_key.is_some() {
        return Ok(());
    }
    Err(Problem {
        line: 0,
        path: "listen".to_owned(),
        message: format!("{address} can be reached by others, who could use your keys"),
        remedy: Some("set `api_key`, or listen on 127.0.0.1".to_owned()),
    })
}

/// Names as they stand in `Host`, without scheme and port.
fn allowed_hosts(at: &Place<'_>, reader: &mut Reader<'_>) -> Vec<String> {
    let mut hosts = Vec::new();
    for item in reader.items(at).unwrap_or_default() {
        let Some(host) = reader.text(&item) else {
            continue;
        };
        let valid = |c: char| c.is_ascii_alphanumeric() || "-._[]:".contains(c);
        let has_port = host.matches(':').count() == 1;
        if has_port || !host.chars().all(valid) {
            reader.problem(
                &item,
                format!("`{host}` is not a host name"),
                "write the name alone, without http:// and port; patterns are not supported",
            );
        } else {
            hosts.push(host.to_ascii_lowercase());
        }
    }
    hosts
}

fn pins(at: &Place<'_>, reader: &mut Reader<'_>) -> BTreeMap<String, String> {
    let mut pins = BTreeMap::new();
    for (name, place) in reader.entries(at).unwrap_or_default() {
        let Some(text) = reader.string(&place) else {
            continue;
        };
        let digits = text
            .strip_prefix("sha256:")
            .unwrap_or(&text)
            .to_ascii_lowercase();
        if digits.len() == 64 && digits.chars().all(|c| c.is_ascii_hexdigit()) {
            pins.insert(name.to_owned(), digits);
        } else {
            reader.problem(
                &place,
                "a pin is the sha256 of the component: 64 hexadecimal digits",
                "`transom guest list` and `sha256sum FILE` show it",
            );
        }
    }
    pins
}
