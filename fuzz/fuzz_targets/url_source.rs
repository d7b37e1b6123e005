#![cfg_attr(fuzzing, no_main)]
//! libFuzzer's way to the target of this name; for others `cargo xtask fuzz url_source`.

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| tokenex_fuzz::run("url_source", data));

#[cfg(not(fuzzing))]
fn main() {}
