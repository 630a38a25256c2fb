//! What is wrong with a configuration, told so that a person can mend it: where, what, how.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

/// One thing that is wrong, or (as a warning) looks wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Counted from 1; 0 when it concerns the file as a whole.
    pub line: u32,
    /// The setting, such as `providers[0].base_url`; empty for the file as a whole.
    pub path: String,
    /// What is wrong, in lower case, without a full stop.
    pub message: String,
    /// What to do about it.
    pub remedy: Option<String>,
}

impl Problem {
    /// A problem of the file as a whole.
    pub fn of_file(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            line: 0,
            path: String::new(),
            message: message.into(),
            remedy: Some(remedy.into()),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        match &self.remedy {
            Some(remedy) => write!(f, "; {remedy}"),
            None => Ok(()),
        }
    }
}

/// Every problem of one file, in the order of its lines. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    /// The file; none for text that came from elsewhere.
    pub file: Option<PathBuf>,
    /// At least one.
    pub list: Vec<Problem>,
}

impl Problems {
    pub(crate) fn new(file: Option<PathBuf>, mut list: Vec<Problem>) -> Self {
        list.sort_by_key(|problem| problem.line);
        Self { file, list }
    }

    pub(crate) fn one(file: Option<PathBuf>, problem: Problem) -> Self {
        Self::new(file, vec![problem])
    }
}

impl fmt::Display for Problems {
    /// `FILE:LINE: SETTING: MESSAGE; REMEDY`, one a line, without a last line break.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.list.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            match &self.file {
                Some(file) => write!(f, "{}:", file.display())?,
                None => f.write_str("configuration:")?,
            }
            if problem.line > 0 {
                write!(f, "{}:", problem.line)?;
            }
            write!(f, " {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
