//! Promise 12, and what happens when the runtime goes.

use std::time::Duration;

use tokenex_core::{
    Attempt, ErrorKind, Grant, Issued, Keep, LeftBecause, Outcome, Policy, Provider, Result, Revocation, Scheduler,
    State, Target,
};

use crate::support::*;

fn revocable(seconds: u64) -> Fake {
    Fake::new(move |n| Answer::Grant(Grant::new(Token(n)).lifetime(s(seconds)).revocable()))
}

#[tokio::test(start_paused = true)]
async fn promise_12_close_ends_one_credential_for_all_clones() {
    let world = World::new();
    let fake = revocable(600);
    let handle = world.scheduler.keep(fake.clone());
    let clone = handle.clone();
    handle.get().await.unwrap();
    let report = handle.close(s(5)).await;
    assert_eq!((report.accepted, report.left.is_none()), (1, true));
    assert!(report.to_string().ends_with("1 revocation accepted"), "{report}");
    assert!(clone.peek().is_none());
    assert_eq!(clone.get().await.unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(clone.status().state, State::Closed);
    assert_eq!(clone.close(s(5)).await.accepted, 1, "closing twice revokes once");
    assert_eq!(fake.log().revoked.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn promise_12_the_words_are_honest_about_what_cannot_be_revoked() {
    let world = World::new();
    let handle = world.scheduler.keep(Keep::new(Fake::fresh(600)).name("plain"));
    handle.get().await.unwrap();
    let report = handle.close(s(5)).await;
    let left = report.left.as_ref().expect("it lives on");
    let rest = left.until.unwrap().duration_since(world.time.clock().wall()).unwrap();
    assert!(rest > s(598) && rest <= s(600));
    assert!(report.to_string().ends_with(" s: it cannot be revoked from here"), "{report}");
}

#[tokio::test(start_paused = true)]
async fn promise_12_a_close_that_runs_out_of_time_says_so_and_goes_on() {
    let world = World::new();
    let fake = revocable(600).latency(s(20));
    let handle = world.scheduler.keep(fake.clone());
    world.time.advance(s(1)).await;
    let report = handle.close(s(5)).await;
    assert!(!report.finished && report.to_string().contains("not closed in the time given"), "{report}");
    assert!(fake.log().revoked.is_empty());
    world.time.advance(s(20)).await;
    assert_eq!(fake.log().revoked.len(), 1, "what the running attempt brought is revoked");
}

#[tokio::test(start_paused = true)]
async fn promise_12_after_a_close_there_is_nothing_to_read_however_short_its_time() {
    let world = World::new();
    let handle = world.scheduler.keep(revocable(600).latency(s(1)));
    handle.ready(s(5)).await.unwrap();
    let reader = handle.clone();
    drop(handle.close(Duration::ZERO).await);
    assert!(reader.peek().is_none());
    assert_eq!(reader.get().await.unwrap_err().kind(), ErrorKind::Closed);
}

#[tokio::test(start_paused = true)]
async fn promise_12_a_shared_parent_is_revoked_when_its_last_child_is_gone() {
    let world = World::new();
    let (login, first, second) = (revocable(3600), revocable(3600), revocable(3600));
    let parent = world.scheduler.keep(login.clone());
    let a = world.scheduler.keep(first.clone().child_of(&parent));
    let b = world.scheduler.keep(second.clone().child_of(&parent));
    a.get().await.unwrap();
    b.get().await.unwrap();
    drop(parent);
    a.close(s(5)).await;
    // The fakes are still in this test's hands, so they must let go of the parent too.
    first.edit_parent(None);
    world.time.advance(s(1)).await;
    assert!(login.log().revoked.is_empty(), "one child is left");
    b.close(s(5)).await;
    second.edit_parent(None);
    world.time.advance(s(1)).await;
    assert_eq!(login.log().revoked.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn promise_12_closing_a_parent_waits_for_its_children_and_says_so() {
    let world = World::new();
    let (login, child) = (revocable(3600), revocable(3600));
    let parent = world.scheduler.keep(login.clone());
    let handle = world.scheduler.keep(child.clone().child_of(&parent));
    handle.get().await.unwrap();
    let report = parent.close(s(2)).await;
    assert!(report.to_string().contains("not over in the time given"), "{report}");
    assert!(login.log().revoked.is_empty());
    handle.close(s(2)).await;
    world.time.advance(s(1)).await;
    assert_eq!(login.log().revoked.len(), 1, "it went on in the background");
}

#[tokio::test(start_paused = true)]
async fn promise_12_shutdown_closes_children_before_parents_and_says_what_is_left() {
    let world = World::new();
    let (login, child) = (revocable(3600), revocable(3600));
    let parent = world.scheduler.keep(Keep::new(login.clone()).name("login"));
    let handle = world.scheduler.keep(Keep::new(child.clone().child_of(&parent)).name("child"));
    let plain = world.scheduler.keep(Keep::new(Fake::fresh(900)).name("plain"));
    handle.get().await.unwrap();
    plain.get().await.unwrap();
    let report = world.scheduler.shutdown(s(5)).await;
    assert_eq!((report.closed, report.accepted), (3, 2), "{report}");
    let (child, login) = (child.log().revoked[0].0, login.log().revoked[0].0);
    assert!(child <= login);
    assert_eq!(report.left.iter().map(|left| left.name.as_str()).collect::<Vec<_>>(), ["plain"]);
    assert_eq!(handle.get().await.unwrap_err().kind(), ErrorKind::Closed);
    let late = world.scheduler.keep(Fake::fresh(60));
    assert_eq!(late.get().await.unwrap_err().kind(), ErrorKind::Shutdown);
}

#[tokio::test(start_paused = true)]
async fn promise_12_what_dies_with_a_revoked_parent_is_not_left() {
    let world = World::new();
    let login = revocable(3600);
    let parent = world.scheduler.keep(login.clone());
    // The child itself cannot be revoked, as a Vault lease under the default policy.
    let handle = world.scheduler.keep(Fake::fresh(3600).child_of(&parent));
    handle.get().await.unwrap();
    let report = world.scheduler.shutdown(s(5)).await;
    assert_eq!((report.accepted, report.left.len()), (1, 0), "{report}");
}

/// Issues, and does not revoke: it hangs or panics.
struct Sticky {
    panics: bool,
}

impl Provider for Sticky {
    type Credential = Token;

    fn name(&self) -> &'static str {
        "sticky"
    }

    fn target(&self) -> Target {
        Target::new("sticky")
    }

    async fn issue(&self, _: &Attempt) -> Result<Outcome<Token>> {
        Ok(Grant::new(Token(1)).lifetime(s(600)).revocable().into())
    }

    async fn revoke(&self, _: &Issued<Token>, _: &Attempt) -> Result<Revocation> {
        assert!(!self.panics, "as told");
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_revocation_that_hangs_or_panics_is_told_in_the_report_for_what_it_is() {
    for (panics, kind) in [(false, ErrorKind::Timeout), (true, ErrorKind::Panic)] {
        let world = World::new();
        let handle = world.scheduler.keep(Sticky { panics });
        handle.get().await.unwrap();
        let report = handle.close(s(30)).await;
        match report.left.expect("it lives on").because {
            LeftBecause::Failed(error) => assert_eq!((error.kind(), error.step()), (kind, Some("revoke"))),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn promise_12_shutdown_is_bounded_when_a_revocation_hangs() {
    let world = World::with(|b| b.policy(Policy::default().with_revoke_deadline(s(60))));
    let handle = world.scheduler.keep(Sticky { panics: false });
    handle.get().await.unwrap();
    let before = world.now();
    let report = world.scheduler.shutdown(s(2)).await;
    assert!(world.now() - before < s(3));
    assert_eq!(report.left.len(), 1, "{report}");
    assert!(report.to_string().contains("not over in the time given"), "{report}");
}

#[test]
fn when_the_runtime_goes_get_says_shutdown_and_nothing_hangs() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    // Built and read outside the runtime.
    let scheduler = Scheduler::builder(runtime.handle().clone()).start();
    let handle = scheduler.keep(Fake::fresh(600));
    let hanging = scheduler.keep(Fake::new(|_| Answer::Hang));
    let outside = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(outside.block_on(handle.get()).unwrap().0, 1);
    let waiting = std::thread::spawn({
        let hanging = hanging.clone();
        move || {
            let outside = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            outside.block_on(hanging.get()).expect_err("nothing can come").kind()
        }
    });
    runtime.shutdown_timeout(Duration::from_secs(5));
    assert_eq!(waiting.join().unwrap(), ErrorKind::Shutdown);
    assert_eq!(outside.block_on(handle.get()).unwrap_err().kind(), ErrorKind::Shutdown);
    assert_eq!(outside.block_on(handle.rejected(1)).unwrap_err().kind(), ErrorKind::Shutdown);
    assert_eq!(handle.status().state, State::Shutdown);
    assert!(outside.block_on(scheduler.shutdown(s(1))).interrupted);
    assert!(outside.block_on(handle.close(s(1))).accepted == 0);
    let late = scheduler.keep(Fake::fresh(60));
    assert_eq!(outside.block_on(late.ready(s(1))).unwrap_err().kind(), ErrorKind::Shutdown);
}
