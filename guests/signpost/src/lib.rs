//! A router component as one would write it: words in the user's message choose a model.
//!
//! Its option `fault` makes it misbehave, for the tests of the host.

use sdk::router::{Request, Route, Router};

sdk::export_router!(Signpost);

sdk::options! {
    /// Sends requests by a word in the user's last message.
    pub struct Signpost {
        /// The word; without regard to case.
        pub word: String = "translate".to_owned(),
        /// Where such requests go: `provider,model`, or a route of the configuration by name.
        pub to: String = "background".to_owned(),
        /// `trap`, `loop`, or nothing. For tests.
        pub fault: String = String::new(),
    }
}

impl Router for Signpost {
    fn check(&self) -> Result<(), Vec<String>> {
        if self.word.trim().is_empty() {
            return Err(vec![
                "word: it is empty; write the word to look for".to_owned(),
            ]);
        }
        Ok(())
    }

    fn route(&self, request: &Request) -> Option<Route> {
        misbehave(&self.fault);
        let word = self.word.to_lowercase();
        if !request.last_user.to_lowercase().contains(&word) {
            return None;
        }
        let target = request.target_of(&self.to).unwrap_or(&self.to);
        Some(Route::to(target).by("word"))
    }
}

#[expect(clippy::panic, reason = "the host must survive it")]
fn misbehave(fault: &str) {
    match fault {
        "trap" => panic!("as the option says"),
        "loop" => loop {
            std::hint::spin_loop();
        },
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_leads_to_the_route_of_that_name_or_to_a_target() {
        let mut request = Request::of_model("m");
        request.last_user = "Please TRANSLATE this".to_owned();
        request.routes = vec![("background".to_owned(), "zai,air".to_owned())];
        let signpost = Signpost::default();
        assert_eq!(
            signpost.route(&request),
            Some(Route::to("zai,air").by("word"))
        );
        let named = Signpost {
            to: "a,b".to_owned(),
            ..Signpost::default()
        };
        assert_eq!(named.route(&request), Some(Route::to("a,b").by("word")));
        request.last_user = "Sum this up".to_owned();
        assert_eq!(signpost.route(&request), None);
    }
}
