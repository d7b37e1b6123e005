//! What goes wrong, and when.

use std::{
    fmt,
    time::{Duration, Instant},
};

use fastrand::Rng;
use tokio::time::sleep;

use super::{options::Options, stage::Stage};
use crate::Failure;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Trouble {
    /// Connections are reset, new ones refused.
    Cut,
    /// Bytes vanish, nobody hangs up.
    BlackHole,
    /// Each piece of data is held up for so long.
    Delay(Duration),
    /// Connections are reset after so many bytes of answers.
    HalfAnswers(u64),
    /// The server is stopped in its tracks.
    Paused,
    Sealed,
    DatabaseDown,
}

/// Some trouble after a fair time.
#[derive(Debug, Clone, PartialEq)]
struct Spell {
    fair: Duration,
    lasts: Duration,
    trouble: Trouble,
}

/// Spells for so long, the same for the same seed. Each kind comes once before any comes again.
fn forecast(seed: u64, length: Duration) -> Vec<Spell> {
    let (mut random, mut spells, mut filled) = (Rng::with_seed(seed), Vec::new(), Duration::ZERO);
    while filled < length {
        let mut kinds = [
            Trouble::Cut,
            Trouble::BlackHole,
            Trouble::Delay(Duration::from_millis(random.u64(100..1500))),
            Trouble::HalfAnswers(random.u64(20..900)),
            Trouble::Paused,
            Trouble::Sealed,
            Trouble::DatabaseDown,
        ];
        random.shuffle(&mut kinds);
        for trouble in kinds {
            // Most are over within a third of a login's life; one in six outlives logins and leases.
            let longest = if random.u8(..6) == 0 { 25_000 } else { 5_000 };
            let spell = Spell {
                fair: Duration::from_millis(random.u64(500..4_000)),
                lasts: Duration::from_millis(random.u64(500..longest)),
                trouble,
            };
            filled += spell.fair + spell.lasts;
            spells.push(spell);
        }
    }
    spells
}

/// Lets the forecast come true until the time is up.
pub(super) async fn pass(stage: &Stage, options: &Options, began: Instant) -> Result<(), Failure> {
    let left = || options.length.saturating_sub(began.elapsed());
    for spell in forecast(options.seed, options.length) {
        sleep(spell.fair.min(left())).await;
        if left().is_zero() {
            break;
        }
        println!("[{:6.1} s] {spell}", began.elapsed().as_secs_f64());
        spell.trouble.begin(stage).await?;
        sleep(spell.lasts.min(left())).await;
        spell.trouble.end(stage).await?;
    }
    sleep(left()).await;
    Ok(())
}

impl Trouble {
    async fn begin(self, stage: &Stage) -> Result<(), Failure> {
        stage.set_trouble(true);
        match self {
            Self::Cut => stage.proxy.cut().await,
            Self::BlackHole => stage.proxy.black_hole(),
            Self::Delay(delay) => stage.proxy.delay(delay),
            Self::HalfAnswers(bytes) => stage.proxy.cut_after(bytes),
            Self::Paused => stage.bao.pause().await?,
            Self::Sealed => stage.bao.seal().await?,
            Self::DatabaseDown => stage.database_down().await?,
        }
        Ok(())
    }

    async fn end(self, stage: &Stage) -> Result<(), Failure> {
        match self {
            Self::Cut | Self::BlackHole | Self::Delay(_) | Self::HalfAnswers(_) => stage.proxy.heal()?,
            Self::Paused => stage.bao.resume().await?,
            Self::Sealed => stage.bao.unseal().await?,
            Self::DatabaseDown => stage.database_up().await?,
        }
        stage.set_trouble(false);
        Ok(())
    }
}

impl fmt::Display for Spell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "for {:.1} s ", self.lasts.as_secs_f64())?;
        match self.trouble {
            Trouble::Cut => f.write_str("the network is cut"),
            Trouble::BlackHole => f.write_str("the network swallows everything"),
            Trouble::Delay(delay) => write!(f, "the network is slow: {} ms for each piece", delay.as_millis()),
            Trouble::HalfAnswers(bytes) => write!(f, "connections are reset after {bytes} bytes of answers"),
            Trouble::Paused => f.write_str("OpenBao is stopped in its tracks"),
            Trouble::Sealed => f.write_str("OpenBao is sealed"),
            Trouble::DatabaseDown => f.write_str("PostgreSQL is down"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_decides_the_schedule_which_fills_the_time() {
        let minute = Duration::from_secs(60);
        let spells = forecast(7, minute);
        assert_eq!(spells, forecast(7, minute));
        assert_ne!(spells, forecast(8, minute));
        assert!(spells.iter().map(|spell| spell.fair + spell.lasts).sum::<Duration>() >= minute);
    }
}
