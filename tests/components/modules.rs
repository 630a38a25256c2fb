//! Components of several core modules, as tools for other languages make them: they run beside
//! each other without taking their neighbours' room, and what the pool has no room for is refused.

use tokio::task::JoinSet;

use super::*;

/// A number in LEB128.
fn leb(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// The number at the beginning of the bytes, and how long it is.
fn read_leb(bytes: &[u8]) -> (usize, usize) {
    let mut number = 0;
    for (at, byte) in bytes.iter().enumerate() {
        number |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return (number, at + 1);
        }
    }
    panic!("a number without an end");
}

const CORE_MODULE: u8 = 1;
const CORE_INSTANCE: u8 = 2;

fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [&[id], leb(content.len()).as_slice(), content].concat()
}

/// How many core modules stand at the top of a component.
fn modules_in(component: &[u8]) -> usize {
    let (mut at, mut count) = (8, 0);
    while at < component.len() {
        let (length, digits) = read_leb(&component[at + 1..]);
        count += usize::from(component[at] == CORE_MODULE);
        at += 1 + digits + length;
    }
    count
}

/// A core module that holds nothing but what its sections say.
fn module(sections: &[u8]) -> Vec<u8> {
    [b"\0asm\x01\0\0\0", sections].concat()
}

/// The component with these modules more, each instantiated once.
fn with_modules(component: &[u8], modules: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = component.to_vec();
    let first = modules_in(component);
    for module in modules {
        bytes.extend(section(CORE_MODULE, module));
    }
    for number in 0..modules.len() {
        // One instance: instantiate this module, without arguments.
        let instance = [&[1, 0], leb(first + number).as_slice(), &[0]].concat();
        bytes.extend(section(CORE_INSTANCE, &instance));
    }
    bytes
}

/// A module with one memory of one page.
fn with_memory() -> Vec<u8> {
    module(&section(5, &[1, 0, 1]))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_of_several_modules_is_served_in_every_slot_of_the_pool() {
    const SLOTS: usize = 8;
    let gate = std::sync::Arc::new(crate::harness::upstream::Gate::new());
    let events = scene::message_events(&scene::pieces("it", 3));
    let (begin, rest) = events.split_at(3);
    let answer = Answer::stream().chunk(&begin.concat()).gate(&gate);
    let upstream = Upstream::always(answer.chunk(&rest.concat()).end()).await;
    let many = with_modules(&scene::guest("faulty"), &vec![module(b""); 4]);
    let host = Builder::new()
        .provider(subject(&upstream))
        .component(NAME, &many)
        .set("limits", json!({ "instances": SLOTS }))
        .start();
    let entry = host.transformer(NAME).await;
    assert_eq!(entry["sha256"], scene::sha256(&many).as_str(), "{entry}");
    let mut running = JoinSet::new();
    for _ in 0..SLOTS {
        let mut exchange = client::open_messages(host.base(), &scene::ask(MODEL, "hi")).await;
        assert_eq!(exchange.status(), 200, "{}", exchange.finish().await.text());
        exchange.event().await.expect("the stream has begun");
        running.spawn(exchange.finish());
    }
    // While all of them run, a new generation must find room to be tried in.
    let other = with_modules(&scene::faulty("splice"), &vec![module(b""); 4]);
    scene::put(&host.transformers().join(format!("{NAME}.wasm")), &other);
    wait_for_health(&host, 2).await;
    gate.open();
    for reply in running.join_all().await {
        assert_eq!(grammar::check(&reply).assert_clean().told, Told::Complete);
    }
    let free = |status: &Value| status["pool"]["free"] == SLOTS;
    host.wait_for_status("every instance is given back", free)
        .await;
    assert_served(&host, "and the next one", 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_the_pool_has_no_room_for_is_refused_and_says_why() {
    let (upstream, good) = (upstream().await, scene::guest("faulty"));
    let host = Builder::new()
        .provider(subject(&upstream))
        .component(NAME, &good)
        .start();
    let path = host.transformers().join(format!("{NAME}.wasm"));
    for (what, modules, why) in [
        ("three memories", vec![with_memory(); 2], "memories"),
        ("too many modules", vec![module(b""); 80], "core"),
    ] {
        scene::put(&path, &with_modules(&good, &modules));
        wait_for_error(&host, what, why).await;
        assert_served(&host, what, 1).await;
        scene::put(&path, &good);
        wait_for_health(&host, 1).await;
    }
}
