//! Recording the whole process needs a process of its own.

use tokenex_testkit::canary::{AlreadyRecorded, Canary};

#[test]
fn every_thread_is_heard_and_a_second_recorder_is_refused() {
    let canary = Canary::new();
    canary.record_process().unwrap();
    let (traced, logged) = (canary.secret("traced"), canary.secret("logged"));
    let elsewhere = std::thread::spawn(move || {
        tracing::trace!(%traced, "from another thread");
        log::trace!("from another thread: {logged}");
    });
    elsewhere.join().unwrap();
    let labels: Vec<_> = canary.findings().leaks.into_iter().map(|leak| leak.secret).collect();
    assert_eq!(labels, ["traced", "logged"]);
    assert_eq!(Canary::new().record_process(), Err(AlreadyRecorded));
}
