//! For router components: where a request goes, in place of the host's own rules.
//!
//! ```
//! use sdk::router::{Request, Route, Router};
//!
//! sdk::options! {
//!     /// Sends what a lawyer asks to a model of its own.
//!     pub struct Lawyers {
//!         /// `provider,model`.
//!         pub target: String = "zai,glm-4.7".to_owned(),
//!     }
//! }
//!
//! impl Router for Lawyers {
//!     fn route(&self, request: &Request) -> Option<Route> {
//!         let legal = request.system.contains("You are a lawyer");
//!         legal.then(|| Route::to(&self.target).by("lawyers"))
//!     }
//! }
//!
//! sdk::export_router!(Lawyers);
//! ```

pub mod bindings {
    //! The bindings of `wit/router`. Nothing is written here by hand.
    #![expect(
        missing_docs,
        clippy::pedantic,
        reason = "generated; the WIT is where these items are documented"
    )]

    wit_bindgen::generate!({
        path: "../../wit/router",
        world: "router-guest",
        pub_export_macro: true,
        export_macro_name: "export_router_component",
        default_bindings_module: "sdk::router::bindings",
        additional_derives: [PartialEq],
    });
}

use std::cell::OnceCell;
use std::marker::PhantomData;
use std::thread::LocalKey;

pub use bindings::transom::router::types::{Request, Route};

use crate::{Options, options};

/// A router, which is its options: [`options!`](macro@crate::options) makes the type.
pub trait Router: Options + 'static {
    /// Checks the options beyond their types. Errors: every problem at once, each naming the option
    /// and the remedy.
    fn check(&self) -> Result<(), Vec<String>> {
        Ok(())
    }

    /// Says where a request goes; none: the host's own rules decide.
    fn route(&self, request: &Request) -> Option<Route>;
}

impl Route {
    /// To `provider,model`, or to an alias or a model that one provider lists.
    pub fn to(target: &str) -> Self {
        Self {
            target: target.to_owned(),
            label: None,
        }
    }

    /// Names the rule, for `x-transom-route`.
    pub fn by(self, label: &str) -> Self {
        Self {
            label: Some(label.to_owned()),
            ..self
        }
    }
}

impl Request {
    /// The target of a route of the configuration, such as `think`.
    pub fn target_of(&self, route: &str) -> Option<&str> {
        crate::header(&self.routes, route)
    }

    /// A request as tests need it: of this model, with nothing else known.
    #[cfg(not(target_family = "wasm"))]
    pub fn of_model(model: &str) -> Self {
        Self {
            model: model.to_owned(),
            tokens: 100,
            last_usage: None,
            tools: Vec::new(),
            system: String::new(),
            last_user: String::new(),
            headers: Vec::new(),
            project: None,
            session: None,
            thinking: "absent".to_owned(),
            effort: None,
            image: false,
            web_search: false,
            streaming: false,
            routes: Vec::new(),
            extra: Vec::new(),
        }
    }
}

/// Where a component keeps its configured router. Implemented by [`export_router!`](crate::export_router).
pub trait Configured: 'static {
    /// What the component is made of.
    type Router: Router;
    /// The slot, filled by `configure`.
    fn slot() -> &'static LocalKey<OnceCell<Self::Router>>;
}

/// A component made of the router in `C`'s slot.
pub struct Component<C>(PhantomData<C>);

impl<C: Configured> bindings::exports::transom::router::router::Guest for Component<C> {
    fn configure(given: Vec<u8>) -> Result<(), Vec<String>> {
        let router = options::parse(C::Router::default(), &given)?;
        router.check()?;
        C::slot().with(|slot| {
            // A second call is the host's mistake; the first options stay in force.
            let _ = slot.set(router);
        });
        Ok(())
    }

    fn decide(request: Request) -> Option<Route> {
        C::slot().with(|slot| {
            slot.get()
                .expect("invariant: the host calls `configure` before `decide`")
                .route(&request)
        })
    }
}

/// Writes a line to the host's log. Natively it is nothing.
pub fn log(level: bindings::transom::router::host::Level, message: &str) {
    #[cfg(target_family = "wasm")]
    bindings::transom::router::host::log(level, message);
    #[cfg(not(target_family = "wasm"))]
    let _ = (level, message);
}

/// Makes the component of a [`Router`](crate::router::Router). Natively it is nothing, so that the
/// same crate is tested as plain Rust. Once in a crate, at its root.
#[macro_export]
macro_rules! export_router {
    ($router:ty) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            struct Slot;

            ::std::thread_local! {
                static SLOT: ::std::cell::OnceCell<$router> = const { ::std::cell::OnceCell::new() };
            }

            impl $crate::router::Configured for Slot {
                type Router = $router;
                fn slot() -> &'static ::std::thread::LocalKey<::std::cell::OnceCell<$router>> {
                    &SLOT
                }
            }

            type Exported = $crate::router::Component<Slot>;
            $crate::router::bindings::export_router_component!(Exported with_types_in $crate::router::bindings);
        };
    };
}
