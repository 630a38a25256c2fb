//! Where files are, by the XDG base directory rules. Opens nothing.

use std::path::PathBuf;

use super::Env;

/// The folders and files of one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// `~/.config/transom/config.json5`
    pub config: PathBuf,
    /// `~/.config/transom/env`: keys, `NAME=VALUE` a line.
    pub env: PathBuf,
    /// `~/.local/share/transom/transformers`: components, `NAME.wasm`.
    pub transformers: PathBuf,
    /// `~/.cache/transom`: compiled components. May be deleted.
    pub cache: PathBuf,
    /// `~/.local/state/transom`: logs and state.
    pub state: PathBuf,
    /// `~/.claude-code-router/config.json`: what is read where there is no configuration of our own.
    pub ccr: Option<PathBuf>,
}

impl Paths {
    /// Follows `XDG_*_HOME`, which must be absolute to count, and else `HOME`. None if a needed
    /// one of them is not set.
    pub fn of(env: Env<'_>) -> Option<Self> {
        let absolute = |name| env(name).map(PathBuf::from).filter(|p| p.is_absolute());
        let home = absolute("HOME");
        let folder = |variable, below: &str| {
            let base = absolute(variable).or_else(|| home.as_ref().map(|home| home.join(below)));
            base.map(|base| base.join("transom"))
        };
        let config = folder("XDG_CONFIG_HOME", ".config")?;
        Some(Self {
            env: config.join("env"),
            config: config.join("config.json5"),
            transformers: folder("XDG_DATA_HOME", ".local/share")?.join("transformers"),
            cache: folder("XDG_CACHE_HOME", ".cache")?,
            state: folder("XDG_STATE_HOME", ".local/state")?,
            ccr: home
                .as_ref()
                .map(|home| home.join(".claude-code-router/config.json")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_lie_below_home_unless_xdg_says_otherwise() {
        let env = |name: &str| match name {
            "HOME" => Some("/home/u".to_owned()),
            "XDG_CACHE_HOME" => Some("/fast".to_owned()),
            "XDG_STATE_HOME" => Some("relative".to_owned()),
            _ => None,
        };
        let paths = Paths::of(&env).unwrap();
        assert_eq!(
            paths.config,
            PathBuf::from("/home/u/.config/transom/config.json5")
        );
        assert_eq!(paths.cache, PathBuf::from("/fast/transom"));
        assert_eq!(paths.state, PathBuf::from("/home/u/.local/state/transom"));
    }

    #[test]
    fn without_a_home_there_are_no_folders() {
        assert_eq!(Paths::of(&|_| None), None);
    }
}
