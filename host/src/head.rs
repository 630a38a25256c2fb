//! What the host reads of a client's body: the fields that routing needs, in one pass that also
//! proves the body to be JSON. Nothing is copied; the body goes on as it came.

use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::ApiError;

/// The fields of a Messages request that the host looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestHead {
    /// As the client sent it.
    pub model: String,
    /// Where the model's JSON string, quotes included, stands in the body.
    pub model_range: Range<usize>,
    /// A stream is wanted.
    pub stream: bool,
    /// Tokens of system, messages and tools, estimated from their text.
    pub input_estimate: u32,
    /// The most output tokens that the client asks for.
    pub max_tokens: Option<u32>,
    /// Extended thinking with a budget is on.
    pub thinking: bool,
    /// A tool is a web search of the server's.
    pub web_search: bool,
}

/// Bytes of text to a token: what o200k makes of code and JSON, roughly.
const BYTES_PER_TOKEN: usize = 4;

/// An image counts as this many tokens, whatever its bytes: about 1100 by 1100 pixels.
const IMAGE_TOKENS: usize = 1600;

impl RequestHead {
    /// Reads the head of a Messages or `count_tokens` request.
    ///
    /// Errors: 400 for what is not JSON, has no model or no messages.
    pub fn peek(body: &[u8]) -> Result<Self, ApiError> {
        let fields: Fields<'_> = serde_json::from_slice(body).map_err(|error| not_json(&error))?;
        let Some(raw) = fields.model else {
            return Err(ApiError::invalid("model: Field required"));
        };
        let model: String = serde_json::from_str(raw.get())
            .map_err(|_| ApiError::invalid("model: Input should be a string"))?;
        if fields.messages.is_none() {
            return Err(ApiError::invalid("messages: Field required"));
        }
        let start = raw.get().as_ptr() as usize - body.as_ptr() as usize;
        let weight = [&fields.messages, &fields.system, &fields.tools]
            .into_iter()
            .flatten();
        let tokens = weight.fold(0, |sum, part| {
            sum + part.bytes / BYTES_PER_TOKEN + part.images * IMAGE_TOKENS
        });
        Ok(Self {
            model,
            model_range: start..start + raw.get().len(),
            stream: fields.stream.unwrap_or(false),
            input_estimate: u32::try_from(tokens).unwrap_or(u32::MAX),
            max_tokens: fields.max_tokens.and_then(|raw| raw.get().parse().ok()),
            thinking: fields
                .thinking
                .is_some_and(|thinking| thinking.kind.as_deref() == Some("enabled")),
            web_search: fields.tools.is_some_and(|tools| tools.web_search),
        })
    }
}

fn not_json(error: &serde_json::Error) -> ApiError {
    ApiError::invalid(format!(
        "the request body is not a valid Messages request: {error}"
    ))
}

#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    model: Option<&'a RawValue>,
    stream: Option<bool>,
    #[serde(borrow)]
    max_tokens: Option<&'a RawValue>,
    messages: Option<Weight>,
    system: Option<Weight>,
    tools: Option<Weight>,
    #[serde(borrow)]
    thinking: Option<Thinking<'a>>,
}

#[derive(Deserialize)]
struct Thinking<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<std::borrow::Cow<'a, str>>,
}

/// How much text a JSON value holds. Base64 data is not text.
#[derive(Default, Clone, Copy)]
struct Weight {
    bytes: usize,
    images: usize,
    web_search: bool,
}

impl Weight {
    fn add(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.images += other.images;
        self.web_search |= other.web_search;
    }
}

impl<'de> Deserialize<'de> for Weight {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WeightVisitor)
    }
}

struct WeightVisitor;

impl<'de> Visitor<'de> for WeightVisitor {
    type Value = Weight;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Weight, E> {
        let web_search = text.starts_with("web_search_");
        Ok(Weight {
            bytes: text.len(),
            images: 0,
            web_search,
        })
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Weight, E> {
        Ok(Weight {
            bytes: 4,
            ..Weight::default()
        })
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Weight, E> {
        Ok(Weight {
            bytes: 4,
            ..Weight::default()
        })
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Weight, E> {
        Ok(Weight {
            bytes: 4,
            ..Weight::default()
        })
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Weight, E> {
        Ok(Weight {
            bytes: 4,
            ..Weight::default()
        })
    }

    fn visit_unit<E: Error>(self) -> Result<Weight, E> {
        Ok(Weight::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Weight, A::Error> {
        let mut sum = Weight::default();
        while let Some(item) = items.next_element::<Weight>()? {
            sum.add(item);
        }
        Ok(sum)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Weight, A::Error> {
        let mut sum = Weight::default();
        while let Some(key) = entries.next_key::<Key>()? {
            match key {
                Key::Data => {
                    entries.next_value::<IgnoredAny>()?;
                    sum.images += 1;
                }
                Key::Other(length) => {
                    sum.bytes += length;
                    sum.add(entries.next_value()?);
                }
            }
        }
        Ok(sum)
    }
}

/// A key of an object; `data` is where sources keep base64.
enum Key {
    Data,
    Other(usize),
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl Visitor<'_> for KeyVisitor {
            type Value = Key;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_str<E: Error>(self, key: &str) -> Result<Key, E> {
                Ok(if key == "data" {
                    Key::Data
                } else {
                    Key::Other(key.len())
                })
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_is_found_where_it_stands() {
        let body = br#"{"stream":true, "model" : "a,b\u0021","messages":[]}"#;
        let head = RequestHead::peek(body).unwrap();
        assert_eq!(head.model, "a,b!");
        assert_eq!(&body[head.model_range.clone()], br#""a,b\u0021""#);
        assert!(head.stream);
    }

    #[test]
    fn what_is_missing_is_named() {
        let said = |body: &str| RequestHead::peek(body.as_bytes()).unwrap_err().message;
        assert!(said("{").contains("not a valid Messages request"));
        assert!(said("[]").contains("not a valid Messages request"));
        assert_eq!(said(r#"{"messages":[]}"#), "model: Field required");
        assert_eq!(said(r#"{"model":"x"}"#), "messages: Field required");
        assert_eq!(
            said(r#"{"model":7,"messages":[]}"#),
            "model: Input should be a string"
        );
    }

    #[test]
    fn base64_counts_as_an_image_and_not_as_text() {
        let data = "A".repeat(100_000);
        let body = format!(
            r#"{{"model":"m","messages":[{{"role":"user","content":[{{"type":"image","source":{{"data":"{data}"}}}}]}}]}}"#
        );
        let estimate = RequestHead::peek(body.as_bytes()).unwrap().input_estimate;
        assert!((1600..1700).contains(&estimate), "{estimate}");
    }
}
