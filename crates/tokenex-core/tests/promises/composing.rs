//! Promise 18: lineage; and compositions.

use std::sync::{Arc, OnceLock};

use tokenex_core::{
    AnySource, Attempt, Error, ErrorKind, Grant, Handle, Outcome, Policy, Provider, Rejection, Result, Source, Target,
};

use crate::support::*;

fn revocable(seconds: u64) -> Fake {
    Fake::new(move |n| Answer::Grant(Grant::new(Token(n)).lifetime(s(seconds)).revocable()))
}

#[tokio::test(start_paused = true)]
async fn promise_18_the_effective_expiry_is_the_minimum_over_the_bonds_live() {
    let world = World::with(|b| b.policy(exact()));
    let login = Fake::new(|n| Answer::Grant(Grant::new(Token(n)).lifetime(s(100)).renewable()))
        .renew(|_| Ok(Some((s(100), true))));
    let parent = world.scheduler.keep(login.clone());
    let child = world.scheduler.keep(Fake::fresh(3600).child_of(&parent));
    let issued = child.get().await.unwrap();
    let end = |seconds| world.time.clock().wall() + s(seconds);
    assert_eq!(issued.expires_at().map(|at| at.duration_since(end(0)).unwrap().as_secs()), Some(100));
    world.time.advance(s(61)).await;
    assert_eq!(login.log().renews.len(), 1);
    // The snapshot taken before the renewal has been extended with its parent.
    let left = issued.expires_at().unwrap().duration_since(world.time.clock().wall()).unwrap();
    assert!(left > s(98) && left <= s(100), "{left:?}");
    assert_eq!(child.get().await.unwrap().generation(), 1, "a renewal of the parent issues nothing anew");
}

#[tokio::test(start_paused = true)]
async fn promise_18_a_new_generation_of_the_parent_moves_its_children_make_before_break() {
    let world = World::new();
    let login = revocable(300);
    let parent = world.scheduler.keep(login.clone());
    let leases = revocable(3600);
    let child = world.scheduler.keep(leases.clone().child_of(&parent));
    let mut listener = child.listen();
    child.get().await.unwrap();
    listener.next().await.unwrap();
    let mut handed_over = None;
    for _ in 0..2700 {
        world.time.advance(ms(100)).await;
        assert!(child.peek().is_some(), "a gap at {:?}", world.now());
        if handed_over.is_none() && child.peek().unwrap().generation() == 2 {
            handed_over = Some(world.now());
            assert!(login.log().revoked.is_empty() && leases.log().revoked.is_empty(), "broken before made");
        }
    }
    let handed_over = handed_over.expect("the child never moved");
    assert!(handed_over < s(186) + s(32), "it took too long: {handed_over:?}");
    let event = listener.next().await.unwrap();
    let works_until = event.previous_until.expect("the event says until when the predecessor works");
    let (lease_gone, login_gone) = (leases.log().revoked[0].0, login.log().revoked[0].0);
    assert!(lease_gone <= login_gone, "the lease goes before its login");
    let grace = lease_gone - handed_over;
    assert!(grace >= s(19) && grace <= s(31), "{grace:?}");
    let said = works_until.duration_since(world.time.clock().wall() - (world.now() - lease_gone)).unwrap_or_default();
    assert!(said < s(2), "said {works_until:?}");
}

#[tokio::test(start_paused = true)]
async fn promise_18_many_children_are_spread_and_none_has_a_gap() {
    let world = World::with(|b| b.max_per_target(1000).max_in_flight(2000));
    let login = revocable(600);
    let parent = world.scheduler.keep(login.clone());
    let fakes: Vec<_> = (0..100).map(|_| revocable(36_000)).collect();
    let children: Vec<_> = fakes.iter().map(|fake| world.scheduler.keep(fake.clone().child_of(&parent))).collect();
    for _ in 0..700 {
        world.time.advance(s(1)).await;
        if world.now() > s(2) {
            assert!(children.iter().all(|child| child.peek().is_some()), "a gap at {:?}", world.now());
        }
    }
    let mut moved: Vec<_> = fakes.iter().map(|fake| fake.log().issues[1]).collect();
    moved.sort();
    // A sixteenth of the 240 s that were left.
    assert!(moved[99] - moved[0] > s(10), "they moved all at once: {:?}", moved[99] - moved[0]);
    assert_eq!(login.log().revoked.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn promise_18_a_superseded_generation_is_kept_while_a_child_cannot_move() {
    let world = World::new();
    let login = revocable(100);
    let parent = world.scheduler.keep(login.clone());
    let stuck = Fake::new(|n| if n == 1 { Answer::token(1, 3600) } else { Answer::down() });
    let child = world.scheduler.keep(stuck.child_of(&parent));
    child.get().await.unwrap();
    world.time.advance(s(98)).await;
    assert_eq!(parent.get().await.unwrap().generation(), 2);
    assert!(login.log().revoked.is_empty(), "the child still lives on it");
    assert!(child.peek().is_some());
    world.time.advance(s(4)).await;
    assert!(child.peek().is_none(), "the first login is over, and the child with it");
}

#[tokio::test(start_paused = true)]
async fn promise_18_the_grace_is_never_more_than_a_third_of_the_lifetime() {
    let world = World::with(|b| b.policy(Policy::default().with_grace(s(60))));
    let fake = revocable(30);
    let handle = world.scheduler.keep(fake.clone());
    handle.get().await.unwrap();
    world.time.advance(s(31)).await;
    let log = fake.log();
    let grace = log.revoked[0].0 - log.issues[1];
    assert!(grace >= s(9) && grace <= s(11), "{grace:?}");
}

#[tokio::test(start_paused = true)]
async fn promise_18_children_of_a_rejected_parent_move_at_once() {
    let world = World::new();
    let login = revocable(36_000);
    let parent = world.scheduler.keep(login.clone());
    let fake = revocable(36_000);
    let child = world.scheduler.keep(fake.clone().child_of(&parent));
    child.get().await.unwrap();
    world.time.advance(s(100)).await;
    parent.rejected(1).await.unwrap();
    world.time.advance(s(1)).await;
    assert_eq!(fake.issues(), 2);
}

/// A login that is rejected, and takes 4 s to be revoked, while the attempt of a child that has seen it takes 3 s, and later
/// ones 1 s. Nobody sees that attempt who asks whether the login is still in use.
async fn outrun(world: &World, leases: &Fake) -> (Fake, Handle<Token>) {
    let login = revocable(36_000).slow_to_revoke(s(4));
    let parent = world.scheduler.keep(login.clone());
    parent.get().await.unwrap();
    let leases = leases.clone().latency(s(3)).child_of(&parent);
    let child = world.scheduler.keep(leases.clone());
    world.time.advance(ms(100)).await;
    let _ = leases.latency(s(1));
    parent.rejected(1).await.unwrap();
    (login, child)
}

#[tokio::test(start_paused = true)]
async fn promise_18_a_child_that_its_parent_has_outrun_moves_at_once() {
    let world = World::with(|b| b.policy(Policy::default().with_grace(s(10))));
    let (login, child) = outrun(&world, &revocable(36_000)).await;
    world.until(s(6), || child.peek().is_some()).await;
    let moves = world.now() + s(1);
    while world.now() < moves + s(1) {
        world.time.advance(ms(100)).await;
        assert!(child.peek().is_some(), "a gap at {:?}", world.now());
    }
    assert_eq!(child.peek().unwrap().generation(), 2);
    world.until(s(60), || !login.log().revoked.is_empty()).await;
}

#[tokio::test(start_paused = true)]
async fn promise_18_what_was_made_from_something_that_is_being_revoked_is_handed_to_nobody() {
    let world = World::with(|b| b.policy(Policy::default().with_grace(s(1))));
    let leases = revocable(36_000);
    let (login, child) = outrun(&world, &leases).await;
    world.until(s(6), || child.peek().is_some()).await;
    assert_eq!(login.log().revoked.len(), 1);
    // The first lease came after 3 s, while the login it was made with was being revoked; the next one took 1 s.
    let issues = leases.log().issues;
    assert!(world.now() - issues[0] < s(5), "{:?} after the first attempt", world.now() - issues[0]);
    assert_eq!((child.peek().unwrap().0, child.peek().unwrap().generation()), (2, 1));
    let revoked: Vec<_> = leases.log().revoked.into_iter().map(|(_, token)| token).collect();
    assert_eq!(revoked, [1], "what nobody has seen is revoked");
}

#[tokio::test(start_paused = true)]
async fn what_came_of_no_use_and_equals_what_is_in_hand_is_not_revoked() {
    let world = World::with(|b| b.policy(Policy::default().with_grace(s(1))));
    let login = world.scheduler.keep(revocable(36_000).slow_to_revoke(s(4)));
    login.get().await.unwrap();
    let users = Fake::new(|_| Answer::Grant(Grant::new(Token(7)).lifetime(s(36_000)).revocable())).made_from(&login);
    let user = world.scheduler.keep(users.clone());
    user.get().await.unwrap();
    world.time.advance(s(10)).await;
    // From now on it dies with the login, and what comes next was made with one that is being revoked.
    let _ = users.clone().child_of(&login).latency(s(3));
    let asks = user.clone();
    let asks = tokio::spawn(async move { asks.rejected(1).await });
    world.time.advance(ms(100)).await;
    login.rejected(1).await.unwrap();
    world.until(s(20), || users.issues() == 3).await;
    assert!(user.peek().is_some() && users.log().revoked.is_empty());
    assert_eq!(asks.await.unwrap().unwrap(), Rejection::Same);
    assert!(user.peek().is_some() && users.log().revoked.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_input_that_came_and_was_of_no_use_is_made_again_without_a_place_of_its_own() {
    let world = World::with(|b| b.policy(Policy::default().with_grace(s(1))).max_in_flight(3));
    let login = world.scheduler.keep(revocable(36_000).slow_to_revoke(s(4)));
    login.get().await.unwrap();
    let leases = revocable(36_000).latency(s(3)).child_of(&login);
    let lease = world.scheduler.keep(leases.clone());
    let last = world.scheduler.keep(Fake::fresh(3600).child_of(&lease));
    world.time.advance(ms(100)).await;
    login.rejected(1).await.unwrap();
    // Whatever place is free, or gets free, is for these: somebody asks for them.
    for _ in 0..2 {
        let hangs = world.scheduler.keep(Fake::new(|_| Answer::Hang));
        tokio::spawn(async move { hangs.get().await.map(drop) });
    }
    world.until(s(8), || last.peek().is_some()).await;
    assert_eq!((leases.issues(), last.peek().unwrap().generation()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn an_input_that_came_and_was_over_at_once_is_made_again_without_a_place_of_its_own() {
    let world = World::with(|b| b.max_in_flight(1));
    let first = world.scheduler.keep(revocable(36_000));
    first.get().await.unwrap();
    let _other = world.scheduler.keep(Fake::fresh(3600).latency(s(1)));
    world.time.advance(ms(100)).await;
    let leases = revocable(36_000).latency(s(3));
    let second = world.scheduler.keep(leases.clone().child_of(&first));
    let third = world.scheduler.keep(Fake::fresh(3600).child_of(&second));
    let asks = third.clone();
    let asks = tokio::spawn(async move { asks.get().await.map(drop) });
    // The third goes first, since somebody asks for it, and has the only place from now on.
    world.until(s(2), || leases.issues() == 1).await;
    // Nobody is bound to it yet.
    first.close(s(1)).await;
    let begin = world.now();
    let error = asks.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
    assert!(world.now() - begin < s(6), "{:?} later", world.now() - begin);
}

/// Hands on what its input holds.
struct Relay(AnySource<u64>);

impl Provider for Relay {
    type Credential = Token;

    fn name(&self) -> &'static str {
        "relay"
    }

    fn target(&self) -> Target {
        Target::new("relay")
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<Token>> {
        let input = self.0.fetch(cx).await?;
        assert!(input.issued_at().is_some(), "the age of the input travels along");
        Ok(Grant::new(Token(*input.value())).lifetime(s(60)).bound_to(input.bonds()).into())
    }
}

#[tokio::test(start_paused = true)]
async fn promise_18_handle_map_makes_a_credential_the_input_of_the_next_exchange() {
    let world = World::new();
    let first = world.scheduler.keep(Fake::fresh(60).latency(s(1)));
    let second = world.scheduler.keep(Relay(AnySource::new(first.map(|token| Ok(token.0 + 100)))));
    let third = world.scheduler.keep(Relay(AnySource::new(second.map(|token| Ok(token.0 + 100)))));
    assert_eq!(third.get().await.unwrap().0, 201);
    for _ in 0..500 {
        world.time.advance(s(1)).await;
        assert!(third.peek().is_some(), "a gap at {:?}", world.now());
    }
    assert!(third.get().await.unwrap().0 > 203);
}

#[tokio::test(start_paused = true)]
async fn promise_18_inputs_that_go_round_in_a_circle_are_an_error() {
    struct Late(Arc<OnceLock<Handle<Token>>>);
    impl Source<u64> for Late {
        async fn fetch(&self, cx: &Attempt) -> Result<tokenex_core::Input<u64>> {
            let handle = self.0.get().expect("set before the first attempt");
            handle.map(|token| Ok(token.0)).fetch(cx).await
        }
    }
    let world = World::new();
    let late = Arc::new(OnceLock::new());
    let first = world.scheduler.keep(Relay(AnySource::new(Late(late.clone()))));
    let second = world.scheduler.keep(Relay(AnySource::new(first.map(|token| Ok(token.0)))));
    late.set(second.clone()).ok();
    let error = second.get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("cycle")), "{error}");
    assert!(world.now() < s(1), "it was found by waiting");
}

#[tokio::test(start_paused = true)]
async fn a_child_does_not_wait_again_for_what_its_parent_was_asked_to_wait() {
    let slow = || Answer::Fail(Error::new(ErrorKind::Throttled, "slow down").with_retry_after(s(200)));
    let world = World::new();
    let login = Fake::new(move |n| if n <= 2 { slow() } else { Answer::token(n, 3600) });
    let parent = world.scheduler.keep(login.clone());
    world.time.advance(s(150)).await;
    let child = world.scheduler.keep(Fake::fresh(3600).child_of(&parent));
    world.until(s(600), || parent.peek().is_some()).await;
    let recovered = world.now();
    world.until(s(60), || child.peek().is_some()).await;
    assert!(world.now() - recovered <= s(3), "{:?} later", world.now() - recovered);
}

#[tokio::test(start_paused = true)]
async fn a_child_recovers_with_its_parent_and_not_a_backoff_later() {
    let world = World::new();
    let login = Fake::new(|n| if n <= 12 { Answer::down() } else { Answer::token(n, 3600) });
    let parent = world.scheduler.keep(login.clone());
    let child = world.scheduler.keep(Fake::fresh(3600).child_of(&parent));
    world.until(s(3600), || parent.peek().is_some()).await;
    let recovered = world.now();
    world.until(s(60), || child.peek().is_some()).await;
    assert!(world.now() - recovered <= s(3), "{:?} later", world.now() - recovered);
}
