//! Where strings stand in their events, as numbers: the same place in another event has the same one.

use std::collections::HashMap;

/// A place. The same number is the same path, and the same index.
pub(super) type Place = usize;

/// Where an event begins.
pub(super) const TOP: Place = 0;

/// What leads from one place to one inside it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Step {
    Member(String),
    Nth(usize),
    /// What an object says it is: the number of the member, such as `index`, and its value.
    Told(usize, String),
}

/// The places of a body.
#[derive(Debug, Default)]
pub(super) struct Places(HashMap<(Place, Step), Place>);

impl Places {
    pub(super) fn inside(&mut self, place: Place, step: Step) -> Place {
        let next = self.0.len() + 1;
        *self.0.entry((place, step)).or_insert(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_the_way_to_it() {
        let mut places = Places::default();
        let mut a = |from, name: &str| places.inside(from, Step::Member(name.to_owned()));
        let (first, second) = (a(TOP, "a"), a(TOP, "b"));
        assert_ne!(first, second);
        assert_eq!(a(TOP, "a"), first);
        assert_ne!(a(first, "c"), a(second, "c"));
    }
}
