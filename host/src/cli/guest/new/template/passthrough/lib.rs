//! The transformer `__NAME__`: the Messages API with one member of the request changed.

use sdk::{Answer, Context, Failure, body::Body};

sdk::options! {
    /// The provider's `options` in transom's configuration.
    pub struct __TYPE__ {
        /// Sent in place of the client's `temperature`.
        pub temperature: f64 = 0.2,
    }
}

impl sdk::Rewrite for __TYPE__ {
    fn request(&self, _: &Context, body: &mut Body<'_>) -> Result<Answer, Failure> {
        body.set("temperature", self.temperature);
        Ok(Answer::Untouched)
    }
}

sdk::export!(__TYPE__);
