//! The router component `__NAME__`: a word in the user's message chooses a route.

use sdk::router::{Request, Route, Router};

sdk::options! {
    /// `router.component_options` in transom's configuration.
    pub struct __TYPE__ {
        /// The word that decides.
        pub word: String = "translate".to_owned(),
        /// Where such requests go: the name of a route, or `provider,model`.
        pub to: String = "background".to_owned(),
    }
}

impl Router for __TYPE__ {
    fn route(&self, request: &Request) -> Option<Route> {
        if !request.last_user.contains(&self.word) {
            return None; // the host's own rules decide
        }
        let target = request.target_of(&self.to).unwrap_or(&self.to);
        Some(Route::to(target).by("word"))
    }
}

sdk::export_router!(__TYPE__);

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Option<Route> {
        let mut request = Request::of_model("claude-opus-4-5");
        request.last_user = text.to_owned();
        request.routes = vec![("background".to_owned(), "zai,glm-4.5-air".to_owned())];
        __TYPE__::default().route(&request)
    }

    #[test]
    fn the_word_leads_to_the_route() {
        let route = Route::to("zai,glm-4.5-air").by("word");
        assert_eq!(asked("please translate this"), Some(route));
    }

    #[test]
    fn all_else_is_left_to_the_rules() {
        assert_eq!(asked("sum this up"), None);
    }
}
