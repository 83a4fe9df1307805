//! Compiles C programs against the header and runs them on the library.

mod support;

use std::{env, path::Path, process::Command};

const SANITIZE: &[&str] = &["-fsanitize=address,undefined", "-fno-sanitize-recover", "-DASAN"];

fn run(source: &str, flags: &[&str], name: &str) {
    let libraries = support::library_folder();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let mut compiler = Command::new(env::var("CC").unwrap_or_else(|_| "cc".to_owned()));
    compiler
        .args(["-std=c11", "-pthread", "-Wall", "-Wextra", "-Werror", "-Wpedantic"])
        .args(flags)
        .arg("-I")
        .arg(folder.join("include"))
        .arg(folder.join("tests").join(source))
        .arg("-o")
        .arg(&program)
        .arg("-L")
        .arg(libraries)
        .arg("-lodbc_engine")
        .arg(format!("-Wl,-rpath,{}", libraries.display()));
    let compiled = compiler.output().unwrap();
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let ran = Command::new(&program).output().unwrap();
    let output = String::from_utf8_lossy(&ran.stdout);
    assert!(
        ran.status.success() && output.contains(" 0 failures"),
        "{}: {output}{}",
        ran.status,
        String::from_utf8_lossy(&ran.stderr)
    );
}

#[test]
fn c_program_uses_and_misuses_the_library() {
    run("abi.c", &[], "abi");
}

#[test]
fn address_sanitizer_finds_nothing() {
    // Leaks of the driver manager and the drivers, which keep what they load, are not ours.
    run("abi.c", SANITIZE, "abi-asan");
}

#[test]
fn c_program_stops_what_runs() {
    run("abi_running.c", &[], "abi-running");
}

#[test]
fn address_sanitizer_finds_nothing_where_calls_are_stopped() {
    run("abi_running.c", SANITIZE, "abi-running-asan");
}

#[test]
fn c_program_uses_and_misuses_telemetry() {
    run("otel.c", &["-pthread"], "otel");
}

#[test]
fn address_sanitizer_finds_nothing_in_telemetry() {
    let flags: Vec<_> = SANITIZE.iter().copied().chain(["-pthread"]).collect();
    run("otel.c", &flags, "otel-asan");
}
