//! `tokenex demo`, in a terminal and out of it. Lives are a few seconds of real time here: that is what it shows.

use std::sync::LazyLock;

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::program::{Program, tokenex};
use crate::terminal::Terminal;

/// The shortest with lives of eight seconds, as long as the demo gives any: a machine that has other things to do fits in.
const SHORT: &str = "24s";
const SEEN: &str = "What was seen in 24 s:";
const NAMES: [&str; 5] = ["management-api", "deploy-role", "federated-token", "api-session", "database-user"];
const WIDE: (u16, u16) = (30, 120);

/// Two at a time: each is six programs in one, and what they show depends on time.
async fn turn() -> SemaphorePermit<'static> {
    static TURNS: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(2));
    TURNS.acquire().await.unwrap()
}

fn demo(arguments: &[&str]) -> Program {
    tokenex(["demo"].iter().chain(arguments))
}

#[tokio::test]
async fn on_a_terminal_it_draws_one_table_through_two_outages_and_a_resize_and_ends_with_what_was_seen() {
    let _turn = turn().await;
    let mut terminal = Terminal::start(["demo", "--for", SHORT], WIDE, &[]);
    // Painted at once, before there is anything to show.
    terminal.shows("LAST EVENT").await;
    for name in NAMES {
        terminal.shows(name).await;
    }
    terminal.shows("reads, none in vain").await;
    terminal.shows("refreshed").await;
    terminal.shows("OUTAGE for another").await;
    terminal.shows("failure").await;
    terminal.until("the end of the first outage", |screen| !screen.contents().contains("OUTAGE")).await;

    // Somebody makes the window narrower: what matters less goes, and nothing is left over.
    terminal.resize((30, 44));
    terminal.until("a narrow table", |screen| !screen.contents().contains("PROVIDER")).await;
    for name in NAMES {
        assert_eq!(terminal.contents().matches(name).count(), 1, "{}", terminal.contents());
    }
    terminal.resize(WIDE);
    terminal.shows("the issuer answers 503").await;

    let left = terminal.end().await.expect(0);
    for name in NAMES {
        let rows: Vec<_> = left.rows.iter().filter(|row| row.contains(name)).collect();
        assert!(rows[0].contains("ends by itself") || rows[0].contains("revocation accepted"), "{:#?}", left.rows);
    }
    for once in ["tokenex demo: one identity", "over: everything is closed", "LAST EVENT"] {
        assert_eq!(left.count(once), 1, "one table only: {:#?}", left.rows);
    }
    assert_eq!(left.count("OUTAGE"), 0, "{:#?}", left.rows);
    assert_eq!(left.count(SEEN), 1, "{:#?}", left.rows);
    assert_eq!(left.count("none failed"), 1, "{:#?}", left.rows);
    assert_eq!(left.count("none refused"), 1, "{:#?}", left.rows);
    assert_eq!(left.count("survived: "), 1, "{:#?}", left.rows);
    assert_eq!(left.count("accepted by Vault, where nothing of ours lives on"), 1, "{:#?}", left.rows);
    assert!(left.written.contains("\x1b[32m"), "a good bar is green");
}

#[tokio::test]
async fn through_a_pipe_it_tells_line_by_line_what_happens() {
    let _turn = turn().await;
    let end = demo(&["--for", SHORT]).run().await.expect(0).silent();
    assert!(!end.stdout.contains('\x1b'), "no colour, no movement: {}", end.stdout);
    for name in NAMES {
        let told = |what: &str| end.stdout.lines().any(|line| line.contains(name) && line.contains(what));
        assert!(told("issued, valid for"), "{}", end.stdout);
        assert!(told("refreshed") || told("renewed"), "{}", end.stdout);
    }
    let place = |text: &str| end.stdout.find(text).unwrap_or_else(|| panic!("no {text:?}: {}", end.stdout));
    let first = place("OUTAGE: Azure refuses connections, and Vault is sealed");
    let mended = place("the outage is over: Azure and Vault are back");
    let second = place("OUTAGE: the issuer answers 503");
    assert!(first < mended && mended < second && second < place(SEEN));
    assert!(place("the token source at 127.0.0.1") > second, "the issuer's outage met a refresh: {}", end.stdout);
    assert!(place("1 failure: ") > first && end.stdout.contains(", after "), "{}", end.stdout);
}

#[tokio::test]
async fn an_outage_that_outlasts_the_credentials_costs_reads_and_the_demo_says_so() {
    let _turn = turn().await;
    let end = demo(&["--for", "10s", "--outage", "7s", "--plain"]).run().await.expect(1);
    let end = end.says("reads found no credential: Azure").says("an outage that outlasts");
    assert!(end.stdout.contains("ENDED, and no new one came"), "{}", end.stdout);
    assert!(end.stdout.contains("What was seen in 10 s:") && !end.stdout.contains("none failed"), "{}", end.stdout);
}

#[tokio::test]
async fn ctrl_c_ends_it_early_with_what_was_seen_and_without_colours_where_none_are_wanted() {
    let _turn = turn().await;
    let mut terminal = Terminal::start(["demo"], WIDE, &[("NO_COLOR", "1")]);
    terminal.shows("reads, none in vain").await;
    terminal.types("\x03").await;
    let left = terminal.end().await.expect(1);
    assert_eq!(left.count(", then interrupted:"), 1, "{:#?}", left.rows);
    assert_eq!(left.count("accepted by Vault, where nothing of ours lives on"), 1, "{:#?}", left.rows);
    assert_eq!(left.count("tokenex: interrupted before each credential was refreshed"), 1, "{:#?}", left.rows);
    assert!(!left.written.contains("m\u{2588}") && !left.written.contains("\x1b[3"), "no colours");
}

#[tokio::test]
async fn lines_can_be_had_on_a_terminal_too() {
    let _turn = turn().await;
    let mut terminal = Terminal::start(["demo", "--plain"], WIDE, &[]);
    terminal.shows("issued, valid for").await;
    terminal.types("\x03").await;
    let left = terminal.end().await.expect(1);
    assert!(!left.written.contains('\x1b'), "{:#?}", left.rows);
}

#[tokio::test]
async fn a_reader_that_went_away_ends_it_quietly() {
    let _turn = turn().await;
    let mut running = demo(&[]).start();
    running.line_with("tokenex demo: one identity").await;
    running.close_stdout();
    running.end().await.expect(0).silent();
}

#[tokio::test]
async fn what_cannot_be_shown_in_that_time_is_refused_with_the_least_that_can() {
    for length in ["0s", "9999ms", "9s"] {
        let end = demo(&["--for", length]).run().await.expect(2).says("would be over before");
        assert!(end.stdout.is_empty() && end.stderr.contains("--for 10s"), "{end:?}");
    }
    for length in ["", "30", "soon", "-1s", "9000h"] {
        let option = format!("--for={length}");
        demo(&[&option]).run().await.expect(2).says("--for");
    }
}
