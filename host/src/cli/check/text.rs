//! A [`Report`] for people: what is, then what is wrong, each with its remedy below it.

use std::fmt;

use super::components::Component;
use super::{ProviderState, Report};
use crate::config::Problem;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(path) = &self.config else {
            f.write_str("no configuration: `transom serve` would serve its demo provider\n")?;
            match &self.usual {
                Some(place) => write!(f, "  put one at {}", place.display())?,
                None => f.write_str("  HOME is not set: name a file with --config")?,
            }
            f.write_str(", starting from config/minimal.json5\n")?;
            return listed(f, "warning", "", &self.warnings);
        };
        writeln!(f, "configuration {}", path.display())?;
        self.address(f)?;
        self.providers(f)?;
        self.routes(f)?;
        self.transformers(f)?;
        self.router(f)?;
        let file = path.display().to_string();
        listed(f, "problem", &file, &self.problems)?;
        listed(f, "warning", &file, &self.warnings)?;
        if self.ok {
            writeln!(f, "\nno problem found")?;
        }
        Ok(())
    }
}

impl Report {
    fn address(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(listen) = &self.listen else {
            return Ok(());
        };
        let key = match self.asks_key {
            Some(true) => "clients must present `api_key`",
            _ => "clients need no key",
        };
        writeln!(f, "listen {listen}, {key}")
    }

    fn providers(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.providers.is_empty() {
            writeln!(f, "\nproviders")?;
        }
        let width = self
            .providers
            .iter()
            .map(|p| name(p).len())
            .max()
            .unwrap_or(0);
        for provider in &self.providers {
            let key = match &provider.variable {
                Some(variable) => format!("missing {variable}"),
                None => provider.key.to_owned(),
            };
            let unknown = || "?".to_owned();
            let url = provider.base_url.clone().unwrap_or_else(unknown);
            let transformer = provider.transformer.clone().unwrap_or_else(unknown);
            let name = name(provider);
            writeln!(
                f,
                "  {name:width$}  key {key}  transformer {transformer}  {url}"
            )?;
        }
        Ok(())
    }

    fn routes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.routes.is_empty() {
            writeln!(f, "\nroutes")?;
        }
        for (name, target) in &self.routes {
            writeln!(f, "  {name} -> {target}")?;
        }
        for (name, target) in &self.aliases {
            writeln!(f, "  model {name} -> {target}")?;
        }
        match self.context_window {
            Some(window) => writeln!(f, "  Claude Code is told a window of {window} tokens"),
            None => Ok(()),
        }
    }

    fn transformers(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.transformers.is_empty() {
            writeln!(f, "\ntransformers")?;
        }
        for component in &self.transformers {
            let state = state(component);
            writeln!(f, "  {}: {state}", component.name)?;
            for notice in &component.notices {
                writeln!(f, "      {notice}")?;
            }
        }
        Ok(())
    }

    fn router(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(router) = &self.router else {
            return Ok(());
        };
        let state = match (router.usable, &router.path) {
            (true, Some(path)) => file_state(path, router.sha256.as_deref()),
            _ => "problem, see below; the rules alone decide".to_owned(),
        };
        writeln!(f, "\nrouter component\n  {}: {state}", router.name)
    }
}

fn state(component: &Component) -> String {
    let sha256 = component.sha256.as_deref().and_then(|sha| sha.get(..8));
    match (component.usable, &component.path) {
        (false, _) => "problem, see below".to_owned(),
        (true, None) => format!("built-in, sha256:{}", sha256.unwrap_or("?")),
        (true, Some(path)) => file_state(path, component.sha256.as_deref()),
    }
}

fn file_state(path: &std::path::Path, sha256: Option<&str>) -> String {
    let sha256 = sha256.and_then(|sha256| sha256.get(..8));
    format!("{}, sha256:{}", path.display(), sha256.unwrap_or("?"))
}

fn name(provider: &ProviderState) -> &str {
    provider.name.as_deref().unwrap_or("(no name)")
}

fn listed(f: &mut fmt::Formatter<'_>, word: &str, file: &str, list: &[Problem]) -> fmt::Result {
    if list.is_empty() {
        return Ok(());
    }
    let plural = if list.len() == 1 { "" } else { "s" };
    writeln!(f, "\n{} {word}{plural}", list.len())?;
    for problem in list {
        f.write_str("  ")?;
        if problem.line > 0 {
            write!(f, "{file}:{}: ", problem.line)?;
        }
        if !problem.path.is_empty() {
            write!(f, "{}: ", problem.path)?;
        }
        writeln!(f, "{}", problem.message)?;
        remedy(f, problem.remedy.as_deref())?;
    }
    Ok(())
}

fn remedy(f: &mut fmt::Formatter<'_>, remedy: Option<&str>) -> fmt::Result {
    match remedy {
        Some(remedy) => writeln!(f, "      {remedy}"),
        None => Ok(()),
    }
}
