//! Token counts: OpenAI counts cached input within the prompt, Anthropic beside it.

use sdk::events::Usage;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};
use std::fmt;

/// `usage` of a completion or chunk.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_field_names, reason = "the names of the wire format")]
pub(crate) struct Tokens {
    prompt_tokens: Count,
    completion_tokens: Count,
    prompt_tokens_details: Option<Details>,
    completion_tokens_details: Option<OutputDetails>,
    /// DeepSeek.
    prompt_cache_hit_tokens: Count,
    /// Kimi.
    cached_tokens: Count,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct Details {
    cached_tokens: Count,
    cache_write_tokens: Count,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct OutputDetails {
    reasoning_tokens: Count,
}

impl Tokens {
    pub(crate) fn usage(self) -> Usage {
        let details = self.prompt_tokens_details.unwrap_or_default();
        let cache_read = details.cached_tokens.0;
        let cache_read = cache_read
            .or(self.prompt_cache_hit_tokens.0)
            .or(self.cached_tokens.0)
            .unwrap_or(0);
        let cache_creation = details.cache_write_tokens.0.unwrap_or(0);
        let prompt = self.prompt_tokens.0.unwrap_or(0);
        Usage {
            input: prompt.saturating_sub(cache_read.saturating_add(cache_creation)),
            output: self.completion_tokens.0.unwrap_or(0),
            cache_read,
            cache_creation,
            thinking: self
                .completion_tokens_details
                .and_then(|details| details.reasoning_tokens.0)
                .unwrap_or(0),
        }
    }
}

/// A number of tokens, however it is written. What is no number at all is none: a count never costs an answer.
#[derive(Clone, Copy, Debug, Default)]
struct Count(Option<u64>);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Count;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a number of tokens")
    }

    fn visit_u64<E: de::Error>(self, count: u64) -> Result<Count, E> {
        Ok(Count(Some(count)))
    }

    fn visit_i64<E: de::Error>(self, count: i64) -> Result<Count, E> {
        Ok(Count(Some(u64::try_from(count).unwrap_or(0))))
    }

    fn visit_f64<E: de::Error>(self, count: f64) -> Result<Count, E> {
        // A cast takes what is below 0 for 0.
        Ok(Count(Some(count as u64)))
    }

    fn visit_str<E: de::Error>(self, count: &str) -> Result<Count, E> {
        Ok(Count(count.parse().ok()))
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Count, E> {
        Ok(Count(None))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Count, E> {
        Ok(Count(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Count, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Count(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Count, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Count(None))
    }
}
