//! `docs/wit.md` says what the WIT says: it is made from it, and this keeps the two the same.
//!
//! `just wit-reference` writes it anew.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::panic, reason = "a test that fails panics")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use wit_parser::{Docs, Function, FunctionKind, Interface, Resolve, Type, TypeDef, TypeDefKind};

const WRITE: &str = "TRANSOM_WRITE_WIT_REFERENCE";

fn checkout(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

#[test]
fn the_reference_of_the_interface_is_what_its_wit_says() {
    let (path, made) = (checkout("docs/wit.md"), reference());
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&path, &made).expect("docs/ is ours to write");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == made,
        "docs/wit.md is not what wit/transformer says: run `just wit-reference`"
    );
}

/// The whole page.
fn reference() -> String {
    let mut resolve = Resolve::default();
    let (package, _) = resolve
        .push_dir(checkout("wit/transformer"))
        .expect("the WIT can be read");
    let package = &resolve.packages[package];
    let mut page = format!(
        "# The interface, item by item\n\n\
         Made from [wit/transformer/transformer.wit](../wit/transformer/transformer.wit) by `just wit-reference`: \
         change that file, not this one.\nHow to use it is in [transformers.md](transformers.md).\n\n\
         ## `{}`\n\n{}",
        package.name,
        text(&package.docs)
    );
    for (name, id) in &package.interfaces {
        interface(&mut page, &resolve, name, &resolve.interfaces[*id]);
    }
    for (name, id) in &package.worlds {
        let world = &resolve.worlds[*id];
        let names = |items: &mut dyn Iterator<Item = &wit_parser::WorldKey>| {
            let names = items.map(|key| format!("`{}`", resolve.name_world_key(key)));
            names.collect::<Vec<_>>().join(", ")
        };
        let (imports, exports) = (
            names(&mut world.imports.keys()),
            names(&mut world.exports.keys()),
        );
        write!(
            page,
            "\n## World `{name}`\n\n{}\nImports {imports}. Exports {exports}.\n",
            text(&world.docs)
        )
        .expect("a string takes everything");
    }
    page
}

fn interface(page: &mut String, resolve: &Resolve, name: &str, interface: &Interface) {
    let docs = text(&interface.docs);
    write!(page, "\n## Interface `{name}`\n\n{docs}").expect("a string takes everything");
    for (name, id) in &interface.types {
        type_def(page, resolve, name, &resolve.types[*id]);
    }
    for function in interface.functions.values() {
        let docs = text(&function.docs);
        let line = signature(resolve, function);
        write!(page, "\n### {line}\n\n{docs}").expect("a string takes everything");
    }
}

/// A type with a table of what is in it. Types that are only used here are left out.
fn type_def(page: &mut String, resolve: &Resolve, name: &str, def: &TypeDef) {
    let (kind, rows) = match &def.kind {
        TypeDefKind::Record(record) => {
            let rows = record.fields.iter();
            let rows = rows.map(|field| row(resolve, &field.name, Some(&field.ty), &field.docs));
            ("Record", rows.collect::<String>())
        }
        TypeDefKind::Variant(variant) => {
            let rows = variant.cases.iter();
            let rows = rows.map(|case| row(resolve, &case.name, case.ty.as_ref(), &case.docs));
            ("Variant", rows.collect())
        }
        TypeDefKind::Enum(cases) => {
            let rows = cases.cases.iter();
            let rows = rows.map(|case| row(resolve, &case.name, None, &case.docs));
            ("Enum", rows.collect())
        }
        TypeDefKind::Resource => ("Resource", String::new()),
        TypeDefKind::Type(Type::Id(_)) => return,
        other => panic!("the reference does not know how to show {other:?}"),
    };
    let docs = text(&def.docs);
    write!(page, "\n### {kind} `{name}`\n\n{docs}").expect("a string takes everything");
    if !rows.is_empty() {
        let head = if kind == "Record" { "field" } else { "case" };
        write!(page, "\n| {head} | type | |\n|---|---|---|\n{rows}")
            .expect("a string takes everything");
    }
}

fn row(resolve: &Resolve, name: &str, ty: Option<&Type>, docs: &Docs) -> String {
    let ty = ty.map_or(String::new(), |ty| format!("`{}`", shown(resolve, ty)));
    let docs = docs.contents.as_deref().unwrap_or_default();
    let docs = docs.trim().replace('\n', " ").replace('|', "\\|");
    format!("| `{name}` | {ty} | {docs} |\n")
}

/// Name, parameters and result of a function, as the WIT has them.
fn signature(resolve: &Resolve, function: &Function) -> String {
    let own = |param: &&wit_parser::Param| param.name != "self";
    let params: Vec<String> = function
        .params
        .iter()
        .filter(own)
        .map(|param| format!("{}: {}", param.name, shown(resolve, &param.ty)))
        .collect();
    let (kind, name) = match function.kind {
        FunctionKind::Constructor(id) => {
            let of = resolve.types[id].name.as_deref().unwrap_or_default();
            ("Constructor", format!("{of}("))
        }
        FunctionKind::Method(_) => ("Method", format!("{}: func(", function.item_name())),
        _ => ("Function", format!("{}: func(", function.item_name())),
    };
    let result = match (&function.kind, &function.result) {
        (FunctionKind::Constructor(_), _) | (_, None) => String::new(),
        (_, Some(ty)) => format!(" -> {}", shown(resolve, ty)),
    };
    format!("{kind} `{name}{}){result}`", params.join(", "))
}

fn shown(resolve: &Resolve, ty: &Type) -> String {
    let or_none = |ty: &Option<Type>| match ty {
        Some(ty) => shown(resolve, ty),
        None => "_".to_owned(),
    };
    let Type::Id(id) = ty else {
        return match ty {
            Type::Bool => "bool".to_owned(),
            Type::String => "string".to_owned(),
            number => format!("{number:?}").to_lowercase(),
        };
    };
    let def = &resolve.types[*id];
    if let Some(name) = &def.name {
        return name.clone();
    }
    match &def.kind {
        TypeDefKind::List(ty) => format!("list<{}>", shown(resolve, ty)),
        TypeDefKind::Option(ty) => format!("option<{}>", shown(resolve, ty)),
        TypeDefKind::Result(result) => {
            format!("result<{}, {}>", or_none(&result.ok), or_none(&result.err))
        }
        TypeDefKind::Tuple(tuple) => {
            let types = tuple.types.iter().map(|ty| shown(resolve, ty));
            format!("tuple<{}>", types.collect::<Vec<_>>().join(", "))
        }
        other => panic!("the reference does not know how to show {other:?}"),
    }
}

fn text(docs: &Docs) -> String {
    match docs.contents.as_deref().map(str::trim) {
        Some(text) if !text.is_empty() => format!("{text}\n"),
        _ => String::new(),
    }
}
