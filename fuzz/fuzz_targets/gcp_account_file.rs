#![cfg_attr(fuzzing, no_main)]
//! libFuzzer's way to the target of this name; for others `cargo xtask fuzz gcp_account_file`.

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| tokenex_fuzz::run("gcp_account_file", data));

#[cfg(not(fuzzing))]
fn main() {}
