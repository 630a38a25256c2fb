//! One exchange: the request edited, the answer kept.

use crate::error::{self, Meaning};
use crate::stream::Stream;
use crate::{Profile, request};
use sdk::json::Members;
use sdk::{Context, Draft, Ending, Failure, Head, Output, Plan, Pushed, Verdict, failure};

/// An exchange with an endpoint that speaks the Messages API.
pub struct Exchange {
    context: Context,
    profile: Profile,
    meaning: Meaning,
    stream: Stream,
}

impl Exchange {
    pub(crate) fn new(context: Context, profile: Profile, meaning: Meaning) -> Self {
        Self {
            context,
            profile,
            stream: Stream::new(meaning.clone()),
            meaning,
        }
    }

    /// What a whole answer must have to be one.
    fn wanted(&self) -> &'static str {
        match self.context.operation.as_str() {
            "count-tokens" => "input_tokens",
            _ => "content",
        }
    }
}

impl sdk::Exchange for Exchange {
    fn request(&mut self, _: Draft, body: Vec<u8>) -> Result<Plan, Failure> {
        let knows = match self.context.operation.as_str() {
            "messages" => true,
            "count-tokens" => self.profile.count_tokens,
            _ => false,
        };
        if !knows {
            return Ok(Plan::Unsupported);
        }
        request::plan(&self.context, &self.profile, &body)
    }

    fn respond(&mut self, head: Head, body: Vec<u8>) -> Result<Output, Failure> {
        let text = String::from_utf8_lossy(&body);
        let Ok(members) = sdk::json::from_str::<Members<'_>>(&text) else {
            return Err(failure::upstream(
                "upstream answered with something else than JSON",
            ));
        };
        if members.get(self.wanted()).is_none() || error::went_wrong(&members) {
            return Err(self.meaning.explain(&head, &text));
        }
        Ok(Output::Keep)
    }

    fn explain(&mut self, head: Head, body: Vec<u8>) -> Verdict {
        let text = String::from_utf8_lossy(&body);
        Verdict::Failed(self.meaning.explain(&head, &text))
    }

    fn push(&mut self, frames: Vec<u8>, _: u32) -> Pushed {
        self.stream.push(&frames)
    }

    fn finish(&mut self, ending: Ending) -> Pushed {
        Stream::finish(ending)
    }
}
