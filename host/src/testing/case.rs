//! Reading fixtures: which folders are cases, what their files are. Runs nothing.
//!
//! What is wrong with one case is a matter of that case: the others are read all the same.

mod plan;
mod upstream;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

pub(super) use plan::Plan;
pub(super) use plan::{ERROR_HEADERS, EndingPlan, Ends, ExpectPlan, FailsPlan};
pub(super) use upstream::Form;

use crate::config::{Problem, Problems, nearest};

/// What says why a case exists and what is special about it.
pub(super) const PLAN: &str = "case.json5";
/// What the client sent.
pub(super) const CLIENT_REQUEST: &str = "request.client.json";
/// What the upstream must get.
pub(super) const UPSTREAM_REQUEST: &str = "request.upstream.json";
/// The message, count or error envelope that the client must get.
pub(super) const CLIENT_WHOLE: &str = "response.client.json";
/// The stream that the client must get.
pub(super) const CLIENT_STREAM: &str = "response.client.sse";

/// One recorded exchange.
#[derive(Debug, Clone)]
pub struct Case {
    /// The folder's name.
    pub name: String,
    /// The folder.
    pub dir: PathBuf,
    /// `case.json5`, or the defaults where it cannot be read.
    pub(super) plan: Plan,
    /// Why it cannot be run as it stands.
    pub(super) flaw: Option<Flaw>,
}

/// What is wrong with a case before it is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Flaw {
    /// There are files of an exchange, but no `case.json5`.
    NoPlan,
    /// Lines with file, line and remedy.
    Unreadable(String),
}

impl Case {
    fn read(dir: &Path) -> Self {
        let name = dir.file_name().unwrap_or_default();
        let (plan, flaw) = match read_plan(dir) {
            Ok(plan) => (plan, None),
            Err(flaw) => (Plan::default(), Some(flaw)),
        };
        Self {
            name: name.to_string_lossy().into_owned(),
            dir: dir.to_owned(),
            plan,
            flaw,
        }
    }

    /// As its files are now.
    #[must_use]
    pub fn again(&self) -> Self {
        Self::read(&self.dir)
    }

    /// A file of the case, if it has it. Errors: a sentence that names the file.
    pub(super) fn file(&self, name: &str) -> Result<Option<Vec<u8>>, String> {
        let path = self.dir.join(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("{} cannot be read: {error}", path.display())),
        }
    }

    /// It has this file.
    pub(super) fn has(&self, name: &str) -> bool {
        self.dir.join(name).exists()
    }

    /// A file of JSON, if the case has it. Errors: file, line and what is wrong there.
    pub(super) fn json(&self, name: &str) -> Result<Option<serde_json::Value>, String> {
        let Some(bytes) = self.file(name)? else {
            return Ok(None);
        };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            let text = error.to_string();
            let what = text.split(" at line ").next().unwrap_or(&text);
            let path = self.dir.join(name);
            format!("{}:{}: not JSON: {what}", path.display(), error.line())
        })
    }

    /// The upstream's answer: its form and its bytes.
    ///
    /// Errors: a file that cannot be read, or two answers.
    pub(super) fn upstream(&self) -> Result<Option<(Form, Vec<u8>)>, String> {
        let mut found: Option<(Form, Vec<u8>)> = None;
        for form in Form::ALL {
            let Some(bytes) = self.file(form.file())? else {
                continue;
            };
            if let Some((other, _)) = &found {
                return Err(format!(
                    "{} holds {} and {}: an upstream answers once, so keep one of them",
                    self.dir.display(),
                    other.file(),
                    form.file()
                ));
            }
            found = Some((form, bytes));
        }
        Ok(found)
    }

    /// Files that look like ones of an exchange and are not: they would be taken for checked.
    pub(super) fn misnamed(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut wrong: Vec<String> = names
            .filter(|name| name.starts_with("request.") || name.starts_with("response."))
            .filter(|name| !is_known(name))
            .map(|name| {
                let path = self.dir.join(&name);
                let remedy = match nearest(&name, known_files()) {
                    Some(known) => format!("did you mean {known}?"),
                    None => format!("known are {}", known_files().collect::<Vec<_>>().join(", ")),
                };
                format!("{} is no file of a case; {remedy}", path.display())
            })
            .collect();
        wrong.sort();
        wrong
    }
}

fn known_files() -> impl Iterator<Item = &'static str> {
    [
        CLIENT_REQUEST,
        UPSTREAM_REQUEST,
        CLIENT_WHOLE,
        CLIENT_STREAM,
    ]
    .into_iter()
    .chain(Form::ALL.map(Form::file))
}

fn is_known(name: &str) -> bool {
    known_files().any(|known| known == name)
}

fn read_plan(dir: &Path) -> Result<Plan, Flaw> {
    let path = dir.join(PLAN);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(if known_files().any(|name| dir.join(name).exists()) {
                Flaw::NoPlan
            } else {
                let what = "no case.json5 and no other file of a case";
                Flaw::Unreadable(format!("{}: {what}", dir.display()))
            });
        }
        Err(error) => {
            let what = format!("{} cannot be read: {error}", path.display());
            return Err(Flaw::Unreadable(what));
        }
    };
    plan::read(&text)
        .map_err(|list: Vec<Problem>| Flaw::Unreadable(Problems::new(Some(path), list).to_string()))
}

/// All cases of a folder, in order of name, the unreadable ones too.
///
/// Errors: a folder that cannot be read, or without any case (a test that tests nothing).
pub fn cases_in(dir: &Path) -> anyhow::Result<Vec<Case>> {
    let mut dirs = folders(dir)?;
    dirs.sort();
    if !dirs.iter().any(|dir| is_case(dir)) {
        let below = dirs
            .iter()
            .find(|dir| folders(dir).is_ok_and(|below| below.iter().any(|dir| is_case(dir))));
        let hint = match below {
            Some(below) => format!("; {} does: name that folder", below.display()),
            None => String::new(),
        };
        bail!(
            "{} holds no cases (folders with a case.json5){hint}",
            dir.display()
        );
    }
    Ok(dirs.iter().map(|dir| Case::read(dir)).collect())
}

fn is_case(dir: &Path) -> bool {
    dir.join(PLAN).exists() || known_files().any(|name| dir.join(name).exists())
}

/// The folders in a folder but for hidden ones.
fn folders(dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let unreadable = || format!("the fixtures folder {} cannot be read", dir.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && !name.starts_with('.') {
            found.push(path);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("some-case");
        fs::create_dir(&dir).unwrap();
        for (name, text) in files {
            fs::write(dir.join(name), text).unwrap();
        }
        (home, dir)
    }

    #[test]
    fn a_case_that_cannot_be_read_leaves_the_others_alone() {
        let (home, _) = case(&[(PLAN, "{ why: \"w\", sources: \"s\" }")]);
        let good = home.path().join("good");
        fs::create_dir(&good).unwrap();
        fs::write(good.join(PLAN), "{ why: \"w\", source: \"s\" }").unwrap();
        let cases = cases_in(home.path()).unwrap();
        assert_eq!(cases.len(), 2);
        assert_eq!(cases[0].flaw, None);
        let Some(Flaw::Unreadable(why)) = &cases[1].flaw else {
            panic!("a flaw: {:?}", cases[1].flaw);
        };
        assert!(
            why.contains("case.json5:1: sources:") && why.contains("did you mean `source`?"),
            "{why}"
        );
    }

    #[test]
    fn a_broken_file_is_told_with_its_line() {
        let (_home, dir) = case(&[(UPSTREAM_REQUEST, "{\n  \"a\": 1,\n  oops\n}")]);
        let why = Case::read(&dir).json(UPSTREAM_REQUEST).unwrap_err();
        assert!(why.contains("request.upstream.json:3: not JSON"), "{why}");
    }

    #[test]
    fn a_file_whose_name_is_nearly_right_is_not_passed_over() {
        let (_home, dir) = case(&[("response.clients.json", "{}"), ("notes.md", "")]);
        let wrong = Case::read(&dir).misnamed();
        assert_eq!(wrong.len(), 1);
        assert!(
            wrong[0].ends_with("did you mean response.client.json?"),
            "{wrong:?}"
        );
    }

    #[test]
    fn a_folder_of_folders_of_cases_is_told_as_that() {
        let (home, dir) = case(&[]);
        let below = dir.join("inner");
        fs::create_dir(&below).unwrap();
        fs::write(below.join(PLAN), "{}").unwrap();
        let why = cases_in(home.path()).unwrap_err().to_string();
        assert!(why.contains("some-case does: name that folder"), "{why}");
    }
}
