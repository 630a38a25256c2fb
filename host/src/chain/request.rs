//! The way out: the client's body through the stages to the upstream's, local answers, errors and resends.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::Chain;
use super::stage::Stage;
use crate::config::Auth;
use crate::error::ApiError;
use crate::upstream::{joined, refused_from_guest};
use crate::wasm::Fault;
use crate::wasm::bindings::{Draft, Forward, Head, Plan, Reply, Verdict};

/// What all stages made of a request.
pub enum Planned {
    /// Send this.
    Forward(Outbound),
    /// Send nothing: this is the answer.
    Answer(Bytes),
    /// A stage does not know the operation.
    Unsupported,
}

/// The request to the upstream, without key and origin.
#[derive(Debug, Clone, Default)]
pub struct Outbound {
    /// Below the base URL.
    pub path: String,
    /// As the guests set them.
    pub headers: HeaderMap,
    /// In pieces.
    pub body: Vec<Bytes>,
    /// As the stage nearest to the upstream wants the key presented.
    pub auth: Option<Auth>,
}

/// What the stages made of an upstream's error.
pub enum Explained {
    /// No stage knows it.
    NotMine,
    /// This is what the client is told.
    Failed(ApiError),
    /// Send this instead.
    Resend(Outbound),
}

/// Where requests of an operation go when no stage says otherwise: as in the Messages API.
pub(crate) fn usual_path(operation: &str) -> &'static str {
    match operation {
        "count-tokens" => "/v1/messages/count_tokens",
        _ => "/v1/messages",
    }
}

impl Chain {
    /// The client's body, through all stages.
    pub async fn request(&mut self, body: Bytes) -> Result<Planned, ApiError> {
        self.plan(
            0,
            Draft {
                path: None,
                headers: Vec::new(),
            },
            vec![body],
        )
        .await
    }

    /// An upstream error, asked from the upstream's side.
    pub async fn explain(&mut self, head: &Head, body: &Bytes) -> Result<Explained, ApiError> {
        for at in (0..self.stages.len()).rev() {
            let stage = self.stage(at);
            if !stage.is_live() {
                continue;
            }
            match stage.explain(head, body).await? {
                Verdict::NotMine => {}
                Verdict::Failed(failure) => {
                    return Ok(Explained::Failed(ApiError::from_failure(failure)));
                }
                Verdict::Resend(_) if self.resent => {}
                Verdict::Resend(forward) => {
                    self.resent = true;
                    return self.resend(at, forward).await;
                }
            }
        }
        Ok(Explained::NotMine)
    }

    async fn resend(&mut self, at: usize, forward: Forward) -> Result<Explained, ApiError> {
        let sent = self.stage(at).sent.clone();
        let mut draft = self.stage(at).so_far.clone();
        let body = self.follow(at, forward, &sent, &mut draft)?;
        match self.plan(at + 1, draft, body).await? {
            Planned::Forward(outbound) => Ok(Explained::Resend(outbound)),
            Planned::Answer(_) | Planned::Unsupported => Ok(Explained::NotMine),
        }
    }

    async fn plan(
        &mut self,
        from: usize,
        mut draft: Draft,
        mut body: Vec<Bytes>,
    ) -> Result<Planned, ApiError> {
        for at in from..self.stages.len() {
            let input = joined(body);
            let stage = self.stage(at);
            stage.so_far = draft.clone();
            let result = stage.request(&draft, &input).await;
            let plan = result
                .map_err(|fault| request_fault(stage, fault))?
                .map_err(ApiError::from_failure)?;
            match plan {
                Plan::Forward(forward) => body = self.follow(at, forward, &input, &mut draft)?,
                Plan::Answer(answer) => return self.answer(at, Bytes::from(answer)).await,
                Plan::Unsupported => return Ok(Planned::Unsupported),
            }
        }
        Ok(Planned::Forward(Outbound {
            path: draft
                .path
                .take()
                .unwrap_or_else(|| self.usual_path.to_owned()),
            headers: checked_headers(&draft)?,
            body,
            auth: self.auth.clone(),
        }))
    }

    /// Takes what one stage forwards into the draft; gives the body it sends on.
    fn follow(
        &mut self,
        at: usize,
        forward: Forward,
        input: &Bytes,
        draft: &mut Draft,
    ) -> Result<Vec<Bytes>, ApiError> {
        let limit = self.limits.request_body.saturating_mul(2);
        let stage = self.stage(at);
        let body = stage.apply("request", forward.body, input, limit)?;
        if let Reply::Frames(name) = &forward.reply
            && crate::sse::Framing::from_name(name).is_none()
        {
            return Err(stage.broke(
                "request",
                &format!("the framing `{name}` is not known; known are sse and json-lines"),
            ));
        }
        if forward.path.is_some() {
            draft.path = forward.path;
        }
        for (name, value) in forward.headers {
            let name = name.to_ascii_lowercase();
            draft.headers.retain(|(had, _)| *had != name);
            if let Some(value) = value {
                draft.headers.push((name, value));
            }
        }
        stage.sent = joined(body.clone());
        stage.reply = forward.reply;
        let auth = stage.auth()?;
        if matches!(stage.reply, Reply::Untouched) {
            stage.end();
        }
        self.auth = auth.or(self.auth.take());
        Ok(body)
    }

    /// A local answer of the stage at `at` passes back through the stages to its left.
    async fn answer(&mut self, at: usize, answer: Bytes) -> Result<Planned, ApiError> {
        for stage in self.stages.iter_mut().skip(at) {
            stage.end();
        }
        let head = Head {
            status: 200,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        };
        let pieces = self.respond(&head, answer).await?;
        Ok(Planned::Answer(joined(pieces)))
    }
}

/// Running out of memory over a request means that the request is too large.
fn request_fault(stage: &Stage, fault: Fault) -> ApiError {
    let too_large = fault.is_of_a_large_request();
    let error = stage.blame(fault);
    if too_large {
        ApiError::new("request_too_large", error.message)
    } else {
        error
    }
}

fn checked_headers(draft: &Draft) -> Result<HeaderMap, ApiError> {
    let refuse = |name: &str, why: &str| {
        Err(ApiError::new(
            "api_error",
            format!(
                "a transformer set the header `{}`, which {why}",
                name.escape_debug()
            ),
        ))
    };
    let mut headers = HeaderMap::new();
    for (name, value) in &draft.headers {
        let Ok(parsed) = HeaderName::try_from(name.as_str()) else {
            return refuse(name, "is no header name");
        };
        if refused_from_guest(&parsed) {
            return refuse(name, "only the host sets");
        }
        let Ok(value) = HeaderValue::try_from(value.as_str()) else {
            return refuse(name, "has a value that no header can carry");
        };
        headers.insert(parsed, value);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_goes_where_the_messages_api_has_it() {
        assert_eq!(usual_path("messages"), "/v1/messages");
        assert_eq!(usual_path("count-tokens"), "/v1/messages/count_tokens");
    }
}
