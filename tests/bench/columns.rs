//! The columns of the table: the ways from client to upstream that are measured side by side.

use std::net::SocketAddr;

use crate::cases::{Case, Kind};
use crate::load::Target;
use crate::load::request::{self, Size};
use crate::mock::{chat, messages};

/// A way from the load generator to the mock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Column {
    /// No hop at all.
    Direct,
    /// The bare relay, chat completions on both sides.
    Relay,
    /// The bare relay, Messages on both sides.
    RelayMessages,
    /// transom with the `cerebras` transformer: Messages in, chat completions out.
    Cerebras,
    /// transom with `"anthropic"`: Messages on both sides, untouched.
    Passthrough,
}

impl Column {
    pub(crate) const ALL: [Self; 5] = [
        Self::Direct,
        Self::Relay,
        Self::RelayMessages,
        Self::Cerebras,
        Self::Passthrough,
    ];

    /// The heading in the table.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Relay => "relay",
            Self::RelayMessages => "relay, Messages",
            Self::Cerebras => "transom, cerebras",
            Self::Passthrough => "transom, passthrough",
        }
    }

    /// The name in JSON and on the command line.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Relay => "relay",
            Self::RelayMessages => "relay-messages",
            Self::Cerebras => "cerebras",
            Self::Passthrough => "passthrough",
        }
    }

    /// The relay that moves the same bytes on the upstream's side.
    pub(crate) fn baseline(self) -> Option<Self> {
        match self {
            Self::Cerebras => Some(Self::Relay),
            Self::Passthrough => Some(Self::RelayMessages),
            Self::Direct | Self::Relay | Self::RelayMessages => None,
        }
    }

    pub(crate) fn needs_transom(self) -> bool {
        matches!(self, Self::Cerebras | Self::Passthrough)
    }

    /// The provider that transom's configuration has for this column and case.
    pub(crate) fn provider(self, case: &Case) -> String {
        let knobs = case.knobs;
        format!(
            "{}-{}x{}-{}ms",
            self.key(),
            knobs.events,
            knobs.per_write,
            knobs.delay_ms
        )
    }

    /// What the load generator sends for `case` to the process at `address`.
    pub(crate) fn target(self, case: &Case, address: SocketAddr) -> Target {
        let (path, mark) = match self {
            Self::Direct | Self::Relay => (
                format!("/{}/v1/chat/completions", case.knobs),
                chat::CONTENT_MARK,
            ),
            Self::RelayMessages => (
                format!("/{}/v1/messages", case.knobs),
                messages::CONTENT_MARK,
            ),
            Self::Cerebras | Self::Passthrough => {
                ("/v1/messages".to_owned(), messages::CONTENT_MARK)
            }
        };
        let model = format!("{},bench", self.provider(case));
        let (size, stream) = match case.kind {
            Kind::Whole { size, .. } => (size, false),
            Kind::Streams { .. } | Kind::FirstContent => (Size::Small, true),
        };
        Target {
            address,
            request: request::post(address, &path, &model, size, stream),
            mark,
            events: stream.then_some(case.knobs.events),
            gaps: false,
        }
    }
}
