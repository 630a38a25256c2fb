//! Runs each stage of a recorded exchange by itself: what it is given is what its neighbours make, so
//! that a chain can be seen, and written down, stage by stage. Nothing is sent anywhere.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Semaphore;

use super::{Answer, drive};
use crate::chain::{Chain, Explained, Pinned, Planned};
use crate::config::Limits;
use crate::error::ApiError;
use crate::reading::{Kind, kind_of, said_error};
use crate::registry::Generation;
use crate::sse::Framing;
use crate::upstream::joined;
use crate::wasm::bindings::{Context, Ending, Head};

/// What a stage was given, and what it made of it.
pub struct Played {
    /// The body that came from its left.
    pub given: Bytes,
    /// What it made of that.
    pub request: Requested,
    /// What came back from its right; none: nothing that it was asked about.
    pub back: Option<Back>,
    /// How it broke, if it trapped or broke a limit or the interface.
    pub fault: Option<String>,
}

/// What a stage made of a request.
pub enum Requested {
    /// Something to send on.
    Forward {
        /// Below the base URL.
        path: String,
        /// The headers it set.
        headers: Vec<(String, String)>,
        /// The body.
        body: Bytes,
        /// How it wants the reply, by the WIT's names.
        reply: String,
    },
    /// Its own answer.
    Answer(Bytes),
    /// It does not know the operation.
    Unsupported,
    /// An error for the client.
    Failed(ApiError),
}

/// An answer that came back to a stage, and what it made of that.
pub struct Back {
    /// What came.
    pub answer: Answer,
    /// How it is framed; none: it is whole, or an error.
    pub framing: Option<Framing>,
    /// What became of it.
    pub made: Made,
}

/// What a stage made of an answer.
pub enum Made {
    /// A whole message.
    Message(Bytes),
    /// Events, and an error if the stream ended with one.
    Events(Bytes, Option<ApiError>),
    /// An error for the client, before anything else.
    Error(ApiError),
    /// It leaves the error to the stages on its left, or to the host.
    NotMine,
    /// It wants another request sent.
    Again,
    /// It is not asked: the answer is no JSON and no stream.
    Nothing,
}

/// Plays an exchange through its stages, left to right and back. Stages that are not reached are
/// left out. `answer` is the upstream's to the last request.
pub async fn play_stages(
    pinned: &[Pinned],
    context: &Context,
    request: Bytes,
    answer: Option<Answer>,
    limits: &Arc<Limits>,
) -> Vec<Played> {
    let (mut played, mut chains) = (Vec::new(), Vec::new());
    let (mut body, mut answer) = (request, answer);
    for pin in pinned {
        let generation = pin.generation.apart();
        let (requested, chain) = request_of(pin, &generation, context, &body, limits).await;
        let given = std::mem::take(&mut body);
        match &requested {
            Requested::Forward { body: next, .. } => body = next.clone(),
            // The answer is this stage's: nothing was sent.
            Requested::Answer(own) => answer = Some(local(own)),
            Requested::Unsupported | Requested::Failed(_) => answer = None,
        }
        let goes_on = matches!(requested, Requested::Forward { .. });
        played.push(Played {
            given,
            request: requested,
            back: None,
            fault: generation.last_fault(),
        });
        chains.push((chain.filter(|_| goes_on), generation));
        if !goes_on {
            break;
        }
    }
    for (at, (chain, generation)) in chains.into_iter().enumerate().rev() {
        let Some(mut chain) = chain.filter(|chain| !chain.is_done()) else {
            continue;
        };
        let (Some(came), Some(stage)) = (answer.take(), played.get_mut(at)) else {
            break;
        };
        let framing = framing_of(&chain, &came);
        let made = made_of(&mut chain, &came).await;
        answer = handed_on(&made, &came);
        stage.fault = stage.fault.take().or_else(|| generation.last_fault());
        stage.back = Some(Back {
            answer: came,
            framing,
            made,
        });
    }
    played
}

async fn request_of(
    pin: &Pinned,
    generation: &Arc<Generation>,
    context: &Context,
    body: &Bytes,
    limits: &Arc<Limits>,
) -> (Requested, Option<Chain>) {
    let alone = [Pinned {
        generation: generation.clone(),
        options: pin.options.clone(),
    }];
    let quiet = |_: &Arc<Generation>| -> crate::chain::Sink { Arc::new(|_| ()) };
    let opened = async {
        let permit = Arc::new(Semaphore::new(1)).acquire_owned().await;
        let permit = permit.map_err(|error| ApiError::new("api_error", error.to_string()))?;
        let mut chain = Chain::open(&alone, context, limits, &quiet, permit).await?;
        let planned = chain.request(body.clone()).await?;
        Ok((chain, planned))
    };
    let opened: Result<_, ApiError> = opened.await;
    match opened {
        Err(error) => (Requested::Failed(error), None),
        Ok((chain, planned)) => {
            let requested = match planned {
                Planned::Unsupported => Requested::Unsupported,
                Planned::Answer(answer) => Requested::Answer(answer),
                Planned::Forward(outbound) => Requested::Forward {
                    path: outbound.path,
                    headers: outbound
                        .headers
                        .iter()
                        .map(|(name, value)| {
                            let value = String::from_utf8_lossy(value.as_bytes());
                            (name.to_string(), value.into_owned())
                        })
                        .collect(),
                    body: joined(outbound.body),
                    reply: chain.reply(),
                },
            };
            (requested, Some(chain))
        }
    }
}

fn local(answer: &Bytes) -> Answer {
    Answer {
        head: json_head(),
        body: answer.clone(),
        ending: Ending::Complete,
    }
}

fn json_head() -> Head {
    Head {
        status: 200,
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
    }
}

fn is_cut(answer: &Answer) -> bool {
    matches!(answer.ending, Ending::Broken(_))
}

fn framing_of(chain: &Chain, came: &Answer) -> Option<Framing> {
    let framing = chain.framing();
    let framed = is_ok(came) && !drive::is_whole(came, framing);
    framed.then_some(framing)
}

fn is_ok(answer: &Answer) -> bool {
    (200..300).contains(&answer.head.status)
}

async fn made_of(chain: &mut Chain, came: &Answer) -> Made {
    let ok = is_ok(came);
    let whole = ok && framing_of(chain, came).is_none();
    if !ok || (whole && said_error(came.head.status, &came.body).is_some()) {
        return match chain.explain(&came.head, &came.body).await {
            Ok(Explained::Failed(error)) | Err(error) => Made::Error(error),
            Ok(Explained::NotMine) => Made::NotMine,
            Ok(Explained::Resend(_)) => Made::Again,
        };
    }
    if whole {
        // A part of a message is none: the host says so, and asks no guest.
        if is_cut(came) {
            return Made::Nothing;
        }
        return match chain.respond(&came.head, came.body.clone()).await {
            Ok(pieces) => Made::Message(joined(pieces)),
            Err(error) => Made::Error(error),
        };
    }
    match kind_of(std::slice::from_ref(&came.body)) {
        Kind::Blank | Kind::Html => Made::Nothing,
        Kind::Json | Kind::Other => streamed(chain, came).await,
    }
}

async fn streamed(chain: &mut Chain, came: &Answer) -> Made {
    match drive::streamed(came, chain).await {
        (events, Err(error)) if events.is_empty() => Made::Error(error),
        (events, ended) => Made::Events(events, ended.err()),
    }
}

/// What the stage on the left gets of it.
fn handed_on(made: &Made, came: &Answer) -> Option<Answer> {
    match made {
        Made::Message(body) => Some(Answer {
            head: json_head(),
            body: body.clone(),
            ending: Ending::Complete,
        }),
        Made::Events(events, None) => Some(Answer {
            head: came.head.clone(),
            body: events.clone(),
            ending: Ending::Complete,
        }),
        // Cut where the upstream's was; an error that a stage says is not the others' to change.
        Made::Events(events, Some(_)) if is_cut(came) => Some(Answer {
            head: came.head.clone(),
            body: events.clone(),
            ending: came.ending.clone(),
        }),
        Made::NotMine => Some(came.clone()),
        Made::Events(..) | Made::Error(_) | Made::Again | Made::Nothing => None,
    }
}
