//! Properties of the schedule over random histories, with policies that people could write and targets that say
//! anything. `PROPTEST_CASES=20000` looks harder.

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::*;

const TRANSIENT: Failure = Failure { transient: true, timed_out: false, retry_after: None, input_in: None };

/// What happens next to a credential.
#[derive(Debug, Clone)]
enum Step {
    /// Time passes, or jumps.
    Wait(Duration),
    /// The driver sleeps until the schedule wants to be looked at.
    Sleep,
    /// An attempt starts if one is due, and comes to this after a while.
    Attempt(Duration, Came),
    Asked,
    Forced {
        spaced: bool,
    },
    ParentChanged {
        urgent: bool,
    },
    /// It is bound to something that ends so far from now, or is not any more.
    Bound(Option<Duration>),
}

#[derive(Debug, Clone)]
enum Came {
    Issued { lifetime: Option<Duration>, hint: Option<Duration>, renewable: bool, same: bool },
    Renewed { lifetime: Duration, again: bool },
    NotRenewable,
    Withdrawn,
    Failed { transient: bool, retry_after: Option<Duration>, input_in: Option<Duration> },
}

/// Any duration, from none to absurd, on a scale where each order of magnitude is as likely as the next.
fn any_duration() -> BoxedStrategy<Duration> {
    prop_oneof![
        1 => Just(Duration::ZERO),
        1 => Just(Duration::MAX),
        20 => (0.0..14.0_f64).prop_map(|exponent| Duration::from_nanos(10_f64.powf(exponent + 5.0) as u64)),
    ]
    .boxed()
}

/// What the driver draws, the extremes more often than chance would have it.
fn draws(seed: u64) -> impl Iterator<Item = f64> {
    let mut random = fastrand::Rng::with_seed(seed);
    std::iter::repeat_with(move || match random.u8(..) {
        0 => 0.0,
        1 => 1.0_f64.next_down(),
        _ => random.f64(),
    })
}

/// Between a millisecond and a week.
fn sober_duration() -> BoxedStrategy<Duration> {
    (0.0..8.78_f64).prop_map(|exponent| Duration::from_millis(10_f64.powf(exponent) as u64)).boxed()
}

fn any_policy() -> impl Strategy<Value = Policy> {
    let numbers = (any::<f64>(), any::<f64>(), any::<bool>(), 0..1000_u32);
    (prop::collection::vec(any_duration(), 9), numbers).prop_map(|(durations, (share, jitter, last, attempts))| {
        Policy {
            refresh_share: share,
            jitter,
            terminal_is_final: last,
            attempts_per_lifetime: attempts,
            refresh_lead_max: durations[0],
            min_spacing: durations[1],
            backoff_base: durations[2],
            backoff_max: durations[3],
            retry_after_max: durations[4],
            terminal_spacing: durations[5],
            attempt_deadline: durations[6],
            rejection_spacing: durations[7],
            poll_interval: durations[8],
            ..Policy::default()
        }
        .sane()
    })
}

fn came(duration: BoxedStrategy<Duration>) -> impl Strategy<Value = Came> {
    let maybe = prop::option::of(duration.clone());
    prop_oneof![
        4 => (maybe.clone(), maybe.clone(), any::<bool>(), any::<bool>())
            .prop_map(|(lifetime, hint, renewable, same)| Came::Issued { lifetime, hint, renewable, same }),
        2 => (duration, any::<bool>()).prop_map(|(lifetime, again)| Came::Renewed { lifetime, again }),
        1 => Just(Came::NotRenewable),
        1 => Just(Came::Withdrawn),
        6 => (prop::bool::weighted(0.8), maybe.clone(), maybe)
            .prop_map(|(transient, retry_after, input_in)| Came::Failed { transient, retry_after, input_in }),
    ]
}

fn steps(duration: BoxedStrategy<Duration>) -> impl Strategy<Value = Vec<Step>> {
    let took = (0..40_000_u64).prop_map(Duration::from_millis);
    let step = prop_oneof![
        2 => duration.clone().prop_map(Step::Wait),
        8 => Just(Step::Sleep),
        12 => (took, came(duration.clone())).prop_map(|(took, came)| Step::Attempt(took, came)),
        1 => Just(Step::Asked),
        1 => any::<bool>().prop_map(|spaced| Step::Forced { spaced }),
        1 => any::<bool>().prop_map(|urgent| Step::ParentChanged { urgent }),
        1 => prop::option::of(duration).prop_map(Step::Bound),
    ];
    prop::collection::vec(step, 1..120)
}

/// A schedule, and what the driver knows beside it.
struct Run<'a> {
    schedule: Schedule,
    policy: &'a Policy,
    now: At,
    bound: Option<At>,
    starts: Vec<At>,
}

impl<'a> Run<'a> {
    fn new(policy: &'a Policy) -> Self {
        Self { schedule: Schedule::new(Duration::ZERO), policy, now: Duration::ZERO, bound: None, starts: Vec::new() }
    }

    fn step(&mut self, step: Step, draw: f64) -> TestCaseResult {
        match step {
            // No clock jumps further than the years that the engine's wall time has.
            Step::Wait(duration) => {
                self.now = self.now.saturating_add(duration.min(Duration::from_nanos(u64::MAX)));
            }
            Step::Sleep => self.sleep()?,
            Step::Attempt(took, came) => {
                if self.wants() {
                    self.attempt(took, came, draw)?;
                }
            }
            Step::Asked => {
                let usable = self.schedule.usable(self.now, self.bound);
                let starts = self.schedule.asked(self.now, self.bound);
                prop_assert!(!(starts && (usable || self.schedule.failures() > 0)), "asking must not change the pace");
            }
            Step::Forced { spaced } => {
                if let Err(wait) = self.schedule.force(self.now, spaced, self.policy) {
                    prop_assert!(spaced && !wait.is_zero() && wait <= self.policy.rejection_spacing);
                } else {
                    prop_assert_eq!(self.schedule.kind(self.now, self.bound), Kind::Issue);
                    prop_assert!(self.schedule.due().is_none_or(|due| due <= self.now));
                }
            }
            Step::ParentChanged { urgent } => {
                let until = self.bound.unwrap_or(self.now);
                self.schedule.parent_changed(self.now, until, urgent, draw);
                prop_assert_eq!(self.schedule.kind(self.now, self.bound), Kind::Issue);
                let latest = self.now.saturating_add(SPREAD_MAX);
                prop_assert!(self.schedule.due().is_none_or(|due| due <= latest));
            }
            Step::Bound(left) => self.bound = left.map(|left| self.now.saturating_add(left)),
        }
        if self.schedule.ends().is_some_and(|ends| ends <= self.now) {
            self.schedule.expired(self.now);
        }
        Ok(())
    }

    /// As the driver does: asks, and sleeps until the schedule wants to be asked again.
    fn sleep(&mut self) -> TestCaseResult {
        for _ in 0..200 {
            if self.wants() || self.schedule.wake_at() == Duration::MAX {
                return Ok(());
            }
            let wake_at = self.schedule.wake_at();
            prop_assert!(wake_at > self.now, "it wants to be asked again at once: the driver would spin");
            self.now = wake_at;
        }
        Err(TestCaseError::fail("asked two hundred times and never started"))
    }

    fn wants(&mut self) -> bool {
        self.schedule.wants(self.now, self.bound, self.policy)
    }

    /// How much is left of what is in hand, when it is usable and ends.
    fn left(&self) -> Option<Duration> {
        let ends = self.schedule.ends().into_iter().chain(self.bound).min()?;
        self.schedule.usable(self.now, self.bound).then(|| ends - self.now)
    }

    fn attempt(&mut self, took: Duration, came: Came, draw: f64) -> TestCaseResult {
        if let Some(last) = self.starts.last() {
            prop_assert!(self.now >= last.saturating_add(self.policy.min_spacing), "closer than the floor");
        }
        self.starts.push(self.now);
        let kind = self.schedule.kind(self.now, self.bound);
        let left = self.left();
        self.schedule.queued();
        prop_assert!(!self.wants(), "a second attempt beside the first");
        let limit = self.schedule.started(self.now, self.bound, self.policy);
        prop_assert!(limit <= self.policy.attempt_deadline && limit >= self.policy.attempt_deadline_min);
        if let Some(left) = left {
            prop_assert!(limit <= (left / 3 * 2).max(self.policy.attempt_deadline_min));
        }
        let begun = self.now;
        self.now = self.now.saturating_add(took.min(limit));
        self.finish(kind, begun, took >= limit, came, draw)?;
        prop_assert!(self.schedule.due().is_none_or(|due| due >= begun), "due before it started");
        Ok(())
    }

    fn finish(&mut self, kind: Kind, begun: At, timed_out: bool, came: Came, draw: f64) -> TestCaseResult {
        match came {
            Came::Issued { lifetime, hint, renewable, same } if kind == Kind::Issue => {
                let ends = lifetime.map(|lifetime| begun.saturating_add(lifetime));
                if ends.is_some_and(|ends| ends <= self.now) {
                    return self.fail(TRANSIENT, draw);
                }
                let hint = hint.map(|hint| begun.saturating_add(hint));
                self.bound = self.bound.filter(|bound| *bound > self.now);
                self.schedule.issued(self.now, Facts { begun, ends, hint, renewable, same }, self.policy, draw);
                prop_assert_eq!(self.schedule.failures(), 0);
                let due = self.schedule.due().expect("the next refresh is planned");
                prop_assert!(due >= self.now.saturating_add(self.policy.min_spacing), "it could spin");
                if let Some(ends) = ends {
                    // How long before is the policy's choice, and that may be none at all.
                    prop_assert!(due <= ends.max(self.now.saturating_add(self.policy.min_spacing)));
                }
                if !renewable {
                    prop_assert_eq!(self.schedule.kind(self.now, self.bound), Kind::Issue);
                }
            }
            Came::Renewed { lifetime, again } if kind == Kind::Renew => {
                let ends = begun.saturating_add(lifetime);
                if ends <= self.now {
                    self.schedule.not_renewable(self.now);
                    return Ok(());
                }
                self.schedule.renewed(self.now, begun, ends, again, self.policy, draw);
                prop_assert_eq!(self.schedule.ends(), Some(ends));
                prop_assert!(self.schedule.due().is_some_and(|due| due >= self.now && due <= ends));
            }
            Came::NotRenewable if kind == Kind::Renew => {
                self.schedule.not_renewable(self.now);
                prop_assert_eq!(self.schedule.kind(self.now, self.bound), Kind::Issue);
            }
            Came::Withdrawn if kind == Kind::Issue => {
                self.schedule.withdrawn(self.now, self.policy, draw);
                prop_assert!(!self.schedule.usable(self.now, None));
            }
            Came::Failed { transient, retry_after, input_in } => {
                self.fail(Failure { transient, timed_out, retry_after, input_in }, draw)?;
            }
            _ => self.fail(TRANSIENT, draw)?,
        }
        Ok(())
    }

    fn fail(&mut self, failure: Failure, draw: f64) -> TestCaseResult {
        let (left, policy) = (self.left(), self.policy);
        let wait = self.schedule.failed(self.now, self.bound, failure, policy, draw);
        if policy.terminal_is_final && !failure.transient {
            prop_assert_eq!(self.schedule.due(), None);
            prop_assert!(!self.wants());
            return Ok(());
        }
        prop_assert!(wait >= policy.min_spacing);
        prop_assert_eq!(self.schedule.due(), Some(self.now.saturating_add(wait)));
        match (left, failure.retry_after) {
            (Some(left), None) => prop_assert!(wait <= (left / 4).max(policy.min_spacing), "{wait:?} of {left:?}"),
            (Some(left), Some(_)) => prop_assert!(wait <= (left / 2).max(policy.min_spacing), "{wait:?} of {left:?}"),
            (None, _) => {}
        }
        let own = if failure.transient { policy.backoff_max } else { policy.terminal_spacing };
        let own = if left.is_some() { own.max(policy.refresh_lead_max / 4) } else { own };
        prop_assert!(wait <= own.max(policy.retry_after_max).max(policy.min_spacing), "{wait:?}");
        if let (Some(after), None, None) = (failure.retry_after, left, failure.input_in) {
            prop_assert!(wait >= after.min(policy.retry_after_max), "the target asked for more than {wait:?}");
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_rules_hold_in_any_history_with_any_policy(
        policy in any_policy(),
        history in steps(any_duration()),
        seed in any::<u64>(),
    ) {
        let mut run = Run::new(&policy);
        for (step, draw) in history.into_iter().zip(draws(seed)) {
            run.step(step, draw)?;
        }
    }

    #[test]
    fn the_rules_hold_with_the_default_policy_and_times_of_the_field(
        history in steps(sober_duration()),
        seed in any::<u64>(),
    ) {
        let policy = Policy::default().sane();
        let mut run = Run::new(&policy);
        for (step, draw) in history.into_iter().zip(draws(seed)) {
            run.step(step, draw)?;
        }
        let most = policy.attempts_per_minute() as usize;
        for window in run.starts.windows(most + 1) {
            prop_assert!(window[most] - window[0] > Duration::from_secs(60), "more than {most} in a minute");
        }
    }

    /// From the first refresh to the end of the credential nothing succeeds, in whatever way it fails. With fewer
    /// attempts than these the rule of the quarter wins.
    #[test]
    fn an_outage_over_the_whole_life_stays_within_the_attempts_of_a_lifetime(
        lifetime in sober_duration(),
        attempts in 64..200_u32,
        backoff_max in 1..300_u64,
        took in 0..2000_u64,
        input_in in prop::option::of(0..5000_u64),
        seed in any::<u64>(),
    ) {
        let policy = Policy::default()
            .with_attempts_per_lifetime(attempts)
            .with_backoff_max(Duration::from_secs(backoff_max))
            .sane();
        let mut run = Run::new(&policy);
        let issued = Came::Issued { lifetime: Some(lifetime), hint: None, renewable: false, same: false };
        run.attempt(Duration::ZERO, issued, 0.5)?;
        let mut failed = 0;
        for (transient, draw) in draws(seed).map(|draw| draw < 0.9).zip(draws(!seed)) {
            run.sleep()?;
            if run.left().is_none() {
                break;
            }
            failed += 1;
            let input_in = input_in.map(Duration::from_millis);
            let came = Came::Failed { transient, retry_after: None, input_in };
            run.attempt(Duration::from_millis(took), came, draw)?;
        }
        prop_assert!(failed <= attempts, "{failed} attempts in a life of {lifetime:?}, {attempts} allowed");
    }

    /// Promise 6, in the schedule alone: any outage of a third of the lifetime, at most 40 minutes.
    #[test]
    fn an_outage_of_a_third_of_the_lifetime_costs_no_read(
        lifetime in (60.0..1e6_f64).prop_map(Duration::from_secs_f64),
        starts_at in 0.0..1.0_f64,
        seed in any::<u64>(),
    ) {
        let policy = Policy::default().sane();
        let mut run = Run::new(&policy);
        let issued = || Came::Issued { lifetime: Some(lifetime), hint: None, renewable: false, same: false };
        run.attempt(Duration::ZERO, issued(), 0.5)?;
        let from = lifetime.mul_f64(starts_at);
        let until = from + (lifetime / 3).min(Duration::from_secs(2400));
        for draw in draws(seed).take(1000) {
            run.sleep()?;
            prop_assert!(run.left().is_some(), "it ended at {:?} of {lifetime:?}", run.now);
            if run.now >= from && run.now < until {
                // A target that hangs takes all the time that the attempt has.
                run.attempt(Duration::MAX, Came::Failed { transient: true, retry_after: None, input_in: None }, draw)?;
            } else {
                run.attempt(Duration::from_millis(200), issued(), draw)?;
                if run.now >= until {
                    return Ok(());
                }
            }
        }
        prop_assert!(false, "the outage never ended");
    }

    /// A target so slow that four exchanges fill a life is slow, not out of order.
    #[test]
    fn an_exchange_that_takes_a_quarter_of_the_lifetime_costs_no_read(
        lifetime in (4.0..1e6_f64).prop_map(Duration::from_secs_f64),
        share in 0.0..0.25_f64,
        refused in 0..2_u32,
        seed in any::<u64>(),
    ) {
        let policy = Policy::default().sane();
        let took = lifetime.mul_f64(share).min(policy.attempt_deadline - Duration::from_millis(1));
        let mut run = Run::new(&policy);
        let issued = || Came::Issued { lifetime: Some(lifetime), hint: None, renewable: false, same: false };
        run.attempt(took, issued(), 0.5)?;
        for draw in draws(seed).take(20) {
            run.sleep()?;
            if share < 0.2 && lifetime > Duration::from_secs(30) {
                // A connection that is refused has cost no time, so the next attempt gets as much of it.
                for _ in 0..refused {
                    run.attempt(Duration::ZERO, Came::Failed { transient: true, retry_after: None, input_in: None }, 0.0)?;
                    run.sleep()?;
                }
            }
            prop_assert!(run.left().is_some_and(|left| left > took), "{:?} left for {took:?}", run.left());
            let generations = run.schedule.begun();
            run.attempt(took, issued(), draw)?;
            prop_assert!(run.schedule.begun() > generations, "the attempt was cut");
        }
    }

    /// What lived for seconds is back within seconds, however long the outage was.
    #[test]
    fn after_its_end_it_is_tried_again_within_a_quarter_of_its_life(
        lifetime in (4.0..1e5_f64).prop_map(Duration::from_secs_f64),
        renewed in prop::option::of(4.0..1e3_f64),
        seed in any::<u64>(),
    ) {
        let policy = Policy::default().sane();
        let mut run = Run::new(&policy);
        run.attempt(Duration::ZERO, Came::Issued { lifetime: Some(lifetime), hint: None, renewable: true, same: false }, 0.5)?;
        let mut span = lifetime;
        if let Some(renewed) = renewed {
            run.sleep()?;
            span = Duration::from_secs_f64(renewed);
            run.attempt(Duration::ZERO, Came::Renewed { lifetime: span, again: true }, 0.5)?;
        }
        for draw in draws(seed).take(200) {
            run.sleep()?;
            let over = run.left().is_none();
            run.attempt(Duration::ZERO, Came::Failed { transient: true, retry_after: None, input_in: None }, draw)?;
            let wait = run.schedule.due().map_or(Duration::MAX, |due| due - run.now);
            let most = policy.backoff_max.min((span / 4).max(policy.backoff_base));
            prop_assert!(!over || wait <= most, "{wait:?} after a life of {span:?}");
        }
        prop_assert!(run.left().is_none() || span > Duration::from_secs(3600), "the end was never reached");
    }

    /// The same for a child: its parent is handed over in time, and an outage begins before the child has moved.
    #[test]
    fn an_outage_of_a_third_of_the_parents_lifetime_costs_no_read_of_its_children(
        lifetime in (120.0..1e6_f64).prop_map(Duration::from_secs_f64),
        early in 0.0..1.0_f64,
        starts_at in 0.0..1.0_f64,
        seed in any::<u64>(),
    ) {
        let policy = Policy::default().sane();
        let mut run = Run::new(&policy);
        let issued = Came::Issued { lifetime: Some(lifetime * 10), hint: None, renewable: false, same: false };
        run.attempt(Duration::ZERO, issued.clone(), 0.5)?;
        run.bound = Some(lifetime);
        let lead = spread(lifetime.mul_f64(policy.refresh_share).min(policy.refresh_lead_max), &policy, early);
        run.now = lifetime - lead;
        run.schedule.parent_changed(run.now, lifetime, false, early);
        let from = run.now + (lead / 2).mul_f64(starts_at);
        let until = from + (lifetime / 3).min(Duration::from_secs(2400));
        for draw in draws(seed).take(1000) {
            run.sleep()?;
            prop_assert!(run.left().is_some(), "it ended with its parent at {lifetime:?}");
            if run.now < from || run.now >= until {
                return Ok(());
            }
            run.attempt(Duration::MAX, Came::Failed { transient: true, retry_after: None, input_in: None }, draw)?;
        }
        prop_assert!(false, "the outage never ended");
    }
}

#[test]
fn what_is_final_stays_final() {
    let policy = Policy::default().with_terminal_is_final(true).sane();
    let mut run = Run::new(&policy);
    run.schedule.queued();
    run.schedule.started(run.now, None, &policy);
    run.schedule.failed(run.now, None, Failure { transient: false, ..TRANSIENT }, &policy, 0.5);
    run.schedule.asked(run.now, None);
    run.schedule.expired(run.now);
    assert_eq!((run.schedule.due(), run.wants()), (None, false));
}

#[test]
fn a_share_of_a_long_time_is_not_more_than_the_whole() {
    // As a float of seconds this is a nanosecond more.
    let whole = Duration::new(9_518_148, 68_939_184);
    assert!(Duration::from_secs_f64(whole.as_secs_f64()) > whole);
    assert_eq!(scaled(whole, 1.0), whole);
    assert!(scaled(whole, 0.999) < whole && scaled(whole, 1.5) > whole);
    assert_eq!(scaled(Duration::MAX, 1.0), Duration::MAX);
}
