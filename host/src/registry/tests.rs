//! A generation lives as long as somebody pins it, and no longer.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;

use bytes::Bytes;

use super::{Outcome, Registry, Wanted, builtin};
use crate::wasm::Engine;

const NAME: &str = "subject";

fn wanted() -> Wanted {
    let options = BTreeSet::from([Bytes::from_static(b"{}")]);
    Wanted {
        options: BTreeMap::from([(NAME.to_owned(), options)]),
        ..Wanted::default()
    }
}

#[test]
fn a_replaced_generation_is_freed_with_the_last_exchange_that_pinned_it() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(format!("{NAME}.wasm"));
    let engine = Engine::new(8, 64 << 20).unwrap();
    let handle = runtime.handle().clone();
    let registry = Registry::new(engine, None, dir.path().to_owned(), handle, Arc::default());
    fs::write(&file, builtin("zai").unwrap()).unwrap();
    let prepared = registry.prepare(wanted());
    assert_eq!(prepared.problems(), [""; 0]);
    registry.adopt(prepared);
    let slot = registry.slot(NAME).unwrap();
    let pinned = slot.current().unwrap();
    let (first, code) = (Arc::downgrade(&pinned), Arc::downgrade(&pinned.component));
    fs::write(&file, builtin("shout").unwrap()).unwrap();
    assert_eq!(registry.refresh(NAME), Outcome::Swapped { generation: 2 });
    assert_eq!(slot.current().unwrap().number, 2);
    assert_eq!(
        first.upgrade().map(|old| old.number),
        Some(1),
        "it is pinned"
    );
    drop(pinned);
    assert!(first.upgrade().is_none(), "nobody pins it");
    assert!(code.upgrade().is_none(), "its component went with it");
}
