//! Targets, credentials, readers and outages together.

use std::time::{Duration, Instant};

use tokenex::core::{Scheduler, Status};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinSet;

use super::credentials::{self, CAST, Player};
use super::outage::{Act, Outage, Outages};
use super::plan::Plan;
use super::show::Phase;
use super::tally::{Seen, Tally};
use super::targets::Targets;
use super::watching::Heard;
use crate::failure::{Exit, Failure};

/// How long shutting down may take: what a program gets from most platforms, and a bit less.
const SHUTDOWN: Duration = Duration::from_secs(5);

/// A run while it runs.
pub(super) struct Stage {
    plan: Plan,
    targets: Targets,
    scheduler: Scheduler,
    players: Vec<Player>,
    heard: UnboundedReceiver<Heard>,
    seen: Vec<Seen>,
    readers: JoinSet<()>,
    outages: Outages,
    /// When all credentials were there.
    began: Option<Instant>,
}

impl Stage {
    /// Starts the targets, and then the credentials.
    ///
    /// # Errors
    /// When there is no free loopback port, or the demo itself is at fault.
    pub(super) async fn open(plan: Plan) -> Result<Self, Failure> {
        let no_port = |error| Failure::new(Exit::Internal, format!("the demo needs free loopback ports: {error}"));
        let targets = Targets::start(&plan.lives).await.map_err(no_port)?;
        let (tell, heard) = unbounded_channel();
        let (scheduler, players) = credentials::start(&targets, &plan.lives, &tell)?;
        Ok(Self {
            outages: Outages::new(plan.length, plan.outage),
            seen: CAST.map(|(_, provider)| Seen::of(provider)).to_vec(),
            readers: JoinSet::new(),
            began: None,
            plan,
            targets,
            scheduler,
            players,
            heard,
        })
    }

    pub(super) fn phase(&self) -> Phase {
        match self.began {
            None => Phase::Starting,
            Some(began) => Phase::Running(began.elapsed(), self.plan.length),
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.began.is_some_and(|began| began.elapsed() >= self.plan.length)
    }

    pub(super) fn statuses(&self) -> Vec<Status> {
        self.players.iter().map(Player::status).collect()
    }

    /// What was seen of each credential until now.
    pub(super) fn seen(&mut self) -> &[Seen] {
        let Targets { azure, aws, gcp, oci, vault, .. } = &self.targets;
        let issued = [azure.issued(), aws.issued(), gcp.issued(), oci.issued(), vault.issued()];
        for ((seen, player), issued) in self.seen.iter_mut().zip(&self.players).zip(issued) {
            seen.reads = player.reads.counts();
            seen.issued = issued;
        }
        &self.seen
    }

    /// The outage that runs, and for how long still.
    pub(super) fn outage(&self) -> Option<(Outage, Duration)> {
        self.began.and_then(|began| self.outages.running(began.elapsed()))
    }

    /// Waits for the next news, and counts it.
    ///
    /// Cancel safe.
    pub(super) async fn hear(&mut self) -> Option<(Heard, Seen)> {
        let heard = self.heard.recv().await?;
        Some(self.count(heard))
    }

    fn count(&mut self, heard: Heard) -> (Heard, Seen) {
        let seen = &mut self.seen[heard.index];
        seen.hear(&heard);
        (heard, seen.clone())
    }

    /// Does what is due now: begins to read once all credentials are there; breaks and mends.
    ///
    /// # Errors
    /// When something cannot be mended.
    pub(super) async fn turn(&mut self) -> Result<Option<Act>, Failure> {
        let statuses = self.statuses();
        let Some(began) = self.began else {
            if statuses.iter().all(|status| status.state.is_ready()) {
                self.began = Some(Instant::now());
                self.players.iter_mut().for_each(|player| player.start_reading(&mut self.readers));
            }
            return Ok(None);
        };
        let act = self.outages.at(began.elapsed(), |outage| due(outage, &statuses));
        match act {
            Some(Act::Break(outage)) => self.targets.begin(outage).await,
            Some(Act::Mend(outage)) => self.mend(outage)?,
            None => {}
        }
        Ok(act)
    }

    fn mend(&self, outage: Outage) -> Result<(), Failure> {
        let lost = |error| Failure::new(Exit::Internal, format!("a port was lost to another program: {error}"));
        self.targets.end(outage).map_err(lost)
    }

    /// Stops the readers and closes everything.
    pub(super) async fn close(mut self, interrupted: bool) -> Result<Tally, Failure> {
        let ran = self.began.map(|began| began.elapsed()).unwrap_or_default();
        self.readers.shutdown().await;
        if let Some((outage, _)) = self.outage() {
            self.mend(outage)?;
        }
        while let Ok(heard) = self.heard.try_recv() {
            self.count(heard);
        }
        let report = self.scheduler.shutdown(SHUTDOWN).await;
        let (revoked, alive) = (self.targets.vault.revoked(), self.targets.vault.alive());
        let seen = self.seen().to_vec();
        Ok(Tally { ran, interrupted, seen, report, revoked, alive })
    }
}

/// In how long the refreshes are due that this outage could meet.
fn due(outage: Outage, statuses: &[Status]) -> Vec<Duration> {
    let meets = |index: usize| {
        let (_, provider) = CAST[index];
        match outage {
            Outage::Targets => matches!(provider, "Azure" | "Vault"),
            // Vault's login lives on: its leases need no new identity token.
            Outage::Issuer => provider != "Vault",
        }
    };
    let met = statuses.iter().enumerate().filter(|(index, _)| meets(*index));
    met.filter_map(|(_, status)| status.next_attempt_at?.duration_since(status.at).ok()).collect()
}
