//! Each thing that a target panics of, planted: a guard that sees nothing guards nothing.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use http::Request;
use tokenex::core::{Attempt, Credential, Error, ErrorKind, Grant, Outcome, Provider, Result, Target};
use tokenex_fuzz::exchange::{Ends, exchange};
use tokenex_fuzz::oracle::{ANSWERED, PASSWORD, SIGNATURE, password, went_well};
use tokenex_fuzz::{TARGETS, corpus};

/// What is wrong with a provider.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    Panics,
    NeverEnds,
    AsksForEver,
    RepeatsTheAnswer,
    RepeatsThePassword,
    LogsTheSignature,
    ShowsThePassword,
    SaysTooMuch,
}

struct Planted(Fault);

struct Token(Fault);

impl Credential for Token {
    fn same_as(&self, _: &Self) -> bool {
        false
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0 == Fault::ShowsThePassword { PASSWORD } else { "Token" })
    }
}

impl Provider for Planted {
    type Credential = Token;

    fn name(&self) -> &'static str {
        "planted"
    }

    fn target(&self) -> Target {
        Target::new("https://target.test")
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<Token>> {
        let ask = async || cx.send(Request::get("https://target.test/").body(Bytes::new()).unwrap()).await;
        let answer = ask().await?;
        let sent = password();
        let failed = |what: String| Err(Error::new(ErrorKind::Protocol, what));
        match self.0 {
            Fault::Panics => panic!("it panics, as it was told to"),
            Fault::AsksForEver => {
                for _ in 0..100 {
                    ask().await?;
                }
            }
            Fault::RepeatsTheAnswer => return failed(String::from_utf8_lossy(answer.body()).into_owned()),
            Fault::RepeatsThePassword => return failed(format!("refused {sent}")),
            Fault::SaysTooMuch => return failed("no ".repeat(5000)),
            Fault::LogsTheSignature => tracing::trace!(signature = SIGNATURE, "asked"),
            Fault::None | Fault::NeverEnds | Fault::ShowsThePassword => {}
        }
        let grant = Grant::new(Token(self.0));
        Ok(match self.0 {
            Fault::NeverEnds => grant,
            _ => grant.lifetime(std::time::Duration::from_secs(60)),
        }
        .into())
    }
}

/// Whether a target with this provider panics.
fn is_found(fault: Fault) -> bool {
    let data = format!("200\n\n{{\"token\":\"{ANSWERED}\"}}");
    let run = || exchange(data.as_bytes(), Ends::Always, |_| Ok(Planted(fault)));
    catch_unwind(AssertUnwindSafe(run)).is_err()
}

#[test]
fn each_planted_fault_is_found_and_nothing_else() {
    assert!(!is_found(Fault::None));
    for fault in [
        Fault::Panics,
        Fault::NeverEnds,
        Fault::AsksForEver,
        Fault::RepeatsTheAnswer,
        Fault::RepeatsThePassword,
        Fault::LogsTheSignature,
        Fault::ShowsThePassword,
        Fault::SaysTooMuch,
    ] {
        assert!(is_found(fault), "{fault:?} is not found");
    }
}

/// The same seed makes the same inputs, or a crash in a test run could not be repeated.
#[test]
fn a_seed_repeats() {
    let seeds = vec![b"{\"a\": 1}".to_vec(), b"two".to_vec()];
    let some = |seed| {
        let mut mutator = tokenex_fuzz::mutate::Mutator::new(seed);
        (0..100).map(|_| mutator.next(&seeds)).collect::<Vec<_>>()
    };
    assert_eq!(some(7), some(7));
    assert_ne!(some(7), some(8));
}

/// A corpus that never gets to the end tries the beginning only. The output file of a program wants a variable of the environment,
/// which `cargo xtask` sets.
#[test]
fn each_corpus_has_an_input_that_goes_well_and_one_that_does_not() {
    for target in TARGETS.iter().filter(|target| target.name != "gcp_output_file") {
        let outcomes: Vec<bool> = corpus::read(&corpus::folder(target.name))
            .unwrap()
            .into_iter()
            .map(|(_, data)| {
                (target.run)(&data);
                went_well()
            })
            .collect();
        assert!(outcomes.contains(&true) && outcomes.contains(&false), "{}: {outcomes:?}", target.name);
    }
}
