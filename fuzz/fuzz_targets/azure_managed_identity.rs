#![cfg_attr(fuzzing, no_main)]
//! libFuzzer's way to the target of this name; for others `cargo xtask fuzz azure_managed_identity`.

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| tokenex_fuzz::run("azure_managed_identity", data));

#[cfg(not(fuzzing))]
fn main() {}
