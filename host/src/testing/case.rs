//! Reading fixtures.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use jsonc_parser::ParseOptions;
use serde::Deserialize;
use serde_json::Value;

use crate::sse::Framing;

/// One recorded exchange.
#[derive(Debug, Clone)]
pub struct Case {
    /// The folder's name.
    pub name: String,
    /// The folder.
    pub dir: PathBuf,
    /// `case.json5`.
    pub plan: Plan,
}

/// What `case.json5` says.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// What would go wrong without the case.
    pub why: String,
    /// Where its shape comes from.
    pub source: String,
    #[serde(default)]
    pub(super) context: ContextPlan,
    #[serde(default)]
    pub(super) options: BTreeMap<String, Value>,
    #[serde(default)]
    pub(super) request: RequestPlan,
    pub(super) configure_fails: Option<Vec<String>>,
    #[serde(default)]
    pub(super) upstream: UpstreamPlan,
    #[serde(default)]
    pub(super) ending: EndingPlan,
    #[serde(default)]
    pub(super) expect: ExpectPlan,
    #[serde(default)]
    pub(super) notes: Vec<NotePlan>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ContextPlan {
    pub(super) exchange_id: Option<String>,
    pub(super) provider: Option<String>,
    pub(super) model: Option<String>,
    pub(super) requested_model: Option<String>,
    pub(super) operation: Option<String>,
    pub(super) streaming: Option<bool>,
    pub(super) input_estimate: Option<u32>,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) limits: BTreeMap<String, String>,
    pub(super) extra: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RequestPlan {
    pub(super) path: Option<String>,
    pub(super) headers: BTreeMap<String, Option<String>>,
    pub(super) reply: Option<String>,
    pub(super) answer: bool,
    pub(super) unsupported: bool,
    pub(super) fails: Option<FailsPlan>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FailsPlan {
    pub(super) status: Option<u16>,
    pub(super) kind: Option<String>,
    pub(super) message: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct UpstreamPlan {
    pub(super) status: Option<u16>,
    pub(super) headers: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum EndingPlan {
    #[default]
    Complete,
    Broken(String),
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ExpectPlan {
    pub(super) status: Option<u16>,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) ends: Option<Ends>,
}

/// How the client's stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Ends {
    Complete,
    Error,
    Cut,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NotePlan {
    pub(super) action: String,
    pub(super) path: String,
}

impl Case {
    fn read(dir: &Path) -> anyhow::Result<Self> {
        let path = dir.join("case.json5");
        let text = fs::read_to_string(&path)
            .with_context(|| format!("{} cannot be read", path.display()))?;
        let wrong = |why: String| anyhow::anyhow!("{}: {why}", path.display());
        let value = jsonc_parser::parse_to_serde_value::<Value>(&text, &ParseOptions::default())
            .map_err(|error| wrong(error.to_string()))?;
        let plan = serde_json::from_value(value).map_err(|error| wrong(error.to_string()))?;
        let name = dir
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        Ok(Self {
            name,
            dir: dir.to_owned(),
            plan,
        })
    }

    /// The streamed answer of the upstream, if it has one: `response.upstream.sse` or `.jsonl`.
    pub(super) fn stream(&self) -> anyhow::Result<Option<(Framing, Vec<u8>)>> {
        let sse = self.file("response.upstream.sse")?;
        let lines = self.file("response.upstream.jsonl")?;
        match (sse, lines) {
            (Some(_), Some(_)) => bail!(
                "{} has response.upstream.sse and response.upstream.jsonl; keep one",
                self.dir.display()
            ),
            (Some(bytes), None) => Ok(Some((Framing::Sse, bytes))),
            (None, Some(bytes)) => Ok(Some((Framing::JsonLines, bytes))),
            (None, None) => Ok(None),
        }
    }

    /// A file of the case, if it has it.
    pub(super) fn file(&self, name: &str) -> anyhow::Result<Option<Vec<u8>>> {
        let path = self.dir.join(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
        }
    }
}

/// All cases of a folder, in order of name.
///
/// Errors: a folder without any (a test that tests nothing), an unreadable case.
pub fn cases_in(dir: &Path) -> anyhow::Result<Vec<Case>> {
    let entries = fs::read_dir(dir)
        .with_context(|| format!("the fixtures folder {} cannot be read", dir.display()))?;
    let mut dirs = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.join("case.json5").is_file() {
            dirs.push(path);
        } else if path.is_dir() {
            bail!("{} has no case.json5", path.display());
        }
    }
    if dirs.is_empty() {
        bail!(
            "{} holds no cases (folders with a case.json5)",
            dir.display()
        );
    }
    dirs.sort();
    dirs.iter().map(|dir| Case::read(dir)).collect()
}
