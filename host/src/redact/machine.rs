//! What this machine and its configuration would tell of a person or an account: what is looked for before
//! any exchange is seen.

use std::process::Command;

use super::Known;
use crate::config::{Config, Env, Key};

/// Variables that hold a user's name.
const USERS: [&str; 3] = ["USER", "LOGNAME", "SUDO_USER"];

impl Known {
    /// Of a process's environment and of a configuration.
    pub fn of(config: &Config, env: Env<'_>) -> Self {
        let keys = config
            .providers
            .iter()
            .flat_map(|provider| match &provider.key {
                Key::Set(secrets) => secrets.as_slice(),
                Key::Missing { .. } | Key::Absent => &[],
            })
            .map(|secret| secret.expose().to_owned());
        let own = config.api_key.iter().map(|key| key.expose().to_owned());
        let hosts = [env("HOSTNAME"), node_name()];
        Self {
            keys: keys.chain(own).collect(),
            home: env("HOME"),
            users: USERS.iter().filter_map(|name| env(name)).collect(),
            hosts: hosts.into_iter().flatten().collect(),
        }
    }
}

fn node_name() -> Option<String> {
    let output = Command::new("uname").arg("-n").output().ok()?;
    let name = String::from_utf8(output.stdout).ok()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}
