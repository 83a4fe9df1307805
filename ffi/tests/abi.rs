//! Compiles C programs against the header and runs them on the library.

mod support;

use std::{env, path::Path, process::Command};

const SANITIZE: &[&str] = &["-fsanitize=address,undefined", "-fno-sanitize-recover", "-DASAN"];

/// Runs `tests/<name>.c`, compiled with these flags.
fn run(name: &str, flags: &[&str]) {
    let libraries = support::library_folder();
    let kind = if flags.is_empty() { "plain" } else { "sanitized" };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{kind}"));
    let mut compiler = Command::new(env::var("CC").unwrap_or_else(|_| "cc".to_owned()));
    compiler
        .args(["-std=c11", "-pthread", "-Wall", "-Wextra", "-Werror", "-Wpedantic"])
        .args(flags)
        .arg("-I")
        .arg(folder.join("include"))
        .arg(folder.join("tests").join(format!("{name}.c")))
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
    run("abi", &[]);
}

#[test]
fn address_sanitizer_finds_nothing() {
    // Leaks of the driver manager and the drivers, which keep what they load, are not ours.
    run("abi", SANITIZE);
}

#[test]
fn c_program_stops_what_runs() {
    run("abi_running", &[]);
}

#[test]
fn address_sanitizer_finds_nothing_where_calls_are_stopped() {
    run("abi_running", SANITIZE);
}

#[test]
fn c_program_uses_and_misuses_telemetry() {
    run("otel", &[]);
}

#[test]
fn address_sanitizer_finds_nothing_in_telemetry() {
    run("otel", SANITIZE);
}
