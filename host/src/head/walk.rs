//! The walk over messages, system and tools: how much text they hold, and the few facts that are
//! found on the way. Base64 data is not text. Knows no rule.

use std::fmt;

use memchr::memmem;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{SUBAGENT_TAG, is_foreign_signature, is_odd_id};

/// What a walk has come across.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Of text and of names of members.
    pub(super) bytes: usize,
    /// Members called `data`, where sources keep base64.
    pub(super) data: usize,
    /// Of the list that the walk began at.
    pub(super) items: usize,
    pub(super) web_search: bool,
    pub(super) any_image: bool,
    /// In a message of an assistant.
    pub(super) foreign_thinking: bool,
    /// Of a tool call or of its result.
    pub(super) odd_ids: bool,
    /// In a text of the system's.
    pub(super) tagged: bool,
    last: Message,
}

impl Seen {
    pub(super) fn last_image(&self) -> bool {
        self.last.role == Role::User && self.last.image
    }

    pub(super) fn last_results(&self) -> bool {
        self.last.role == Role::User && self.last.results
    }
}

/// Of one message, while it is walked over; then of the last that is not the system's.
#[derive(Debug, Default, Clone, Copy)]
struct Message {
    role: Role,
    image: bool,
    /// There are results of tools in it.
    results: bool,
    tagged: bool,
    foreign_thinking: bool,
    block: Block,
}

/// Of one block, while it is walked over.
#[derive(Debug, Default, Clone, Copy)]
struct Block {
    kind: Kind,
    /// There is a signature that a provider gave.
    signed: bool,
    /// `data` is an envelope.
    sealed: bool,
    odd_id: bool,
    odd_tool_use_id: bool,
}

impl Block {
    /// It is thinking of another provider than one that the Messages API is spoken to.
    fn is_foreign(self) -> bool {
        match self.kind {
            Kind::Thinking => !self.signed,
            Kind::Redacted => self.sealed,
            Kind::Image | Kind::Call | Kind::Result | Kind::Other => false,
        }
    }

    /// It is a call or a result with an id that not every provider takes.
    fn has_odd_id(self) -> bool {
        match self.kind {
            Kind::Call => self.odd_id,
            _ => self.odd_tool_use_id,
        }
    }
}

/// A type of a block that means something here.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Image,
    Thinking,
    Redacted,
    /// Of a tool.
    Call,
    /// Of a tool of the client's.
    Result,
    #[default]
    Other,
}

impl Kind {
    fn named(name: &str) -> Self {
        match name {
            "image" => Self::Image,
            "thinking" => Self::Thinking,
            "redacted_thinking" => Self::Redacted,
            "tool_result" => Self::Result,
            call if call.ends_with("tool_use") => Self::Call,
            _ => Self::Other,
        }
    }
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Not said, or not yet.
    #[default]
    Open,
    User,
    System,
    Assistant,
    Other,
}

impl Role {
    fn named(name: &str) -> Self {
        match name {
            "user" => Self::User,
            "system" => Self::System,
            "assistant" => Self::Assistant,
            _ => Self::Other,
        }
    }
}

macro_rules! part {
    ($(#[$doc:meta])* $name:ident at $at:expr) => {
        $(#[$doc])*
        #[derive(Debug, Default)]
        pub(super) struct $name(pub(super) Seen);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let (mut seen, mut message) = (Seen::default(), Message::default());
                let walk = Walk { at: $at, seen: &mut seen, message: &mut message };
                walk.deserialize(deserializer)?;
                seen.tagged |= message.tagged;
                Ok(Self(seen))
            }
        }
    };
}

part! { /// `messages`.
Messages at At::Messages }
part! { /// `system`.
System at At::System }
part! { /// `tools`.
Tools at At::Tools }

/// Where in the body the walk is: what members mean depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Messages,
    Message,
    /// Of a message, or of the result of a tool in it.
    Content,
    Block,
    System,
    Tools,
    Tool,
    Elsewhere,
}

impl At {
    fn item(self) -> Self {
        match self {
            Self::Messages => Self::Message,
            Self::Content => Self::Block,
            Self::System => Self::System,
            Self::Tools => Self::Tool,
            _ => Self::Elsewhere,
        }
    }
}

struct Walk<'s> {
    at: At,
    seen: &'s mut Seen,
    message: &'s mut Message,
}

impl Walk<'_> {
    fn to(&mut self, at: At) -> Walk<'_> {
        Walk {
            at,
            seen: self.seen,
            message: self.message,
        }
    }

    fn string(&mut self, text: &str) {
        self.seen.bytes += text.len();
        let may_be_system = match self.at {
            At::System => true,
            At::Content | At::Block => matches!(self.message.role, Role::Open | Role::System),
            _ => false,
        };
        if may_be_system && memmem::find(text.as_bytes(), SUBAGENT_TAG.as_bytes()).is_some() {
            self.message.tagged = true;
        }
    }

    fn member<'de, A: MapAccess<'de>>(
        &mut self,
        key: Key,
        entries: &mut A,
    ) -> Result<(), A::Error> {
        match (self.at, key) {
            (At::Message, Key::Role) => {
                let role = self.word(Role::named, entries)?;
                self.message.role = role.unwrap_or(Role::Other);
            }
            (At::Message | At::Block, Key::Content) => {
                entries.next_value_seed(self.to(At::Content))?;
            }
            (At::Block, Key::Type) => {
                let kind = self.word(Kind::named, entries)?.unwrap_or_default();
                self.message.block.kind = kind;
                self.message.image |= kind == Kind::Image;
                self.message.results |= kind == Kind::Result;
            }
            (At::Block, Key::Signature) => {
                let foreign = self.word(is_foreign_signature, entries)?;
                self.message.block.signed = foreign == Some(false);
            }
            (At::Block, Key::Id) => {
                let odd = self.word(is_odd_id, entries)?;
                self.message.block.odd_id = odd == Some(true);
            }
            (At::Block, Key::ToolUseId) => {
                let odd = self.word(is_odd_id, entries)?;
                self.message.block.odd_tool_use_id = odd == Some(true);
            }
            (At::Block, Key::Data) => {
                // Of redacted thinking; that of images is deeper.
                let Word(sealed) = entries.next_value_seed(Asking(|data: &str| {
                    !data.is_empty() && is_foreign_signature(data)
                }))?;
                self.message.block.sealed = sealed.unwrap_or(false);
                self.seen.data += 1;
            }
            (At::Tool, Key::Type) => {
                let search = self.word(|kind| kind.starts_with("web_search"), entries)?;
                self.seen.web_search |= search.unwrap_or(false);
            }
            (At::Block | At::System, Key::Text) => {
                let at = self.at;
                entries.next_value_seed(self.to(at))?;
            }
            (_, Key::Data) => {
                entries.next_value::<IgnoredAny>()?;
                self.seen.data += 1;
            }
            _ => entries.next_value_seed(self.to(At::Elsewhere))?,
        }
        Ok(())
    }

    /// What a string says; it counts as text like any other.
    fn word<'de, T, A: MapAccess<'de>>(
        &mut self,
        read: impl FnOnce(&str) -> T,
        entries: &mut A,
    ) -> Result<Option<T>, A::Error> {
        let Word(word) = entries.next_value_seed(Asking(|text: &str| (text.len(), read(text))))?;
        Ok(word.map(|(length, word)| {
            self.seen.bytes += length;
            word
        }))
    }

    fn message_over(&mut self) {
        let message = std::mem::take(self.message);
        self.seen.any_image |= message.image;
        self.seen.foreign_thinking |= message.foreign_thinking && message.role == Role::Assistant;
        if message.role == Role::System {
            self.seen.tagged |= message.tagged;
        } else {
            self.seen.last = message;
        }
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// What a number or a truth value counts as, in bytes.
const SCALAR: usize = 4;

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_str<E: Error>(mut self, text: &str) -> Result<(), E> {
        self.string(text);
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.seen.bytes += SCALAR;
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.seen.bytes += SCALAR;
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.seen.bytes += SCALAR;
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.seen.bytes += SCALAR;
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        let mut count = 0;
        let item = self.at.item();
        while items.next_element_seed(self.to(item))?.is_some() {
            count += 1;
        }
        if self.at == At::Tools {
            self.seen.items = count;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<(), A::Error> {
        while let Some((key, length)) = entries.next_key_seed(Asking(Key::sized))?.map(known) {
            if key != Key::Data {
                self.seen.bytes += length;
            }
            self.member(key, &mut entries)?;
        }
        match self.at {
            At::Message => self.message_over(),
            At::Block => {
                let block = std::mem::take(&mut self.message.block);
                self.message.foreign_thinking |= block.is_foreign();
                self.seen.odd_ids |= block.has_odd_id();
            }
            _ => {}
        }
        Ok(())
    }
}

/// A name of a member that means something somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Role,
    Content,
    Type,
    Text,
    Data,
    Signature,
    Id,
    ToolUseId,
    Other,
}

impl Key {
    fn sized(name: &str) -> (Self, usize) {
        let key = match name {
            "role" => Self::Role,
            "content" => Self::Content,
            "type" => Self::Type,
            "text" => Self::Text,
            "data" => Self::Data,
            "signature" => Self::Signature,
            "id" => Self::Id,
            "tool_use_id" => Self::ToolUseId,
            _ => Self::Other,
        };
        (key, name.len())
    }
}

/// A name is always a string.
fn known(Word(key): Word<(Key, usize)>) -> (Key, usize) {
    key.unwrap_or((Key::Other, 0))
}

/// What a string was found to be; none if it was something else.
struct Word<T>(Option<T>);

/// Asks something of a string without keeping it.
struct Asking<F>(F);

impl<'de, T, F: FnOnce(&str) -> T> DeserializeSeed<'de> for Asking<F> {
    type Value = Word<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Word<T>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T, F: FnOnce(&str) -> T> Visitor<'de> for Asking<F> {
    type Value = Word<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Word<T>, E> {
        Ok(Word(Some((self.0)(text))))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Word<T>, E> {
        Ok(Word(None))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Word<T>, E> {
        Ok(Word(None))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Word<T>, E> {
        Ok(Word(None))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Word<T>, E> {
        Ok(Word(None))
    }

    fn visit_unit<E: Error>(self) -> Result<Word<T>, E> {
        Ok(Word(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Word<T>, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Word(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Word<T>, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Word(None))
    }
}
