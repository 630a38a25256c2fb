//! One exchange: hands each step of the interface to the module that knows it.

use crate::request::{Converted, Names};
use crate::stream::{Progress, Stream};
use crate::{Profile, answer, error, request};
use sdk::{
    Context, Draft, Ending, Failure, Forward, Head, Next, Output, Plan, Pushed, Reply, Verdict,
    failure,
};

/// How long to wait for usage after the upstream has said why it stopped.
const USAGE_GRACE_MS: u32 = 2000;

/// Headers that mean something to Anthropic only.
const ANTHROPIC_HEADERS: [&str; 4] = [
    "anthropic-beta",
    "anthropic-dangerous-direct-browser-access",
    "anthropic-version",
    "x-app",
];

/// One exchange with an OpenAI-like upstream.
pub struct Exchange {
    context: Context,
    profile: Profile,
    names: Names,
    stream: Option<Stream>,
}

impl Exchange {
    /// An exchange under this profile.
    pub fn new(context: Context, profile: Profile) -> Self {
        Self {
            context,
            profile: profile.settled(),
            names: Names::default(),
            stream: None,
        }
    }

    /// The answer to a push: what was written, and what comes next.
    fn pushed(&mut self, progress: Result<Progress, Failure>) -> Pushed {
        let next = match progress {
            Ok(Progress::More) => Next::More,
            Ok(Progress::AwaitingUsage) => Next::WakeAfter(USAGE_GRACE_MS),
            Ok(Progress::Done) => Next::Done,
            Err(failure) => Next::Failed(failure),
        };
        let Some(stream) = &mut self.stream else {
            return sdk::pushed(Output::Drop, next);
        };
        let out = stream.take();
        let out = if out.is_empty() {
            Output::Drop
        } else {
            Output::Replace(out)
        };
        Pushed {
            out,
            rules: stream.take_rules(),
            next,
        }
    }
}

impl sdk::Exchange for Exchange {
    fn request(&mut self, _: Draft, body: Vec<u8>) -> Result<Plan, Failure> {
        if self.context.operation != "messages" {
            return Ok(Plan::Unsupported);
        }
        let body = match request::convert(&self.context, &self.profile, &mut self.names, &body)? {
            Converted::Answer(message) => return Ok(Plan::Answer(message)),
            Converted::Body(body) => body,
        };
        let removed = ANTHROPIC_HEADERS.map(|name| (name.to_owned(), None));
        let set = self.profile.headers.iter();
        let set = set.map(|(name, value)| (name.clone(), Some(value.clone())));
        Ok(Plan::Forward(Forward {
            path: Some(self.profile.path.clone()),
            headers: removed.into_iter().chain(set).collect(),
            body: Output::Replace(body.into_bytes()),
            reply: if self.context.streaming {
                Reply::Frames("sse".to_owned())
            } else {
                Reply::Whole
            },
        }))
    }

    fn respond(&mut self, head: Head, body: Vec<u8>) -> Result<Output, Failure> {
        let message = answer::convert(&self.context, &self.profile, &self.names, &head, &body)?;
        Ok(Output::Replace(message.into_bytes()))
    }

    fn explain(&mut self, head: Head, body: Vec<u8>) -> Verdict {
        Verdict::Failed(error::explain(&self.profile, &head, &body))
    }

    fn begin(&mut self, _: Head) -> Result<(), Failure> {
        let names = std::mem::take(&mut self.names);
        self.stream = Some(Stream::new(&self.context, &self.profile, names));
        Ok(())
    }

    fn push(&mut self, frames: Vec<u8>, spliced: u32) -> Pushed {
        let Some(stream) = &mut self.stream else {
            return sdk::pushed(
                Output::Drop,
                Next::Failed(failure::upstream("frames came before the answer began")),
            );
        };
        let progress = stream.push(&frames, spliced);
        self.pushed(progress)
    }

    fn wake(&mut self) -> Pushed {
        let progress = match &mut self.stream {
            Some(stream) => stream.wake(),
            None => Ok(Progress::More),
        };
        self.pushed(progress)
    }

    fn finish(&mut self, ending: Ending) -> Pushed {
        let progress = match (ending, &mut self.stream) {
            (Ending::Broken(how), _) => Err(failure::broken(&how)),
            (Ending::Complete, None) => Err(failure::truncated()),
            (Ending::Complete, Some(stream)) => stream.finish(),
        };
        self.pushed(progress)
    }
}
