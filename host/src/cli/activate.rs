//! `transom activate`: the environment in which Claude Code talks to transom, as shell text.
//!
//! [`Environment`] is also what `transom code` starts `claude` with. Opens no socket.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::config::{Config, Env};

/// What is presented when the configuration asks for no key: Claude Code wants some credential.
const NO_KEY: &str = "transom";

/// What Claude Code itself waits for an answer, in milliseconds.
const API_TIMEOUT_MS: u128 = 600_000;

/// Claude Code takes no smaller `CLAUDE_CODE_AUTO_COMPACT_WINDOW` (2.1.330 says so on stderr).
const SMALLEST_COMPACT_WINDOW: u32 = 100_000;

/// What would take Claude Code past the base URL, or present another credential.
const UNSET: [&str; 4] = [
    "ANTHROPIC_API_KEY",
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_VERTEX",
    "CLAUDE_CODE_USE_FOUNDRY",
];

/// Variables to set and to unset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Names and values.
    pub set: Vec<(&'static str, String)>,
    /// Names.
    pub unset: Vec<&'static str>,
}

/// A shell that can evaluate the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Shell {
    /// GNU bash, and any other POSIX shell.
    Bash,
    /// The Z shell.
    Zsh,
    /// fish.
    Fish,
}

impl Shell {
    /// By `SHELL`; bash when that says nothing, since every POSIX shell reads its text.
    pub fn of(env: Env<'_>) -> Self {
        let shell = env("SHELL").unwrap_or_default();
        match shell.rsplit('/').next() {
            Some("fish") => Self::Fish,
            Some("zsh") => Self::Zsh,
            _ => Self::Bash,
        }
    }
}

/// Where a client on the same machine finds a service that listens on `listen`.
pub fn base_url(listen: SocketAddr) -> String {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, listen.port()))
}

impl Environment {
    /// For a service at `base_url`. `env` is the environment that this one is added to.
    pub fn of(base_url: &str, config: &Config, env: Env<'_>) -> Self {
        let token = config.api_key.as_ref().map_or(NO_KEY, |key| key.expose());
        let mut set = vec![
            ("ANTHROPIC_BASE_URL", base_url.to_owned()),
            ("ANTHROPIC_AUTH_TOKEN", token.to_owned()),
            (
                "API_TIMEOUT_MS",
                config
                    .code
                    .timeout
                    .map_or(API_TIMEOUT_MS, |timeout| timeout.as_millis())
                    .to_string(),
            ),
        ];
        if let Some(model) = &config.code.small_fast_model {
            set.push(("ANTHROPIC_SMALL_FAST_MODEL", model.clone()));
        }
        let host = base_url.trim_start_matches("http://");
        let host = host.rsplit_once(':').map_or(host, |(host, _port)| host);
        set.push(("NO_PROXY", direct(host, env("NO_PROXY"))));
        // Programs that know both prefer the one in small letters.
        if let Some(existing) = env("no_proxy") {
            set.push(("no_proxy", direct(host, Some(existing))));
        }
        if let Some(window) = config.smallest_window() {
            set.push(("CLAUDE_CODE_MAX_CONTEXT_TOKENS", window.to_string()));
            // The first is read for models that Claude Code does not know, this one for its own
            // default model too, which it would else believe to have a million tokens.
            let compact = window.max(SMALLEST_COMPACT_WINDOW);
            set.push(("CLAUDE_CODE_AUTO_COMPACT_WINDOW", compact.to_string()));
        }
        Self {
            set,
            unset: UNSET.to_vec(),
        }
    }

    /// Text for the shell's `eval`, with a line break after each command.
    pub fn script(&self, shell: Shell) -> String {
        let mut script = String::new();
        for name in &self.unset {
            // Infallible: a String takes whatever is written.
            let _ = match shell {
                Shell::Fish => writeln!(script, "set -e {name};"),
                Shell::Bash | Shell::Zsh => writeln!(script, "unset {name};"),
            };
        }
        for (name, value) in &self.set {
            let value = quoted(value, shell);
            let _ = match shell {
                Shell::Fish => writeln!(script, "set -gx {name} {value};"),
                Shell::Bash | Shell::Zsh => writeln!(script, "export {name}={value};"),
            };
        }
        script
    }
}

/// The list of hosts that are reached without a proxy, with the loopback ones and `host` in it.
fn direct(host: &str, existing: Option<String>) -> String {
    let mut hosts = existing.unwrap_or_default();
    for host in ["127.0.0.1", "localhost", host] {
        if !hosts.split(',').any(|known| known.trim() == host) {
            if !hosts.is_empty() {
                hosts.push(',');
            }
            hosts.push_str(host);
        }
    }
    hosts
}

/// A word that the shell takes as it is.
fn quoted(value: &str, shell: Shell) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,@%+".contains(c);
    if !value.is_empty() && value.chars().all(plain) {
        return value.into();
    }
    let escaped = match shell {
        Shell::Fish => value.replace('\\', r"\\").replace('\'', r"\'"),
        Shell::Bash | Shell::Zsh => value.replace('\'', r"'\''"),
    };
    format!("'{escaped}'").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(top: &str) -> Config {
        let text = format!(
            "{{ providers: [{{ name: 'a', base_url: 'http://127.0.0.1:9/v1', transformer: 'openai',
                models: [{{ id: 'm', context_window: 131072 }}, 'n', {{ id: 's', context_window: 8000 }}] }}], {top} }}"
        );
        Config::parse(&text, None, &|_| None).unwrap().config
    }

    fn of(top: &str, env: Env<'_>) -> Environment {
        Environment::of("http://127.0.0.1:3456", &config(top), env)
    }

    fn value<'e>(environment: &'e Environment, name: &str) -> Option<&'e str> {
        let found = environment.set.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_str())
    }

    #[test]
    fn claude_code_is_sent_here_with_some_credential_and_no_other() {
        let environment = of("", &|_| None);
        assert_eq!(
            value(&environment, "ANTHROPIC_BASE_URL"),
            Some("http://127.0.0.1:3456")
        );
        assert_eq!(value(&environment, "ANTHROPIC_AUTH_TOKEN"), Some("transom"));
        assert_eq!(value(&environment, "API_TIMEOUT_MS"), Some("600000"));
        assert!(environment.unset.contains(&"ANTHROPIC_API_KEY"));
        let keyed = of("api_key: 'secret'", &|_| None);
        assert_eq!(value(&keyed, "ANTHROPIC_AUTH_TOKEN"), Some("secret"));
    }

    #[test]
    fn the_smallest_window_of_the_routed_models_is_told() {
        let told = |top: &str, name| value(&of(top, &|_| None), name).map(str::to_owned);
        let window = "CLAUDE_CODE_MAX_CONTEXT_TOKENS";
        let compact = "CLAUDE_CODE_AUTO_COMPACT_WINDOW";
        let one = "router: { default: 'a,m' }";
        assert_eq!(told(one, window).as_deref(), Some("131072"));
        assert_eq!(told(one, compact).as_deref(), Some("131072"));
        let two = "router: { default: 'a,m', background: 'a,s' }";
        assert_eq!(told(two, window).as_deref(), Some("8000"));
        assert_eq!(told(two, compact).as_deref(), Some("100000"));
        assert_eq!(told("router: { default: 'a,n' }", window), None);
    }

    #[test]
    fn an_existing_list_of_hosts_without_proxy_is_kept() {
        let env = |name: &str| match name {
            "NO_PROXY" => Some(".corp,localhost".to_owned()),
            "no_proxy" => Some("x".to_owned()),
            _ => None,
        };
        let environment = of("", &env);
        assert_eq!(
            value(&environment, "NO_PROXY"),
            Some(".corp,localhost,127.0.0.1")
        );
        assert_eq!(
            value(&environment, "no_proxy"),
            Some("x,127.0.0.1,localhost")
        );
        assert_eq!(value(&of("", &|_| None), "no_proxy"), None);
    }

    #[test]
    fn a_service_on_every_address_is_reached_by_loopback() {
        assert_eq!(
            base_url("0.0.0.0:80".parse().unwrap()),
            "http://127.0.0.1:80"
        );
        assert_eq!(base_url("[::]:80".parse().unwrap()), "http://[::1]:80");
        assert_eq!(
            base_url("10.1.2.3:80".parse().unwrap()),
            "http://10.1.2.3:80"
        );
    }

    #[test]
    fn values_survive_each_shells_quoting() {
        let environment = Environment {
            set: vec![
                ("A", r"it's $HOME \n".to_owned()),
                ("B", "plain".to_owned()),
            ],
            unset: vec!["C"],
        };
        let bash = "unset C;\nexport A='it'\\''s $HOME \\n';\nexport B=plain;\n";
        assert_eq!(environment.script(Shell::Bash), bash);
        assert_eq!(environment.script(Shell::Zsh), bash);
        let fish = "set -e C;\nset -gx A 'it\\'s $HOME \\\\n';\nset -gx B plain;\n";
        assert_eq!(environment.script(Shell::Fish), fish);
    }

    #[test]
    fn the_shell_is_told_by_its_variable() {
        let of = |path: &str| Shell::of(&|_| Some(path.to_owned()));
        assert_eq!(of("/usr/bin/fish"), Shell::Fish);
        assert_eq!(of("/bin/zsh"), Shell::Zsh);
        assert_eq!(of("/bin/dash"), Shell::Bash);
    }

    #[test]
    fn a_posix_shell_evaluates_the_text_to_the_same_values() {
        let nasty = r#"a'b"c $d `e` \f ; g"#;
        let environment = Environment {
            set: vec![("TRANSOM_TEST", nasty.to_owned())],
            unset: vec!["TRANSOM_GONE"],
        };
        let script = environment.script(Shell::Bash);
        let output = std::process::Command::new("sh")
            .args([
                "-c",
                "eval \"$1\"; printf '%s|%s' \"$TRANSOM_TEST\" \"${TRANSOM_GONE-unset}\"",
                "sh",
                &script,
            ])
            .env("TRANSOM_GONE", "x")
            .output()
            .unwrap();
        assert_eq!(
            String::from_utf8(output.stdout).unwrap(),
            format!("{nasty}|unset")
        );
    }
}
