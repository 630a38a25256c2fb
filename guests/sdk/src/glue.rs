//! Between the generated traits and ours. A component has one configured transformer in a slot
//! that [`export!`](crate::export) makes; all other state lives in the exchange.

use crate::bindings::exports::transom::transformer::transformer::{Guest, GuestExchange};
use crate::{
    Context, Draft, Ending, Exchange, Failure, Head, Manifest, Output, Plan, Pushed, Transformer,
    Verdict, options,
};
use std::cell::{OnceCell, RefCell};
use std::marker::PhantomData;
use std::thread::LocalKey;

/// Where a component keeps its configured transformer. Implemented by [`export!`](crate::export).
pub trait Configured: 'static {
    /// What the component is made of.
    type Transformer: Transformer;
    /// The crate's name.
    const NAME: &'static str;
    /// The crate's version.
    const VERSION: &'static str;
    /// The slot, filled by `configure`.
    fn slot() -> &'static LocalKey<OnceCell<Self::Transformer>>;
}

/// A component made of the transformer in `C`'s slot.
pub struct Component<C>(PhantomData<C>);

/// The exported resource.
pub struct Stage<C: Configured>(RefCell<<C::Transformer as Transformer>::Exchange>);

impl<C: Configured> Guest for Component<C> {
    type Exchange = Stage<C>;

    fn configure(given: Vec<u8>) -> Result<Manifest, Vec<String>> {
        let options = options::parse(C::Transformer::defaults(), &given)?;
        let (transformer, mut manifest) = C::Transformer::configure(options)?;
        if manifest.name.is_empty() {
            C::NAME.clone_into(&mut manifest.name);
        }
        if manifest.version.is_empty() {
            C::VERSION.clone_into(&mut manifest.version);
        }
        C::slot().with(|slot| {
            // A second call is the host's mistake; the first options stay in force.
            let _ = slot.set(transformer);
        });
        Ok(manifest)
    }
}

impl<C: Configured> GuestExchange for Stage<C> {
    fn new(ctx: Context) -> Self {
        let exchange = C::slot().with(|slot| {
            slot.get()
                .expect("invariant: the host calls `configure` before anything else")
                .exchange(ctx)
        });
        Stage(RefCell::new(exchange))
    }

    fn request(&self, so_far: Draft, body: Vec<u8>) -> Result<Plan, Failure> {
        self.0.borrow_mut().request(so_far, body)
    }

    fn respond(&self, head: Head, body: Vec<u8>) -> Result<Output, Failure> {
        self.0.borrow_mut().respond(head, body)
    }

    fn explain(&self, head: Head, body: Vec<u8>) -> Verdict {
        self.0.borrow_mut().explain(head, body)
    }

    fn begin(&self, head: Head) -> Result<(), Failure> {
        self.0.borrow_mut().begin(head)
    }

    fn push(&self, frames: Vec<u8>, spliced: u32) -> Pushed {
        self.0.borrow_mut().push(frames, spliced)
    }

    fn wake(&self) -> Pushed {
        self.0.borrow_mut().wake()
    }

    fn finish(&self, ending: Ending) -> Pushed {
        self.0.borrow_mut().finish(ending)
    }
}

/// Makes the component of a [`Transformer`] or a [`Rewrite`](crate::Rewrite). Natively it is nothing, so that the same crate
/// is tested as plain Rust. Once in a crate, at its root:
///
/// ```
/// # sdk::options! { pub struct Cooler {} }
/// # impl sdk::Rewrite for Cooler {
/// #     fn request(&self, _: &sdk::Context, _: &mut sdk::body::Body<'_>) -> Result<sdk::Answer, sdk::Failure> {
/// #         Ok(sdk::Answer::Untouched)
/// #     }
/// # }
/// sdk::export!(Cooler);
/// ```
///
/// Where the manifest leaves name or version empty, the crate's are told.
#[macro_export]
macro_rules! export {
    ($transformer:ty) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            struct Slot;

            ::std::thread_local! {
                static SLOT: ::std::cell::OnceCell<$transformer> = const { ::std::cell::OnceCell::new() };
            }

            impl $crate::Configured for Slot {
                type Transformer = $transformer;
                const NAME: &'static str = ::std::env!("CARGO_PKG_NAME");
                const VERSION: &'static str = ::std::env!("CARGO_PKG_VERSION");
                fn slot() -> &'static ::std::thread::LocalKey<::std::cell::OnceCell<$transformer>> {
                    &SLOT
                }
            }

            type Exported = $crate::Component<Slot>;
            $crate::bindings::export_component!(Exported with_types_in $crate::bindings);
        };
    };
}
