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
    let faulty = concat!(
        include_str!("faulty/answers.rs"),
        include_str!("faulty/calls.rs"),
        include_str!("faulty/secrets.rs"),
        include_str!("sources.rs")
    );
    for law in conformance::LAWS {
        let begins = format!("fn {}_", law.name.replace('-', "_"));
        assert!(
            faulty.contains(&begins),
            "no faulty provider breaks the law \"{}\": no test begins with {begins}",
            law.name
        );
    }
}

fn in_the_repository(path: &str) -> String {
    std::fs::read_to_string(format!("{}/../../{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn the_guide_shows_the_test_of_the_third_party_crate() {
    let test = in_the_repository("examples/third-party/tests/depot/conformance.rs");
    let (_, test) = test.split_once("\n\n").unwrap();
    assert!(in_the_repository("docs/writing-a-provider.md").contains(test.trim()), "it shows another one");
}

#[test]
fn the_guide_lists_each_law_in_its_words() {
    let guide = in_the_repository("docs/writing-a-provider.md");
    let rows: Vec<_> = guide.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | ")).collect();
    for law in conformance::LAWS {
        let row = rows.iter().find(|(name, _)| *name == law.name);
        let said = row.and_then(|(_, rest)| rest.split(" | ").nth(1)).map(|said| said.trim_end_matches(" |"));
        assert_eq!(said, Some(law.sentence), "docs/writing-a-provider.md on \"{}\"", law.name);
    }
    assert_eq!(rows.len(), conformance::LAWS.len(), "the guide lists a law that is not there");
}
