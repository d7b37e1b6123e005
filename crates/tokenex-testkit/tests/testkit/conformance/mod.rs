//! The conformance suite, tested: what keeps the laws passes all, and whoever breaks one is caught for that one.

mod bent;
mod faulty;
mod key_server;
mod sources;

use tokenex_testkit::conformance;

#[test]
fn a_provider_that_keeps_every_law_passes_all() {
    let report = conformance::provider(|world| {
        let (provider, twin) = key_server::set_up(world);
        key_server::fixture(provider, &twin)
    })
    .run();
    report.assert_all();
}

#[test]
fn each_law_has_a_faulty_provider_or_source_that_breaks_it() {
    let faulty = concat!(include_str!("faulty.rs"), include_str!("sources.rs"));
    for law in conformance::LAWS {
        let begins = format!("fn {}_", law.name.replace('-', "_"));
        assert!(
            faulty.contains(&begins),
            "no faulty provider breaks the law \"{}\": no test begins with {begins}",
            law.name
        );
    }
}
