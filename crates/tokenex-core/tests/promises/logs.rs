//! Logs by transition.

use std::io::Write;
use std::sync::{Arc, Mutex};

use tokenex_core::Keep;
use tracing_subscriber::fmt::MakeWriter;

use crate::support::*;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no test panics with it").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test(start_paused = true)]
async fn a_day_of_outage_is_a_handful_of_lines() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(lines.clone())
        .with_max_level(tracing::Level::INFO)
        .with_ansi(false)
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    // With one subscriber in the process, tracing asks that of whichever thread meets an event first, and remembers its
    // answer for all: another test's thread would silence this one. With two it asks them all.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());

    let world = World::new();
    let clock = world.time.clock();
    let fake = Fake::new(move |n| match clock.monotonic() {
        now if now > s(2000) && now < s(2000 + 86_400) => Answer::down(),
        _ => Answer::token(n, 3600),
    });
    let handle = world.scheduler.keep(Keep::new(fake.clone()).name("db"));
    handle.get().await.unwrap();
    world.time.advance(s(2000 + 86_400 + 600)).await;
    handle.get().await.unwrap();

    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let count = |what: &str| text.lines().filter(|line| line.contains(what)).count();
    assert!(fake.issues() > 1000, "there was an outage");
    assert!(text.lines().count() < 25, "{} lines for {} attempts:\n{text}", text.lines().count(), fake.issues());
    assert!(text.lines().next().is_some_and(|line| line.contains("WARN") && line.contains("name=\"db\"")), "{text}");
    assert!(count("little time is left") >= 2, "told when it becomes urgent, and at doublings:\n{text}");
    assert_eq!(count("has expired"), 1);
    assert_eq!(count("recovered"), 1);
    assert!(text.lines().last().is_some_and(|line| line.contains("recovered") && line.contains("outage_seconds=")));
}
