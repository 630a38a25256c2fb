//! A link of a chain: a stage that marks whatever it is given, so that an answer shows who had it
//! in hand, in which order and in which pieces. The option `mark` makes one of the guest.

use sdk::events::StopReason;
use sdk::json::Escaped;
use sdk::{
    Context, Draft, Ending, Forward, Head, Manifest, Next, Output, Plan, Pushed, Reply, Verdict,
    failure,
};

/// How many bytes a stage with the option `shred` keeps back of every push.
const KEPT_BACK: usize = 5;

sdk::options! {
    /// What a link does beside marking.
    pub struct Options {
        /// The name it marks by. None: the guest is no link.
        pub mark: Option<String> = None,
        /// The path it asks for.
        pub path: Option<String> = None,
        /// Headers it sets, or removes with none.
        pub headers: Vec<(String, Option<String>)> = Vec::new(),
        /// `untouched`, `whole` or a framing. None: by what the client wants.
        pub reply: Option<String> = None,
        /// The header that its manifest names for the key.
        pub auth_header: Option<String> = None,
        /// What it answers locally.
        pub answer: Option<String> = None,
        /// What it makes of an upstream's error.
        pub explain: Option<String> = None,
        /// Whether it asks for another try after every error.
        pub resend: bool = false,
        /// After how much silence it wants to be woken, once after each push.
        pub wake_ms: Option<u32> = None,
        /// Whether its output is cut inside frames.
        pub shred: bool = false,
        /// Whether it is done after its first push.
        pub done: bool = false,
    }
}

impl Options {
    /// The manifest of such a guest.
    pub(crate) fn manifest(&self, manifest: Manifest) -> Manifest {
        let auth = self.auth_header.clone().map(sdk::Auth::Header);
        Manifest { auth, ..manifest }
    }

    /// The link, if it is one.
    pub(crate) fn link(&self, context: &Context) -> Option<Link> {
        Some(Link {
            mark: self.mark.clone()?,
            options: self.clone(),
            context: context.clone(),
            begun: 0,
            kept: Vec::new(),
        })
    }
}

/// One exchange of a link.
pub(crate) struct Link {
    mark: String,
    options: Options,
    context: Context,
    begun: u32,
    kept: Vec<u8>,
}

impl Link {
    pub(crate) fn request(&mut self, so_far: &Draft, body: &[u8]) -> Plan {
        let headers = so_far.headers.iter();
        let headers: Vec<String> = headers
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let path = so_far.path.as_deref().unwrap_or("-");
        let seen = format!("{path} {}", headers.join(","));
        if let Some(answer) = &self.options.answer {
            let answer = sdk::message(&self.context, answer, StopReason::EndTurn);
            return Plan::Answer(answer);
        }
        Plan::Forward(Forward {
            path: self.options.path.clone(),
            headers: self.options.headers.clone(),
            body: Output::Replace(self.marked(body, seen.trim())),
            reply: self.reply(),
        })
    }

    fn reply(&self) -> Reply {
        match self.options.reply.as_deref() {
            Some("untouched") => Reply::Untouched,
            Some("whole") => Reply::Whole,
            Some(framing) => Reply::Frames(framing.to_owned()),
            None if self.context.streaming => Reply::Frames("sse".to_owned()),
            None => Reply::Whole,
        }
    }

    /// The object with a first member of this link's name.
    fn marked(&self, object: &[u8], value: &str) -> Vec<u8> {
        let rest = object.strip_prefix(b"{").unwrap_or(object);
        let (name, value) = (Escaped::plain(&self.mark), Escaped::plain(value));
        let first = format!("{{\"{}\":\"{}\",", name.get(), value.get());
        [first.as_bytes(), rest].concat()
    }

    pub(crate) fn respond(&self, head: &Head, body: &[u8]) -> Output {
        Output::Replace(self.marked(body, &format!("responded {}", head.status)))
    }

    pub(crate) fn explain(&self, head: &Head, body: &[u8]) -> Verdict {
        if self.options.resend {
            return Verdict::Resend(Forward {
                path: Some("/again".to_owned()),
                headers: vec![("x-resent-by".to_owned(), Some(self.mark.clone()))],
                body: Output::Keep,
                reply: self.reply(),
            });
        }
        let Some(words) = &self.options.explain else {
            return Verdict::NotMine;
        };
        let body = String::from_utf8_lossy(body);
        let message = format!("{} {words} {} {body}", self.mark, head.status);
        Verdict::Failed(failure::new(418, "api_error", message))
    }

    pub(crate) fn begin(&mut self) {
        self.begun += 1;
    }

    pub(crate) fn push(&mut self, frames: &[u8]) -> Pushed {
        let whole = frames.ends_with(b"\n\n");
        let note = format!("begun={} bytes={} whole={whole}", self.begun, frames.len());
        let next = match (self.options.done, self.options.wake_ms) {
            (true, _) => Next::Done,
            (false, Some(ms)) => Next::WakeAfter(ms),
            (false, None) => Next::More,
        };
        let out = self.shredded([self.note(&note), frames.to_vec()].concat());
        sdk::pushed(Output::Replace(out), next)
    }

    pub(crate) fn wake(&mut self) -> Pushed {
        let out = self.shredded(self.note("woke"));
        sdk::pushed(Output::Replace(out), Next::More)
    }

    pub(crate) fn finish(&mut self, ending: Ending) -> Pushed {
        let next = match ending {
            Ending::Complete => Next::Done,
            Ending::Broken(how) => Next::Failed(failure::broken(&how)),
        };
        let kept = std::mem::take(&mut self.kept);
        let out = [kept, self.note("finished")].concat();
        sdk::pushed(Output::Replace(out), next)
    }

    /// An SSE comment of this link.
    fn note(&self, text: &str) -> Vec<u8> {
        format!(": {} {text}\n\n", self.mark).into_bytes()
    }

    /// What was kept back and all of this but its end, which is kept in turn.
    fn shredded(&mut self, out: Vec<u8>) -> Vec<u8> {
        let mut all = [std::mem::take(&mut self.kept), out].concat();
        if self.options.shred {
            self.kept = all.split_off(all.len().saturating_sub(KEPT_BACK));
        }
        all
    }
}
