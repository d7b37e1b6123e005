//! Figures that were measured several times.

use std::fmt;

/// The same figure, of each round.
#[derive(Debug, Clone, Default)]
pub struct Spread(Vec<f64>);

impl Spread {
    /// One more round.
    pub fn add(&mut self, figure: f64) {
        let place = self.0.partition_point(|other| *other < figure);
        self.0.insert(place, figure);
    }

    /// The one in the middle.
    pub fn median(&self) -> f64 {
        self.0.get(self.0.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// The quotients of what was measured in the same rounds.
    pub fn of_quotients(subject: &[f64], floor: &[f64]) -> Self {
        let mut spread = Self::default();
        for (subject, floor) in subject.iter().zip(floor) {
            spread.add(subject / floor);
        }
        spread
    }
}

impl FromIterator<f64> for Spread {
    fn from_iter<I: IntoIterator<Item = f64>>(figures: I) -> Self {
        let mut spread = Self::default();
        figures.into_iter().for_each(|figure| spread.add(figure));
        spread
    }
}

/// Median and range: `12.3 (11.9 to 14.0)`.
impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.first(), self.0.last()) {
            (Some(least), Some(most)) if self.0.len() > 1 => {
                write!(f, "{} ({} to {})", short(self.median()), short(*least), short(*most))
            }
            (Some(only), _) => write!(f, "{}", short(*only)),
            _ => f.write_str("–"),
        }
    }
}

/// Three digits that count.
pub(crate) fn short(figure: f64) -> String {
    match figure.abs() {
        size if size >= 99.95 => format!("{figure:.0}"),
        size if size >= 9.995 => format!("{figure:.1}"),
        _ => format!("{figure:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_and_range_are_told_with_three_digits() {
        let spread: Spread = [3.0, 100.2, 1.0].into_iter().collect();
        assert_eq!(spread.to_string(), "3.00 (1.00 to 100)");
        assert_eq!(Spread::of_quotients(&[2.0, 6.0, 9.0], &[1.0, 2.0, 3.0]).median(), 3.0);
    }
}
