//! Compiles a C program against the header and runs it on the library.

mod support;

use std::{env, path::Path, process::Command};

fn run(flags: &[&str], name: &str) {
    let libraries = support::library_folder();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let mut compiler = Command::new(env::var("CC").unwrap_or_else(|_| "cc".to_owned()));
    compiler
        .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wpedantic"])
        .args(flags)
        .arg("-I")
        .arg(folder.join("include"))
        .arg(folder.join("tests/abi.c"))
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
    run(&[], "abi");
}

#[test]
fn address_sanitizer_finds_nothing() {
    // Leaks of the driver manager and the drivers, which keep what they load, are not ours.
    run(&["-fsanitize=address,undefined", "-fno-sanitize-recover", "-DASAN"], "abi-asan");
}
