#![cfg_attr(fuzzing, no_main)]
//! libFuzzer's way to the target of this name; for others `cargo xtask fuzz aws_assume_role`.

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| tokenex_fuzz::run("aws_assume_role", data));

#[cfg(not(fuzzing))]
fn main() {}
