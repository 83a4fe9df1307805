//! The committed header and export list are what the sources say.
//!
//! `make header` sets ODBC_ENGINE_BLESS and lets this test write them.

mod support;

use std::{env, fs, path::PathBuf, process::Command};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn generated_header() -> String {
    let config = cbindgen::Config::from_file(folder().join("cbindgen.toml")).unwrap();
    let mut header = Vec::new();
    cbindgen::Builder::new()
        .with_crate(folder())
        .with_config(config)
        .generate()
        .unwrap()
        .write(&mut header);
    String::from_utf8(header).unwrap()
}

/// The names of all exports, by the sources.
fn exports() -> Vec<String> {
    let mut names = Vec::new();
    for file in fs::read_dir(folder().join("src")).unwrap() {
        let source = fs::read_to_string(file.unwrap().path()).unwrap();
        for (_, rest) in
            source.match_indices("#[unsafe(no_mangle)]").map(|(at, _)| source.split_at(at))
        {
            let (_, name) = rest.split_once("fn ").unwrap();
            names.push(name.split(['(', '<']).next().unwrap().to_owned());
        }
    }
    names.sort();
    names
}

fn assert_fresh(path: &str, expected: &str) {
    let path = folder().join(path);
    if env::var_os("ODBC_ENGINE_BLESS").is_some() {
        fs::write(&path, expected).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == expected, "{} is stale: run `make header`", path.display());
}

#[test]
fn header_is_fresh() {
    assert_fresh("include/odbc_engine.h", &generated_header());
}

#[test]
fn export_list_is_fresh() {
    let exports = exports().iter().map(|name| format!("    {name}\n")).collect::<String>();
    assert_fresh("include/odbc_engine.def", &format!("LIBRARY odbc_engine\nEXPORTS\n{exports}"));
}

#[test]
fn every_export_is_in_the_header() {
    let header = generated_header();
    for name in exports() {
        assert!(header.contains(&format!("{name}(")), "{name} is missing");
    }
}

#[test]
fn the_library_exports_the_list_and_nothing_else() {
    let library = support::library_folder().join("libodbc_engine.so");
    let output = Command::new("nm").args(["-D", "--defined-only"]).arg(&library).output().unwrap();
    assert!(output.status.success(), "nm fails on {}", library.display());
    let output = String::from_utf8(output.stdout).unwrap();
    let mut symbols: Vec<_> = output
        .lines()
        .filter_map(|line| line.split(' ').next_back())
        .filter(|name| !name.starts_with('_'))
        .map(str::to_owned)
        .collect();
    symbols.sort();
    assert_eq!(symbols, exports());
}

#[test]
fn every_export_is_guarded() {
    for file in fs::read_dir(folder().join("src")).unwrap() {
        let path = file.unwrap().path();
        let source = fs::read_to_string(&path).unwrap();
        for item in source.split("#[unsafe(no_mangle)]").skip(1) {
            let body = item.split_once("{\n").expect("an export has a body").1.trim_start();
            let name = item.split_once("fn ").unwrap().1.split('(').next().unwrap();
            // A constant of the body may stand before its one call.
            let call = match body.strip_prefix("const ") {
                Some(rest) => rest.split_once(";\n").unwrap().1.trim_start(),
                None => body,
            };
            assert!(
                ["guard(error, ", "guard(std::ptr::null_mut(), ", "infallible("]
                    .iter()
                    .any(|door| call.starts_with(door)),
                "{name} in {} is not guarded",
                path.display()
            );
        }
    }
}
