//! The vocabulary o200k, by a library. It is loaded with the first text.

/// Pieces of this size, in bytes, keep the time linear for texts without a word in them.
const PIECE: usize = 64 << 10;

/// Tokens of a text.
pub(super) fn count(text: &str) -> u32 {
    let Some(vocabulary) = tiktoken::get_encoding("o200k_base") else {
        // The library is built with it.
        return u32::try_from(text.len() / 4).unwrap_or(u32::MAX);
    };
    let tokens: usize = pieces(text).map(|piece| vocabulary.count(piece)).sum();
    u32::try_from(tokens).unwrap_or(u32::MAX)
}

/// The text in pieces that end between characters.
fn pieces(mut text: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let end = text.floor_char_boundary(PIECE);
        let (piece, rest) = text.split_at(end);
        text = rest;
        (!piece.is_empty()).then_some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_the_tokens_that_openai_counts() {
        assert_eq!(count(""), 0);
        assert_eq!(count("hello world"), 2);
        assert_eq!(count("antidisestablishmentarianism"), 6);
        assert_eq!(count("2 + 2 = 4"), 7);
    }

    #[test]
    fn pieces_are_the_whole_text() {
        let text = "é🙂a".repeat(PIECE / 4);
        assert_eq!(pieces(&text).collect::<String>(), text);
        assert!(pieces(&text).all(|piece| piece.len() <= PIECE));
        assert!(pieces(&text).count() > 1);
    }
}
