//! Words for how hard a model is to think, and the nearest one that a provider takes.

const LADDER: [&str; 7] = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];

/// The nearest effort of a set: the same, else the next lower, else the lowest. `none` switches thinking off,
/// so it is the nearest one only to itself. None: it is no effort, or there is none in the set.
pub fn nearest<'s>(
    wanted: &str,
    set: impl IntoIterator<Item = &'s str, IntoIter: Clone>,
) -> Option<&'s str> {
    let rank = |effort: &str| LADDER.iter().position(|step| *step == effort);
    let wanted = rank(wanted)?;
    let set = set.into_iter();
    let set = set.filter(|known| wanted == 0 || rank(known) > Some(0));
    let lower = set.clone().filter(|known| rank(known) <= Some(wanted));
    lower
        .max_by_key(|known| rank(known))
        .or_else(|| set.min_by_key(|known| rank(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_effort_becomes_the_nearest_one_the_model_takes() {
        let three = ["low", "medium", "high"];
        assert_eq!(nearest("max", three), Some("high"));
        assert_eq!(nearest("none", three), Some("low"));
        assert_eq!(nearest("medium", three), Some("medium"));
        assert_eq!(nearest("high", ["none"]), None);
        assert_eq!(nearest("none", ["none"]), Some("none"));
        assert_eq!(nearest("minimal", ["none", "low"]), Some("low"));
        assert_eq!(nearest("high", []), None);
        assert_eq!(nearest("tremendous", three), None);
    }
}
