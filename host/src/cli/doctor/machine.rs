//! What lies around the service: the port, the client, a proxy, the clock, what keeps a service running.

use std::path::Path;
use std::time::{Duration, SystemTime};

use super::Finding;
use crate::cli::code::{Answer, running_service};
use crate::cli::listeners;
use crate::config::{Config, Proxy, process_env};

/// TLS certificates and signed requests bear no more.
const SKEW: Duration = Duration::from_mins(2);

pub(super) async fn findings(config: &Config, offline: bool) -> Vec<Finding> {
    let mut findings = vec![port(config).await, client(config), proxy(&config.proxy)];
    findings.extend(linger());
    if !offline {
        findings.extend(clock(config).await);
    }
    findings
}

async fn port(config: &Config) -> Finding {
    let listen = config.listen;
    match running_service(config).await {
        Answer::Transom(url) => Finding::ok("port", format!("a transom serves at {url}")),
        Answer::Anothers(health) => {
            let whose = health.others().map_or_else(
                || "somebody who is not on this machine".to_owned(),
                |user| format!("user {}", listeners::name_of(user)),
            );
            Finding::fail(
                "port",
                format!(
                    "the transom at {listen} is that of {whose}, who would get keys and prompts that are sent there"
                ),
                "choose another address with `listen`",
            )
        }
        Answer::Nobody => Finding::ok("port", format!("{listen} is free; no service runs")),
        Answer::Other => {
            let who = listeners::process_at(listen.port())
                .unwrap_or_else(|| "another program".to_owned());
            let who = who.trim_end_matches(',');
            Finding::fail(
                "port",
                format!("{listen} is taken by {who}, which is no transom"),
                "stop that, or choose another address with `listen`",
            )
        }
    }
}

/// The program that `transom code` runs.
fn client(config: &Config) -> Finding {
    let named = process_env("CLAUDE_PATH").filter(|path| !path.is_empty());
    let program = named
        .or_else(|| config.code.path.clone())
        .unwrap_or_else(|| "claude".to_owned());
    let found = if program.contains('/') {
        Path::new(&program).is_file()
    } else {
        let path = process_env("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|folder| folder.join(&program).is_file())
    };
    if found {
        Finding::ok("claude", format!("`{program}` is there"))
    } else {
        Finding::warn(
            "claude",
            format!("there is no program `{program}`"),
            "npm install -g @anthropic-ai/claude-code, or name it in `code.path`",
        )
    }
}

fn proxy(proxy: &Proxy) -> Finding {
    let what = "proxy";
    if let Some(url) = &proxy.url {
        return Finding::ok(
            what,
            format!(
                "providers are reached through {}",
                without_login(url.expose())
            ),
        );
    }
    let names = [
        "HTTPS_PROXY",
        "https_proxy",
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
    ];
    let set = names
        .into_iter()
        .find_map(|name| Some((name, process_env(name).filter(|value| !value.is_empty())?)));
    match set {
        None => Finding::ok(what, "none"),
        Some((name, url)) => Finding::warn(
            what,
            format!(
                "{name} of this shell leads through {}; a background service may not have it",
                without_login(&url)
            ),
            "write it into the configuration as proxy: { url: \"...\" }",
        ),
    }
}

fn without_login(url: &str) -> String {
    let Ok(mut parsed) = url::Url::parse(url) else {
        return "what is no URL".to_owned();
    };
    // Fails only for URLs that can have no login.
    let _ = parsed.set_username("");
    let _ = parsed.set_password(None);
    parsed.to_string()
}

/// A user's services end with the last login unless they linger.
fn linger() -> Option<Finding> {
    let home = process_env("HOME")?;
    let config = process_env("XDG_CONFIG_HOME").unwrap_or_else(|| format!("{home}/.config"));
    if !Path::new(&config)
        .join("systemd/user/transom.service")
        .exists()
    {
        return None;
    }
    let user = process_env("USER").or_else(|| process_env("LOGNAME"))?;
    Some(
        if Path::new("/var/lib/systemd/linger").join(&user).exists() {
            Finding::ok("linger", "the service goes on without a login")
        } else {
            Finding::warn(
                "linger",
                "the service ends with the last login, and does not start with the machine",
                "loginctl enable-linger",
            )
        },
    )
}

/// Against what the first provider beyond this machine says.
async fn clock(config: &Config) -> Option<Finding> {
    let beyond = |url: &url::Url| match url.host()? {
        url::Host::Domain(name) => (name != "localhost").then_some(()),
        url::Host::Ipv4(ip) => (!ip.is_loopback()).then_some(()),
        url::Host::Ipv6(ip) => (!ip.is_loopback()).then_some(()),
    };
    let provider = config
        .providers
        .iter()
        .find(|provider| beyond(&provider.base_url).is_some())?;
    let theirs = crate::upstream::clock_of(&provider.base_url, &config.proxy).await?;
    let ours = SystemTime::now();
    let apart = ours
        .duration_since(theirs)
        .unwrap_or_else(|error| error.duration());
    Some(if apart <= SKEW {
        Finding::ok("clock", format!("as that of {}", provider.name))
    } else {
        Finding::warn(
            "clock",
            format!("{} s apart from that of {}", apart.as_secs(), provider.name),
            "set it: sudo timedatectl set-ntp true (a virtual machine that slept may need a restart)",
        )
    })
}
