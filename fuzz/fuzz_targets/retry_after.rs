#![cfg_attr(fuzzing, no_main)]
//! libFuzzer's way to the target of this name; for others `cargo xtask fuzz retry_after`.

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| tokenex_fuzz::run("retry_after", data));

#[cfg(not(fuzzing))]
fn main() {}
