use std::time::UNIX_EPOCH;

use console::{measure_text_width, strip_ansi_codes};

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn look(width: usize) -> Look {
    Look { width, height: 50, colour: false, unicode: true }
}

fn table() -> Table {
    let mut table = Table::new([Row::new("app-db", "vault"), Row::new("deploy-role", "aws")]);
    table
        .row(0)
        .tone(Tone::Good)
        .valid_until(Some(at(106)))
        .lifetime(Some(12 * SECOND))
        .next(Some(at(101)))
        .refreshes(3)
        .tell("renewed", at(97));
    table.foot([(Tone::Quiet, "all is well".to_owned())]);
    table
}

#[test]
fn a_row_says_what_is_left_what_comes_and_what_was() {
    let lines = table().lines(at(100), &look(100));
    assert_eq!(
        lines,
        [
            "  NAME         PROVIDER  VALID FOR         NEXT REFRESH  REFRESHES  LAST EVENT",
            "  app-db       vault     █████░░░░░ 6.0 s  in 1.0 s         3       renewed, 3 s ago",
            "  deploy-role  aws                         now              0",
            "all is well",
        ]
    );
}

#[test]
fn no_line_is_wider_than_the_window_and_the_name_goes_last() {
    for width in 1..140 {
        for line in table().lines(at(100), &look(width)) {
            assert!(measure_text_width(&line) < width.max(2), "{width}: {line:?}");
        }
    }
    assert!(table().lines(at(100), &look(24))[1].starts_with("  app-db"));
    assert!(table().lines(at(100), &look(40))[1].contains("6.0 s"));
}

/// That of most terminals, with names as long as those of the demo.
#[test]
fn in_eighty_columns_words_are_shortened_and_no_column_is_missing() {
    let mut table = Table::new([Row::new("federated-token", "Google"), Row::new("api-session", "Oracle")]);
    table.row(0).valid_until(Some(at(105))).lifetime(Some(10 * SECOND)).next(Some(at(101))).refreshes(12);
    table.row(0).tell("refreshed", at(97));
    table.row(1).refreshes(1234567).tell("issued", at(100));
    assert_eq!(
        table.lines(at(100), &look(80)),
        [
            "  NAME             PROVIDER  VALID FOR     NEXT IN  DONE     LAST EVENT",
            "  federated-token  Google    ███░░░ 5.0 s  1.0 s      12     refreshed, 3 s ago",
            "  api-session      Oracle                  now      1234567  issued",
        ]
    );
}

#[test]
fn a_wide_window_gives_room_to_events_first_and_then_to_bars() {
    let bar = |width| table().lines(at(100), &look(width))[1].matches(['█', '░']).count();
    assert_eq!([bar(90), bar(100), bar(120), bar(200)], [6, 10, 12, 20]);
}

#[test]
fn colours_change_nothing_but_colours() {
    let plain = table().lines(at(100), &look(100));
    let colours = table().lines(at(100), &Look { colour: true, ..look(100) });
    assert!(colours[1].contains("\x1b[32m"), "{:?}", colours[1]);
    let stripped: Vec<_> = colours.iter().map(|line| strip_ansi_codes(line).trim_end().to_owned()).collect();
    assert_eq!(plain, stripped);
}

#[test]
fn without_unicode_everything_is_ascii() {
    let mut table = table();
    table.row(1).tell(&"a long story ".repeat(20), at(99));
    for line in table.lines(at(100), &Look { unicode: false, ..look(90) }) {
        assert!(line.is_ascii(), "{line:?}");
    }
}

#[test]
fn an_event_in_the_words_of_a_target_cannot_move_the_cursor() {
    let mut table = table();
    table.row(0).tell("\x1b[2Jgone\r\n", at(100));
    let line = &table.lines(at(100), &look(120))[1];
    assert!(line.contains("gone") && !line.contains(['\x1b', '\r', '\n']), "{line:?}");
}

#[test]
fn what_has_ended_is_no_longer_expected() {
    let mut table = table();
    table.row(0).tone(Tone::Ended).valid_until(None).next(None).tell("revoked", at(100));
    let line = &table.lines(at(100), &look(120))[1];
    assert!(line.ends_with("revoked") && !line.contains("now"), "{line:?}");
}
