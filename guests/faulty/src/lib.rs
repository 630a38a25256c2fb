//! A transformer for tests. It passes Anthropic traffic on as it is, and misbehaves as the option
//! `fault` says, or, without the option, as the marker in its data says. Tests change the marker in
//! the compiled bytes to get many bad components from one. With the option `mark` it is a link of a
//! chain instead, which shows what it was given.

#[cfg(target_family = "wasm")]
mod component;
mod dump;
mod fault;
mod lines;
mod link;
mod marker;
mod output;

use fault::{Fault, flood, hoard, spin, trap};
use lines::Lines;
use link::Link;
use sdk::events::StopReason;
use sdk::host::{Level, log};
use sdk::json::{Error, Escaped, RawValue};
use sdk::{
    Context, Draft, Ending, Failure, Forward, Head, Manifest, Next, Output, Plan, Pushed, Reply,
    Verdict, failure,
};
use std::fmt::Write as _;

/// Bytes that no limit should let through.
const FLOOD: usize = 96 << 20;

/// The transformer.
pub struct Faulty {
    fault: Fault,
    link: link::Options,
    options: String,
}

/// The options: `fault`, those of a link, and any other, to see whether it gets here.
#[derive(Default)]
pub struct Options {
    fault: Option<String>,
    link: link::Options,
    all: String,
}

impl sdk::Options for Options {
    fn names() -> &'static [&'static str] {
        &["fault"]
    }

    fn set(&mut self, name: &str, value: &RawValue) -> Option<Result<(), Error>> {
        if name == "fault" {
            self.fault = Escaped::of(value).map(|fault| fault.unescape().into_owned());
        }
        let _ = write!(self.all, "{name}={value};");
        Some(self.link.set(name, value).unwrap_or(Ok(())))
    }
}

impl sdk::Transformer for Faulty {
    type Options = Options;
    type Exchange = Exchange;

    fn configure(options: Options) -> Result<(Self, Manifest), Vec<String>> {
        let name = options.fault.unwrap_or_else(marker::read);
        let Some(fault) = Fault::read(&name) else {
            return Err(vec![format!("options.fault: no such fault: {name}")]);
        };
        match fault {
            Fault::ConfigureTrap => trap(),
            Fault::ConfigureLoop => spin(),
            Fault::ConfigureError => {
                return Err(vec![
                    "options.fault: this one; remove it".to_owned(),
                    "options.other: and a second problem; remove it too".to_owned(),
                ]);
            }
            _ => {}
        }
        let manifest = sdk::manifest("faulty", env!("CARGO_PKG_VERSION"));
        let manifest = options.link.manifest(manifest);
        let faulty = Faulty {
            fault,
            link: options.link,
            options: options.all,
        };
        Ok((faulty, manifest))
    }

    fn exchange(&self, context: Context) -> Exchange {
        Exchange {
            fault: self.fault.clone(),
            given: dump::given(&self.options, &context),
            link: self.link.link(&context),
            lines: None,
            head: None,
            context,
        }
    }
}

/// An exchange of [`Faulty`].
pub struct Exchange {
    fault: Fault,
    context: Context,
    given: String,
    head: Option<Head>,
    link: Option<Link>,
    lines: Option<Lines>,
}

impl Exchange {
    fn dumped(&self, head: Option<&Head>, body: &[u8]) -> String {
        let mut text = format!("{}{}", self.given, dump::answer(head, body));
        if self.fault == Fault::ResponseHex {
            text = dump::hex(&text);
        }
        log(Level::Info, &text);
        text
    }
}

impl sdk::Exchange for Exchange {
    fn request(&mut self, so_far: Draft, body: Vec<u8>) -> Result<Plan, Failure> {
        if let Some(link) = &mut self.link {
            return Ok(link.request(&so_far, &body));
        }
        let mut forward = Forward {
            path: None,
            headers: Vec::new(),
            body: Output::Keep,
            reply: if self.context.streaming {
                Reply::Frames("sse".to_owned())
            } else {
                Reply::Whole
            },
        };
        match &self.fault {
            Fault::RequestTrap => trap(),
            Fault::RequestLoop => spin(),
            Fault::RequestMemory => hoard(),
            Fault::RequestFlood => forward.body = Output::Replace(flood(FLOOD)),
            Fault::RequestFail => return Err(failure::new(418, "api_error", "told to fail")),
            Fault::LogFlood => {
                for line in 0..100_000 {
                    log(Level::Info, &format!("line {line}"));
                }
            }
            Fault::LogLong => log(Level::Info, &"long ".repeat(1 << 18)),
            Fault::Path(path) => forward.path = Some(path.clone()),
            Fault::Header(name, value) => {
                forward.headers.push((name.clone(), Some(value.clone())));
            }
            Fault::EditKeepModel => forward.body = output::other_model(&body, &self.context.model),
            Fault::JsonLines => forward.reply = Reply::Frames("json-lines".to_owned()),
            Fault::AnswerDump => {
                let text = format!(
                    "{}draft: {so_far:?}\n{}",
                    self.given,
                    dump::answer(None, &body)
                );
                return Ok(Plan::Answer(sdk::message(
                    &self.context,
                    &text,
                    StopReason::EndTurn,
                )));
            }
            _ => {}
        }
        Ok(Plan::Forward(forward))
    }

    fn respond(&mut self, head: Head, body: Vec<u8>) -> Result<Output, Failure> {
        if let Some(link) = &self.link {
            return Ok(link.respond(&head, &body));
        }
        match self.fault {
            Fault::PushTrap => trap(),
            Fault::PushLoop => spin(),
            Fault::PushMemory => hoard(),
            Fault::PushFlood => Ok(Output::Replace(flood(FLOOD))),
            Fault::ResponseDump | Fault::ResponseHex => {
                let text = self.dumped(Some(&head), &body);
                Ok(Output::Replace(sdk::message(
                    &self.context,
                    &text,
                    StopReason::EndTurn,
                )))
            }
            Fault::EditKeepModel => Ok(output::other_model(&body, &self.context.requested_model)),
            Fault::EditOutOfRange | Fault::EditOverlap | Fault::EditDescending => {
                Ok(output::illegal(&self.fault, body.len()))
            }
            _ => Ok(Output::Keep),
        }
    }

    fn explain(&mut self, head: Head, body: Vec<u8>) -> Verdict {
        if let Some(link) = &self.link {
            return link.explain(&head, &body);
        }
        if !matches!(self.fault, Fault::ResponseDump | Fault::ResponseHex) {
            return Verdict::NotMine;
        }
        let text = self.dumped(Some(&head), &body);
        Verdict::Failed(failure::from_status(head.status, text))
    }

    fn begin(&mut self, head: Head) -> Result<(), Failure> {
        if let Some(link) = &mut self.link {
            link.begin();
        }
        if self.fault == Fault::JsonLines {
            self.lines = Some(Lines::new(&self.context));
        }
        self.head = Some(head);
        Ok(())
    }

    fn push(&mut self, frames: Vec<u8>, _: u32) -> Pushed {
        if let Some(link) = &mut self.link {
            return link.push(&frames);
        }
        if let Some(lines) = &mut self.lines {
            return lines.push(&frames);
        }
        match self.fault {
            Fault::PushTrap => trap(),
            // Only where a stream comes in more than one push.
            Fault::LateTrap if !sdk::sse::text(&frames).contains("message_start") => trap(),
            Fault::PushLoop => spin(),
            Fault::PushMemory => hoard(),
            Fault::PushFlood => sdk::pushed(Output::Replace(flood(FLOOD)), Next::More),
            Fault::WakeLoop => sdk::pushed(Output::Keep, Next::WakeAfter(1)),
            Fault::ResponseDump | Fault::ResponseHex => {
                let text = self.dumped(self.head.as_ref(), &frames);
                let events = output::comment(&text);
                sdk::pushed(Output::Replace(events), Next::More)
            }
            Fault::EditKeepModel => sdk::pushed(
                output::other_model(&frames, &self.context.requested_model),
                Next::More,
            ),
            Fault::EditOutOfRange | Fault::EditOverlap | Fault::EditDescending => {
                sdk::pushed(output::illegal(&self.fault, frames.len()), Next::More)
            }
            Fault::Splice | Fault::RuleEmpty | Fault::RuleOverlap => Pushed {
                out: Output::Keep,
                rules: Some(output::rules(&self.fault)),
                next: Next::More,
            },
            _ => sdk::pushed(Output::Keep, Next::More),
        }
    }

    fn wake(&mut self) -> Pushed {
        if let Some(link) = &mut self.link {
            return link.wake();
        }
        if self.fault == Fault::WakeLoop {
            spin();
        }
        sdk::pushed(Output::Drop, Next::More)
    }

    fn finish(&mut self, ending: Ending) -> Pushed {
        if let Some(link) = &mut self.link {
            return link.finish(ending);
        }
        let next = match ending {
            Ending::Broken(how) if self.fault != Fault::CleanAfterBreak => {
                Next::Failed(failure::broken(&how))
            }
            _ => Next::Done,
        };
        sdk::pushed(Output::Drop, next)
    }
}
