//! The files `~/.config/transom/env` and `.env`: `NAME=VALUE` lines that stand in for unset variables, so
//! that the command line and a background service see the same keys.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::problem::Problem;
use super::{Env, Paths, Secret};

/// The files whose variables a configuration may name, the stronger first: `~/.config/transom/env`, and `.env`
/// beside the configuration. They need not exist.
pub(super) fn beside(config: &Path, env: Env<'_>) -> Vec<PathBuf> {
    let usual = Paths::of(env).map(|paths| paths.env);
    let own = config.parent().map(|folder| folder.join(".env"));
    usual.into_iter().chain(own).collect()
}

/// The variables of all of them.
pub(super) fn read_all(files: &[PathBuf]) -> (HashMap<String, String>, Vec<Problem>) {
    let mut all: HashMap<String, String> = HashMap::new();
    let mut problems = Vec::new();
    for file in files {
        let (variables, mut warnings) = read(file);
        problems.append(&mut warnings);
        for (name, value) in variables {
            let known = all.entry(name).or_default();
            // An empty variable counts as not set, here as everywhere.
            if known.is_empty() {
                *known = value;
            }
        }
    }
    (all, problems)
}

/// The variables of the file, and what looks wrong with it. A file that does not exist is empty.
pub(super) fn read(path: &Path) -> (HashMap<String, String>, Vec<Problem>) {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Default::default(),
        Err(error) => {
            let warning = about(
                path,
                0,
                format!("cannot be read: {error}"),
                "mend its permissions",
            );
            return (HashMap::new(), vec![warning]);
        }
    };
    let (variables, bad_lines) = parse(&text);
    let mut warnings: Vec<_> = bad_lines
        .into_iter()
        .map(|line| {
            about(
                path,
                line,
                "not NAME=VALUE".to_owned(),
                "mend or delete the line",
            )
        })
        .collect();
    warnings.extend(open_to_others(path, "other users can read it"));
    (variables, warnings)
}

/// The names of the variables of a file, sorted.
pub fn variables(path: &Path) -> Vec<String> {
    let mut names: Vec<String> = read(path).0.into_keys().collect();
    names.sort();
    names
}

/// Sets a variable in a file that only this user can read, at once or not at all; other lines stay as they are.
///
/// Errors: a name or a value that no line can hold, and those of the file system.
pub fn set_variable(path: &Path, name: &str, value: &Secret) -> std::io::Result<()> {
    let invalid = |why: &str| std::io::Error::new(ErrorKind::InvalidInput, why.to_owned());
    if !is_name(name) {
        return Err(invalid("a variable's name has letters, digits and _"));
    }
    if value.expose().chars().any(char::is_control) {
        return Err(invalid("the value has a line break or a control character"));
    }
    // A link stays one: what it leads to is what is written.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error),
    };
    private_file(&path, &with_variable(&text, name, value.expose()))
}

/// Writes a file that only this user can read, at once or not at all, and the folder that it lies in.
pub fn private_file(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::DirBuilderExt as _;
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    // Such files are made with mode 0600.
    let mut fresh = tempfile::NamedTempFile::new_in(folder)?;
    fresh.write_all(text.as_bytes())?;
    fresh.as_file().sync_all()?;
    fresh.persist(path)?;
    Ok(())
}

/// The first line of that name is replaced, further ones go: the last would count.
fn with_variable(text: &str, name: &str, value: &str) -> String {
    let line = format!("{name}={}", quoted(value));
    let mut lines = Vec::new();
    let mut set = false;
    for old in text.lines() {
        let plain = old.trim();
        let plain = plain.strip_prefix("export ").unwrap_or(plain).trim_start();
        let same = plain
            .split_once('=')
            .is_some_and(|(known, _)| known == name);
        if !same {
            lines.push(old);
        } else if !std::mem::replace(&mut set, true) {
            lines.push(&line);
        }
    }
    if !set {
        lines.push(&line);
    }
    lines.join("\n") + "\n"
}

/// So that shell, systemd and this file's reader see the same value.
fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,@%+=".contains(c);
    if value.chars().all(plain) {
        return value.to_owned();
    }
    let quote = if value.contains('\'') { '"' } else { '\'' };
    format!("{quote}{value}{quote}")
}

/// `export` before a name, quotes around a value, blank lines and `#` lines are allowed, as for
/// systemd and the shell. Nothing inside a value is expanded. Second: lines that are none of it.
fn parse(text: &str) -> (HashMap<String, String>, Vec<u32>) {
    let mut variables = HashMap::new();
    let mut bad = Vec::new();
    for (line, number) in text.lines().map(str::trim).zip(1..) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        match line.split_once('=') {
            Some((name, value)) if is_name(name) => {
                variables.insert(name.to_owned(), unquoted(value.trim()).to_owned());
            }
            _ => bad.push(number),
        }
    }
    (variables, bad)
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn unquoted(value: &str) -> &str {
    ['"', '\'']
        .into_iter()
        .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(value)
}

/// A warning about a file with keys that other users can read.
pub(super) fn open_to_others(path: &Path, message: &str) -> Option<Problem> {
    let remedy = format!("chmod 600 {}", path.display());
    others_can_read(path).then(|| about(path, 0, message.to_owned(), &remedy))
}

fn others_can_read(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o044 != 0)
}

/// The line stands in the text, because these problems are listed with those of the configuration.
fn about(path: &Path, line: u32, message: String, remedy: &str) -> Problem {
    let place = match line {
        0 => path.display().to_string(),
        line => format!("{}:{line}", path.display()),
    };
    Problem {
        line: 0,
        path: place,
        message,
        remedy: Some(remedy.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_shell_and_systemd_are_read() {
        let (variables, bad) =
            parse("# keys\n\nA=1\nexport B=\"two words\"\nC='$x'\n D = 4\nE=a=b\n");
        assert_eq!(variables["A"], "1");
        assert_eq!(variables["B"], "two words");
        assert_eq!(variables["C"], "$x");
        assert_eq!(variables["E"], "a=b");
        assert_eq!(bad, [6]);
    }

    #[test]
    fn a_file_that_others_can_read_is_a_warning_with_the_command_that_mends_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("env");
        std::fs::write(&path, "A=1\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let (_, warnings) = read(&path);
        assert!(
            warnings[0].to_string().contains("chmod 600"),
            "{warnings:?}"
        );
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(read(&path).1, []);
    }

    #[test]
    fn setting_a_variable_keeps_other_lines_and_makes_the_file_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/env");
        set_variable(&path, "A", &Secret::new("1")).unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(&path, "# mine\nexport A=old\nB=2\nA=older\n").unwrap();
        set_variable(&path, "A", &Secret::new("new one")).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, "# mine\nA='new one'\nB=2\n");
        set_variable(&path, "C", &Secret::new("it's")).unwrap();
        assert_eq!(read(&path).0["C"], "it's");
        assert_eq!(variables(&path), ["A", "B", "C"]);
        assert!(set_variable(&path, "a b", &Secret::new("x")).is_err());
        assert!(set_variable(&path, "A", &Secret::new("x\ny")).is_err());
    }

    #[test]
    fn no_file_is_no_variables() {
        let (variables, warnings) = read(Path::new("/nonexistent/env"));
        assert!(variables.is_empty() && warnings.is_empty());
    }
}
