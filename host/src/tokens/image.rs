//! What an image takes, by its size in pixels, which stands in its first bytes.

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use crate::head::IMAGE_TOKENS;

/// Pixels to a token, as Anthropic documents it; others are not far from it.
const PIXELS_PER_TOKEN: u64 = 750;

/// So much of the base64 is read, in characters: headers of photographs can be long.
const READ: usize = 256 << 10;

/// The least an image takes.
const LEAST: u32 = 64;

/// Tokens of an image by its base64. Larger ones are scaled down before a model sees them, so none takes more than
/// [`IMAGE_TOKENS`]; one whose size is not to be found takes that many.
pub(super) fn tokens(base64: &str) -> u32 {
    let Some((width, height)) = pixels(base64) else {
        return IMAGE_TOKENS;
    };
    let tokens = width.saturating_mul(height) / PIXELS_PER_TOKEN;
    u32::try_from(tokens)
        .unwrap_or(u32::MAX)
        .clamp(LEAST, IMAGE_TOKENS)
}

fn pixels(base64: &str) -> Option<(u64, u64)> {
    // Whole groups of four characters.
    let end = base64.len().min(READ);
    let head = base64.as_bytes().get(..end - end % 4)?;
    let lenient =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let bytes = GeneralPurpose::new(&base64::alphabet::STANDARD, lenient)
        .decode(head)
        .ok()?;
    let size = imagesize::blob_size(&bytes).ok()?;
    Some((size.width as u64, size.height as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The head of a PNG of this size.
    fn png(width: u32, height: u32) -> String {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend([8, 6, 0, 0, 0, 0, 0, 0, 0]);
        base64::engine::general_purpose::STANDARD.encode(bytes)
    }

    #[test]
    fn an_image_counts_by_its_pixels_within_bounds() {
        assert_eq!(tokens(&png(750, 1000)), 1000);
        assert_eq!(tokens(&png(1, 1)), LEAST);
        assert_eq!(tokens(&png(8000, 6000)), IMAGE_TOKENS);
    }

    #[test]
    fn what_is_no_image_counts_as_a_large_one() {
        for data in ["", "AAAA", "no base64 at all", "é"] {
            assert_eq!(tokens(data), IMAGE_TOKENS, "{data}");
        }
    }
}
