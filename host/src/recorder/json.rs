//! How a recording's parts look as JSON: bodies as text where they are text, times as numbers, and
//! the interface's own records, which have no JSON of theirs.

use serde::{Deserialize, Serialize};

use crate::wasm::bindings::{Context, Ending, Head};

#[derive(Serialize, Deserialize)]
#[serde(remote = "Context")]
pub(super) struct ContextDef {
    exchange_id: String,
    provider: String,
    model: String,
    requested_model: String,
    operation: String,
    streaming: bool,
    input_estimate: u32,
    headers: Vec<(String, String)>,
    limits: Vec<(String, String)>,
    extra: Vec<(String, String)>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Head")]
pub(super) struct HeadDef {
    status: u16,
    headers: Vec<(String, String)>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Ending", rename_all = "lowercase")]
pub(super) enum EndingDef {
    Complete,
    Broken(String),
}

/// A string; `{"hex": "..."}` where the bytes are no text.
pub(super) mod bytes {
    use bytes::Bytes;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        Text(String),
        Hex { hex: String },
    }

    /// Two digits a byte: a list of numbers would take many times the memory.
    #[derive(Serialize)]
    struct Hex {
        hex: String,
    }

    pub(in super::super) fn serialize<S: Serializer>(
        bytes: &Bytes,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(bytes) {
            Ok(text) => text.serialize(serializer),
            Err(_) => Hex { hex: hex(bytes) }.serialize(serializer),
        }
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Bytes, D::Error> {
        Ok(match Form::deserialize(deserializer)? {
            Form::Text(text) => text.into(),
            Form::Hex { hex } => unhex(&hex)
                .ok_or_else(|| {
                    serde::de::Error::custom("`hex` is not pairs of hexadecimal digits")
                })?
                .into(),
        })
    }

    fn hex(bytes: &[u8]) -> String {
        let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or_default();
        let mut text = String::with_capacity(bytes.len() * 2);
        for byte in bytes {
            text.extend([digit(byte >> 4), digit(byte & 15)]);
        }
        text
    }

    fn unhex(text: &str) -> Option<Vec<u8>> {
        let digit = |digit: &u8| char::from(*digit).to_digit(16);
        let pairs = text.as_bytes().chunks(2);
        pairs
            .map(|pair| match pair {
                [high, low] => u8::try_from(digit(high)? << 4 | digit(low)?).ok(),
                _ => None,
            })
            .collect()
    }
}

/// Milliseconds since 1970.
pub(super) mod unix_ms {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use serde::{Deserialize, Deserializer, Serializer};

    pub(in super::super) fn serialize<S: Serializer>(
        at: &SystemTime,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
        serializer.serialize_u64(since.as_millis() as u64)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<SystemTime, D::Error> {
        u64::deserialize(deserializer).map(|ms| UNIX_EPOCH + Duration::from_millis(ms))
    }
}

/// Milliseconds, to the microsecond.
pub(super) mod ms {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(in super::super) fn serialize<S: Serializer>(
        duration: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(duration.as_micros() as f64 / 1000.0)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        let micros = f64::deserialize(deserializer)? * 1000.0;
        Ok(Duration::from_micros(micros.max(0.0) as u64))
    }
}

#[cfg(test)]
mod tests {
    use ::bytes::Bytes;

    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Body(#[serde(with = "bytes")] Bytes);

    #[test]
    fn a_body_comes_back_as_it_was_also_one_that_was_cut_inside_a_character() {
        for body in [&b"data: \"\xc3\xa4\""[..], b"data: \xc3", b""] {
            let text = serde_json::to_string(&Body(Bytes::from_static(body))).unwrap();
            let back: Body = serde_json::from_str(&text).unwrap();
            assert_eq!(back.0, body);
        }
    }
}
