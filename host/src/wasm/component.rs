//! From bytes to a component that is compiled, checked against the interface and ready to start.

use bytes::Bytes;
use sha2::{Digest, Sha256};
use wasmtime::component::{Component as Compiled, Linker};

use super::ambient;
use super::cache::Cache;
use super::engine::Engine;
use super::fault::Fault;
use super::interface::{Exported, Prepared, Version, served};
use super::router::ROUTER_EXPORT;
use super::state;

/// Why bytes are not a transformer. [`Rejected::remedy`] says what to do about it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Rejected {
    /// Not WebAssembly at all.
    #[error("not a WebAssembly file")]
    NotWasm,
    /// A core module.
    #[error("a core module, not a component")]
    CoreModule,
    /// wasmtime does not take it: truncated, damaged, or of a feature that is off.
    #[error("it does not compile: {0}")]
    Compile(String),
    /// It exports no transformer.
    #[error("it exports no `transom:transformer/transformer`; its exports are: {0}")]
    NoTransformer(String),
    /// It exports no router.
    #[error("it exports no `{ROUTER_EXPORT}`; its exports are: {0}")]
    NoRouter(String),
    /// It was built against another version of the interface.
    #[error(
        "it was built for transom:transformer@{found}, this host serves {}",
        served()
    )]
    Version {
        /// As the component names it.
        found: String,
    },
    /// It imports something that no guest gets.
    #[error("it imports {0}, which no transformer gets")]
    Import(String),
    /// Names fit, types do not.
    #[error("it does not fit the world transom:transformer/guest: {0}")]
    World(String),
    /// Its sha256 is not the pinned one.
    #[error("its sha256 is {found}, but `pins` in the configuration says {pinned}")]
    Pin {
        /// Of the file.
        found: String,
        /// Of the configuration.
        pinned: String,
    },
    /// Nothing pins it although everything must be.
    #[error("`trust` is \"pinned\" and `pins` does not name it")]
    Unpinned {
        /// Of the file.
        found: String,
    },
    /// `configure` trapped, looped or refused the options of a provider: of each one, how.
    #[error("{}", shown(.0))]
    Configure(Vec<(Bytes, Fault)>),
}

fn shown(faults: &[(Bytes, Fault)]) -> String {
    let said = |fault: &Fault| match fault.inside() {
        Some(inside) => format!("it {}: {inside}", fault.what()),
        None => format!("it {}", fault.what()),
    };
    let texts: Vec<_> = faults.iter().map(|(_, fault)| said(fault)).collect();
    texts.join("; ")
}

impl Rejected {
    /// What to do about it. None: what the guest said of its options says so itself.
    pub fn remedy(&self) -> Option<String> {
        Some(match self {
            Self::NotWasm | Self::CoreModule => {
                "build it for wasm32-wasip2 and take the .wasm file that comes out".to_owned()
            }
            Self::Compile(_) => "the file is cut off or damaged, or needs a feature that is off: \
                build it again for wasm32-wasip2, and rename it into place"
                .to_owned(),
            Self::NoTransformer(_) | Self::World(_) => {
                "build it against this host's WIT, world transom:transformer/guest".to_owned()
            }
            Self::NoRouter(_) => {
                "build it against this host's WIT, world transom:router/router-guest".to_owned()
            }
            Self::Version { .. } => {
                "rebuild it against the host's WIT, or take a transom that serves its version"
                    .to_owned()
            }
            Self::Import(_) => format!("a guest may import only {}", ambient::ALLOWED_WORDS),
            Self::Pin { found, .. } => {
                format!("put the pinned file back, or, if you trust this one, pin {found}")
            }
            Self::Unpinned { found } => format!("if you trust it, add its sha256 {found}"),
            Self::Configure(_) => return None,
        })
    }
}

/// What a component asks of and offers to its host.
#[derive(Debug, Clone, Default)]
pub struct Imports {
    /// Names of imported interfaces.
    pub imports: Vec<String>,
    /// Names of exported interfaces.
    pub exports: Vec<String>,
}

impl Imports {
    /// What the component gets of its surroundings, in plain words. Nothing of it is of this machine.
    pub fn reach(&self) -> Vec<&'static str> {
        ambient::reach(&self.imports)
    }
}

/// A component that can be instantiated.
pub struct Component {
    pub(super) prepared: Prepared,
    pub(super) engine: Engine,
    /// The transformer's name, as configurations call it.
    pub name: String,
    /// Of the file's bytes, 64 lower-case hex digits.
    pub sha256: String,
    /// Of the file, in bytes.
    pub size: usize,
    /// The interface version that it exports.
    pub wit: String,
    /// Places in the pool that an instance of it takes: one for each of its memories.
    pub places: u32,
    /// It came from the cache, so that nothing was compiled.
    pub cached: bool,
    /// Its imports and exports.
    pub imports: Imports,
}

impl Component {
    /// Compiles (or takes from the cache) and checks. Takes a few hundred milliseconds of all
    /// cores when it compiles: never call it on an async thread.
    pub fn load(
        engine: &Engine,
        cache: Option<&Cache>,
        name: &str,
        bytes: &[u8],
    ) -> Result<Self, Rejected> {
        let wasm = engine.wasmtime();
        let Code {
            compiled,
            sha256,
            cached,
        } = compile(engine, cache, bytes)?;
        let imports = imports_of(wasm, &compiled);
        let (version, wit) = check_names(&imports)?;
        let mut linker = Linker::new(wasm);
        state::link(&mut linker)
            .and_then(|()| ambient::link_network(&mut linker, &compiled))
            .map_err(|error| Rejected::World(one_line(&error)))?;
        let pre = linker
            .instantiate_pre(&compiled)
            .map_err(|error| Rejected::World(one_line(&error)))?;
        let prepared = version
            .prepare(pre)
            .map_err(|error| Rejected::World(one_line(&error)))?;
        if !cached && let Some(cache) = cache {
            cache.put(wasm, &sha256, &compiled);
        }
        Ok(Self {
            prepared,
            engine: engine.clone(),
            name: name.to_owned(),
            sha256,
            size: bytes.len(),
            wit,
            places: places(&compiled),
            cached,
            imports,
        })
    }
}

/// Bytes that became machine code.
pub(super) struct Code {
    pub(super) compiled: Compiled,
    pub(super) sha256: String,
    pub(super) cached: bool,
}

/// Compiles, or takes from the cache.
pub(super) fn compile(
    engine: &Engine,
    cache: Option<&Cache>,
    bytes: &[u8],
) -> Result<Code, Rejected> {
    check_header(bytes)?;
    let sha256 = sha256(bytes);
    let wasm = engine.wasmtime();
    let hit = cache.and_then(|cache| cache.get(wasm, &sha256));
    let cached = hit.is_some();
    let compiled = match hit {
        Some(compiled) => compiled,
        None => Compiled::new(wasm, bytes).map_err(|error| Rejected::Compile(one_line(&error)))?,
    };
    Ok(Code {
        compiled,
        sha256,
        cached,
    })
}

pub(super) fn places(compiled: &Compiled) -> u32 {
    let required = compiled.resources_required();
    required.map_or(1, |required| required.num_memories.max(1))
}

/// Lower-case hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    use std::fmt::Write;
    Sha256::digest(bytes)
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            write!(text, "{byte:02x}").expect("invariant: writing to a string cannot fail");
            text
        })
}

fn check_header(bytes: &[u8]) -> Result<(), Rejected> {
    match bytes.get(..8) {
        Some([0, b'a', b's', b'm', 1, 0, 0, 0]) => Err(Rejected::CoreModule),
        Some([0, b'a', b's', b'm', ..]) => Ok(()),
        _ => Err(Rejected::NotWasm),
    }
}

pub(super) fn imports_of(engine: &wasmtime::Engine, compiled: &Compiled) -> Imports {
    let ty = compiled.component_type();
    Imports {
        imports: ty
            .imports(engine)
            .map(|(name, _)| name.to_owned())
            .collect(),
        exports: ty
            .exports(engine)
            .map(|(name, _)| name.to_owned())
            .collect(),
    }
}

/// The version that it exports, and how it writes it. Its imports are allowed.
fn check_names(names: &Imports) -> Result<(Version, String), Rejected> {
    let (version, wit) = match Version::exported(&names.exports) {
        Exported::Served(version, wit) => (version, wit),
        Exported::Unknown(found) => return Err(Rejected::Version { found }),
        Exported::Nothing => return Err(Rejected::NoTransformer(list_or_none(&names.exports))),
    };
    check_imports(names)?;
    Ok((version, wit))
}

/// None of them is refused.
pub(super) fn check_imports(names: &Imports) -> Result<(), Rejected> {
    let refused: Vec<_> = names
        .imports
        .iter()
        .filter(|name| !ambient::is_allowed(name))
        .cloned()
        .collect();
    if refused.is_empty() {
        Ok(())
    } else {
        Err(Rejected::Import(refused.join(", ")))
    }
}

pub(super) fn list_or_none(names: &[String]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

/// The chain of causes in one line.
pub(super) fn one_line(error: &wasmtime::Error) -> String {
    let text = format!("{error:#}");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_component_are_told_apart() {
        assert!(matches!(check_header(b""), Err(Rejected::NotWasm)));
        assert!(matches!(
            check_header(b"#!/bin/sh\n"),
            Err(Rejected::NotWasm)
        ));
        assert!(matches!(
            check_header(b"\0asm\x01\0\0\0"),
            Err(Rejected::CoreModule)
        ));
        assert!(check_header(b"\0asm\x0d\0\x01\0").is_ok());
    }

    #[test]
    fn an_import_of_something_ambient_is_named() {
        let names = Imports {
            imports: vec![
                "wasi:cli/stderr@0.2.6".into(),
                "wasi:http/outgoing-handler@0.2.6".into(),
            ],
            exports: vec!["transom:transformer/transformer@0.1.0".into()],
        };
        let said = check_names(&names).map(drop).unwrap_err().to_string();
        assert!(
            said.contains("wasi:http/outgoing-handler@0.2.6") && !said.contains("wasi:cli/stderr"),
            "{said}"
        );
    }
}
