use super::*;
use crate::demo::watching::Update;

fn good() -> Tally {
    let reads = ReadCounts { made: 6000, failed: 0, used: 300, refused: 0 };
    let seen = |provider, survived| Seen {
        provider,
        reads,
        begun: true,
        refreshes: 3,
        failures: 2 * survived,
        survived,
        gaps: 0,
        issued: 4,
    };
    Tally {
        ran: Duration::from_millis(30_040),
        interrupted: false,
        seen: vec![seen("Azure", 2), seen("Vault", 1)],
        report: ShutdownReport::default(),
        revoked: 3,
        alive: 0,
    }
}

fn why(tally: &Tally) -> String {
    let failure = tally.verdict().unwrap_err();
    assert_eq!(failure.exit(), Exit::Internal);
    failure.to_string()
}

#[test]
fn a_run_without_a_failed_read_in_which_all_were_refreshed_proves_it() {
    let tally = good();
    tally.verdict().unwrap();
    let lines = tally.lines();
    assert_eq!(lines[0], "What was seen in 30 s:");
    assert_eq!(lines[1], "  reads                 12,000   none failed");
    assert_eq!(
        lines[5],
        "  failed attempts            6   survived: 3 times a credential was fresh again before it ended"
    );
}

#[test]
fn one_read_in_vain_spoils_it_whatever_else_went_well() {
    let mut tally = good();
    tally.seen[1].reads.failed = 1;
    assert!(why(&tally).contains("1 reads found no credential: Vault"), "{}", why(&tally));
}

#[test]
fn a_credential_that_the_target_does_not_take_spoils_it() {
    let mut tally = good();
    tally.seen[0].reads.refused = 2;
    assert!(why(&tally).contains("2 credentials were refused when used: Azure"), "{}", why(&tally));
}

#[test]
fn a_credential_that_was_never_refreshed_or_never_read_proves_nothing() {
    let mut tally = good();
    tally.seen[0].refreshes = 0;
    assert!(why(&tally).contains("not refreshed once: Azure"), "{}", why(&tally));
    tally.interrupted = true;
    assert!(why(&tally).contains("interrupted before"), "{}", why(&tally));
    let mut unread = good();
    unread.seen[1].reads = ReadCounts::default();
    assert!(why(&unread).contains("Vault"), "{}", why(&unread));
}

#[test]
fn what_is_heard_is_counted_and_the_first_credential_is_no_refresh() {
    let quiet =
        Heard { index: 0, update: None, failures: 0, in_a_row: 0, failing: None, recovered: false, removed: false };
    let update = Some(Update { renewed: false, valid_until: None });
    let mut seen = Seen::of("Azure");
    seen.hear(&Heard { update, ..quiet.clone() });
    seen.hear(&Heard { failures: 2, ..quiet.clone() });
    seen.hear(&Heard { update, failures: 0, recovered: true, ..quiet.clone() });
    assert_eq!((seen.refreshes, seen.failures, seen.survived, seen.gaps), (1, 2, 1, 0));
    seen.hear(&Heard { failures: 1, removed: true, ..quiet.clone() });
    seen.hear(&Heard { update, recovered: true, ..quiet });
    assert_eq!((seen.refreshes, seen.failures, seen.gaps), (2, 3, 1));
}

#[test]
fn an_outage_that_met_nothing_is_not_praised() {
    let mut tally = good();
    for seen in &mut tally.seen {
        (seen.failures, seen.survived) = (0, 0);
    }
    assert!(tally.lines()[5].ends_with("no outage met a refresh"));
}

#[test]
fn numbers_are_grouped() {
    let grouped: Vec<_> = [0, 999, 1000, 1_234_567].map(grouped).into();
    assert_eq!(grouped, ["0", "999", "1,000", "1,234,567"]);
}
