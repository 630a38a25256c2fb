//! Which fields a guest's note speaks of: paths as `messages[0].content`, `/messages/0/content`,
//! `messages[*].content` (any item) or `messages..content` (any depth).

/// How a note's path lies to a field's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Covers {
    /// It is the field, or a part that the field is in.
    All,
    /// It is, or may be, in the field.
    Inside,
    Not,
}

/// How the path of a note lies to that of a field.
pub(super) fn covers(note: &str, field: &str) -> Covers {
    let note = steps(&dotted(note));
    let field = steps(field);
    lies(&note, &field)
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Member(String),
    Item(Option<usize>),
    Anywhere,
}

fn lies(note: &[Step], field: &[Step]) -> Covers {
    match (note, field) {
        ([], _) => Covers::All,
        ([Step::Anywhere, rest @ ..], _) => {
            let at = (0..field.len()).map(|at| lies(rest, field.get(at..).unwrap_or_default()));
            if at.into_iter().any(|lies| lies == Covers::All) {
                Covers::All
            } else {
                Covers::Inside
            }
        }
        (_, []) => Covers::Inside,
        ([one, note @ ..], [other, field @ ..]) if one.is(other) => lies(note, field),
        _ => Covers::Not,
    }
}

impl Step {
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Item(None), Self::Item(_)) => true,
            (one, other) => one == other,
        }
    }
}

fn steps(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = path.strip_prefix('$').unwrap_or(path);
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("..") {
            steps.push(Step::Anywhere);
            rest = after;
        } else if let Some(after) = rest.strip_prefix('.') {
            rest = after;
        } else if let Some(after) = rest.strip_prefix('[') {
            let (item, after) = after.split_once(']').unwrap_or((after, ""));
            steps.push(Step::Item(item.parse().ok()));
            rest = after;
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            steps.push(Step::Member(name.to_owned()));
            rest = after;
        }
    }
    steps
}

/// `/messages/0/content` as `messages[0].content`.
fn dotted(path: &str) -> String {
    let Some(pointer) = path.strip_prefix('/') else {
        return path.to_owned();
    };
    let parts = pointer.split('/').map(|part| {
        if !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) {
            format!("[{part}]")
        } else {
            format!(".{part}")
        }
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELD: &str = "messages[0].content[1].cache_control";

    #[test]
    fn a_note_speaks_of_a_field_and_of_what_is_in_it() {
        for note in [
            FIELD,
            "messages",
            "messages[0]",
            "/messages/0/content/1",
            "$.messages[*].content[].cache_control",
            "..cache_control",
            "messages..cache_control",
            "$..cache_control",
        ] {
            assert_eq!(covers(note, FIELD), Covers::All, "{note}");
        }
        for note in ["tools", "messages[1]", "message", "tools..cache_control"] {
            assert_eq!(covers(note, FIELD), Covers::Not, "{note}");
        }
    }

    #[test]
    fn a_note_on_a_part_of_a_field_is_not_one_on_the_field() {
        for note in [
            FIELD,
            "..cache_control",
            "messages[*].content[*].cache_control",
        ] {
            assert_eq!(covers(note, "messages[0]"), Covers::Inside, "{note}");
        }
    }
}
