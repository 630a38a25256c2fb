//! The provider's `options`: read member by member, so that every problem is told at once, with
//! the name of the option, the nearest known one and the remedy.

use crate::json::Members;
use serde_json::value::RawValue;

/// Options of a transformer. Made by [`options!`](crate::options!).
pub trait Options: Default {
    /// The names of all options.
    fn names() -> &'static [&'static str];
    /// Sets one option. None: there is no such option.
    fn set(&mut self, name: &str, value: &RawValue) -> Option<Result<(), serde_json::Error>>;
}

impl Options for () {
    fn names() -> &'static [&'static str] {
        &[]
    }

    fn set(&mut self, _: &str, _: &RawValue) -> Option<Result<(), serde_json::Error>> {
        None
    }
}

/// `base` with what `given`, a JSON object, says. Errors: every problem.
pub fn parse<O: Options>(mut base: O, given: &[u8]) -> Result<O, Vec<String>> {
    let members: Members<'_> = crate::json::from_slice(given)
        .map_err(|error| vec![format!("options: not a JSON object ({error})")])?;
    let problems: Vec<String> = members
        .iter()
        .filter_map(|(name, value)| match base.set(name, value) {
            None => Some(unknown(name, O::names())),
            Some(Err(error)) => Some(mistyped(name, value, &error)),
            Some(Ok(())) => None,
        })
        .collect();
    if problems.is_empty() {
        Ok(base)
    } else {
        Err(problems)
    }
}

fn mistyped(name: &str, value: &RawValue, error: &serde_json::Error) -> String {
    let shown: String = value.get().chars().take(60).collect();
    let error = error.to_string();
    let reason = error.split(" at line ").next().unwrap_or(&error);
    format!("options.{name}: {shown} does not fit: {}", plain(reason))
}

/// What serde expected, in the words of JSON: the value itself stands before it already.
fn plain(reason: &str) -> String {
    let kinds = ["invalid type: ", "invalid value: ", "unknown variant "];
    let told = kinds.iter().any(|kind| reason.starts_with(kind));
    let Some(at) = reason.rfind(", expected ").filter(|_| told) else {
        return reason.to_owned();
    };
    let expected = &reason[at + ", expected ".len()..];
    let words = match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        other => other,
    };
    format!("expected {words}")
}

fn unknown(name: &str, known: &[&str]) -> String {
    if known.is_empty() {
        return format!("options.{name}: this transformer has no options; remove it");
    }
    let nearest = known
        .iter()
        .map(|known| (distance(name, known), known))
        .min()
        .filter(|(distance, _)| *distance <= name.len().div_ceil(3));
    match nearest {
        Some((_, nearest)) => {
            format!("options.{name}: no such option; did you mean `{nearest}`?")
        }
        None => format!(
            "options.{name}: no such option; remove it or use one of: {}",
            known.join(", ")
        ),
    }
}

/// Edit distance over bytes: names of options are ASCII.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// Defines a struct of options with their defaults and makes it [`Options`].
///
/// ```
/// sdk::options! {
///     /// Options of an example.
///     pub struct Example {
///         /// How loud.
///         pub volume: u32 = 11,
///     }
/// }
/// assert_eq!(Example::default().volume, 11);
/// ```
#[macro_export]
macro_rules! options {
    ($(#[$outer:meta])* $shown:vis struct $name:ident {
        $($(#[$inner:meta])* $seen:vis $field:ident : $type:ty = $default:expr),* $(,)?
    }) => {
        $(#[$outer])*
        #[derive(Clone, Debug)]
        $shown struct $name { $($(#[$inner])* $seen $field: $type),* }

        impl ::std::default::Default for $name {
            fn default() -> Self {
                Self { $($field: $default),* }
            }
        }

        impl $crate::Options for $name {
            fn names() -> &'static [&'static str] {
                &[$(stringify!($field)),*]
            }

            fn set(
                &mut self,
                name: &str,
                value: &$crate::json::RawValue,
            ) -> ::std::option::Option<::std::result::Result<(), $crate::json::Error>> {
                ::std::option::Option::Some(match name {
                    $(stringify!($field) => $crate::json::from_str(value.get()).map(|value| self.$field = value),)*
                    _ => return ::std::option::Option::None,
                })
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    options! {
        struct Example {
            max_tokens: u32 = 7,
            images: bool = true,
        }
    }

    #[test]
    fn what_is_not_given_keeps_its_default() {
        let options = parse(Example::default(), br#"{"images":false}"#).unwrap();
        assert_eq!((options.max_tokens, options.images), (7, false));
    }

    #[test]
    fn every_problem_is_told_at_once_with_its_remedy() {
        let given = br#"{"max_token":1,"images":"no","zzz":{}}"#;
        let problems = parse(Example::default(), given).unwrap_err();
        assert_eq!(
            problems,
            [
                "options.max_token: no such option; did you mean `max_tokens`?",
                "options.images: \"no\" does not fit: expected true or false",
                "options.zzz: no such option; remove it or use one of: max_tokens, images",
            ]
        );
    }

    #[test]
    fn a_transformer_without_options_says_so() {
        let problems = parse((), br#"{"a":1}"#).unwrap_err();
        assert_eq!(
            problems,
            ["options.a: this transformer has no options; remove it"]
        );
    }
}
