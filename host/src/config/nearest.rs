//! "did you mean": the known name nearest to one that is not known.

/// The best of `known` for `word`, if it is near enough to be a slip of the hand: same letters
/// but for case and `-`/`_`, or at most a third of them changed.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.replace(['_', '-', '.'], "").to_lowercase();
    let word = plain(word);
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&word, &plain(name)), name))
        .min()
        .filter(|(distance, _)| *distance <= (word.chars().count() / 3).max(1))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_hand_are_recognised() {
        let known = ["base_url", "api_key", "models", "listen"];
        assert_eq!(nearest("baseUrl", known), Some("base_url"));
        assert_eq!(nearest("api_base_url", known), Some("base_url"));
        assert_eq!(nearest("modles", known), Some("models"));
        assert_eq!(nearest("APIKEY", known), Some("api_key"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest("x", []), None);
    }
}
