//! Settings in lines of a text: `pwd: ...`, `session = ...`, and an id in the line below what it is of. Lines may
//! have numbers, as of a file that was read.

use super::rule::Rule;
use super::{Kind, drawn, form, keys, members};

/// What may stand before a name in a line: the file's name, the line's number, the sign of a list or of a change,
/// `export`. A text begins with the name of its member before it.
pub(super) const BEGIN: &str = r#"(?:^|": ")[ \t]*(?:[\w./@+-]*[./][\w./@+-]*(?::|-\d+-)[ \t]*)?(?:\d+[ \t]*[\x{2192}|\t:][ \t]*)?(?:[-+>#*]{1,2}[ \t]*)?(?:export[ \t]+)?"#;

/// The value is all that the line holds.
const VALUE: &str =
    r#"[ \t]*[:=][ \t]*["']?(?<value>[^\s"'`$<({\[][^\s"'`]*?)["']?[,;]?[ \t]*\r?$"#;

/// Names of accounts, without `user` in lines that tell a time.
const USER: &str =
    r#"(?:user|account|customer)[ \t]*[:=][ \t]*["']?(?<value>[a-z][\w.:|-]*)["']?[,;]?[ \t]*\r?$"#;

/// What an `id` in the next line is of.
const PARENTS: [(Kind, &str); 4] = [
    (Kind::Device, "device|machine|installation"),
    (Kind::Account, "account|user|customer|owner|subscriber"),
    (
        Kind::Organisation,
        "org|organi[sz]ation|tenant|workspace|team|project|subscription",
    ),
    (Kind::Session, "session|conversation|thread"),
];

/// All of them.
pub(super) fn rules() -> impl Iterator<Item = Rule> {
    let line = |names: &str, stays| {
        Rule::form(Kind::Key, &format!("(?mi){BEGIN}(?:{names}){VALUE}"), stays)
    };
    let secrets = line(members::PERHAPS, |value| {
        !keys::is_secret(value) || is_code(value) || !drawn::is_secret(value)
    });
    let passwords = line(members::PASSWORDS, |value| {
        !keys::is_secret(value) || is_code(value) || !drawn::is_password(value)
    });
    let user = Rule::form(Kind::Account, &format!("(?mi){BEGIN}{USER}"), |value| {
        !members::is_some_id(value)
    });
    let below = PARENTS.iter().map(|(kind, names)| {
        let number = r"(?:[ \t]*\d+[\x{2192}|\t])?";
        let form = format!(
            r#"(?mi){BEGIN}(?:{names})s?:[ \t]*\r?\n{number}[ \t]+(?:-[ \t]+)?(?:id|uid|uuid|guid):[ \t]*["']?(?<value>[\w.@:|-]{{4,}})["']?[ \t]*\r?$"#
        );
        Rule::form(*kind, &form, is_no_id)
    });
    [secrets, passwords, user].into_iter().chain(below)
}

/// A call, or a part of a type.
fn is_code(value: &str) -> bool {
    value.contains(['(', '<', '{', '[', ';'])
}

/// A word, or the number of an example.
fn is_no_id(value: &str) -> bool {
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
    form::has_no_digit(value) || (is_number && value.len() < 6)
}
