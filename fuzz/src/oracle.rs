//! What must be true of whatever is said about an input.

use std::cell::Cell;

use tokenex::core::{Error, ErrorKind};
use tokenex_testkit::canary::Canary;

/// The signature of the identity token. It looks like one, and so must not be said wherever it comes from.
pub const SIGNATURE: &str = "Fuzz0Signature0Of0The0Identity0qV3mXw8hJr5Zt1Yc6Lb9Kd2Ps7Nf4Ga0Ue3Ri8Ho5Tq1Wx6Cj9Mz2Bv7Dk";

/// What else this side sends: a client secret, a key, the token of a platform. It looks like any word, and can be told from
/// others only by who sent it.
pub const PASSWORD: &str = "fuzz-password-of-workload";

thread_local! {
    static PASSWORD_IS_SENT: Cell<bool> = const { Cell::new(false) };
    static WENT_WELL: Cell<bool> = const { Cell::new(false) };
}

/// Notes that an input was read to a good end.
pub fn well() {
    WENT_WELL.set(true);
}

/// Whether an input was, on this thread, since this was asked last. So that a corpus can be seen to get that far.
pub fn went_well() -> bool {
    WENT_WELL.take()
}

/// The password, for somebody who sends it. Before that, a server that says it says nothing.
pub fn password() -> &'static str {
    PASSWORD_IS_SENT.set(true);
    PASSWORD
}

/// Forgets who was given the password: the next input is another world.
pub fn begin() {
    PASSWORD_IS_SENT.set(false);
}

/// What seeds have in the place of a credential that a target hands out. It looks like one.
pub const ANSWERED: &str = "hvs.Fuzz0Answered0Secret0Of0The0Target0That0Seeds0Hold";

/// An error, with all of its causes, shows none of the secrets and is of a bounded length.
#[track_caller]
pub fn error(error: &Error) {
    assert_ne!(error.kind(), ErrorKind::Panic, "it panics: {error}");
    let chain = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    let text = chain.map(|error| format!("{error}\n{error:?}\n")).collect::<String>();
    said("an error", &text);
    printable(error);
}

/// An error is of a bounded length, and moves no cursor.
#[track_caller]
pub fn printable(error: &Error) {
    // Its own words, 300 characters of the target's (which may be escaped), three ids, and what the token claims.
    let message = error.to_string();
    assert!(message.chars().count() < 8_000, "an error of {} characters", message.len());
    assert!(!message.contains(['\u{1b}', '\u{0}', '\r', '\u{202e}']), "{}", message.escape_debug());
}

/// What this side has sent for the input at hand, each with its name.
pub fn sent() -> impl Iterator<Item = (&'static str, &'static str)> {
    let password = PASSWORD_IS_SENT.get().then_some(("password", PASSWORD));
    [("signature of the identity", SIGNATURE)].into_iter().chain(password)
}

/// A text shows none of the secrets, in no form.
#[track_caller]
pub fn said(name: &str, text: &str) {
    search(name, text, sent().chain([("secret in the answer", ANSWERED)]));
}

/// A text of something that went well. Names that the target gives (a lease id, an accessor) may be shown, and an answer may hold
/// a secret in their place: that one cannot be judged.
#[track_caller]
pub fn said_of_success(name: &str, text: &str, input: &[u8]) {
    let input = String::from_utf8_lossy(input);
    search(name, text, sent().filter(|(_, secret)| !input.contains(secret)));
}

#[track_caller]
fn search(name: &str, text: &str, secrets: impl Iterator<Item = (&'static str, &'static str)>) {
    let canary = Canary::new();
    for (label, secret) in secrets {
        canary.watch(label, secret);
    }
    canary.search(name, text);
    let leaks = canary.findings().leaks;
    assert!(leaks.is_empty(), "{leaks:?}: {text}");
}
