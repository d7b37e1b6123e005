//! What is left of a life, as a bar.

/// From an eighth to seven of them, in Unicode's block elements.
const PARTS: [char; 7] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// A bar of `width` characters of which `share` is full: its full part, and the rest.
pub(super) fn bar(share: f64, width: usize, unicode: bool) -> (String, String) {
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    let eighths = (share * width as f64 * 8.0).round() as usize;
    let (full, part) = (eighths / 8, eighths % 8);
    if !unicode {
        let full = (share * width as f64).round() as usize;
        return ("#".repeat(full), "-".repeat(width - full));
    }
    let mut filled = "█".repeat(full);
    filled.extend(part.checked_sub(1).map(|part| PARTS[part]));
    let rest = width - full - usize::from(part > 0);
    (filled, "░".repeat(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_always_as_wide_as_asked() {
        for unicode in [true, false] {
            for width in [0, 1, 7, 20] {
                for share in [-1.0, 0.0, 0.01, 0.33, 0.5, 0.999, 1.0, 7.0, f64::NAN, f64::INFINITY] {
                    let (full, rest) = bar(share, width, unicode);
                    assert_eq!(full.chars().count() + rest.chars().count(), width, "{share} of {width}");
                }
            }
        }
    }

    #[test]
    fn what_is_left_is_what_is_full() {
        assert_eq!(bar(0.5, 4, true), ("██".to_owned(), "░░".to_owned()));
        assert_eq!(bar(0.5, 3, true), ("█▌".to_owned(), "░".to_owned()));
        assert_eq!(bar(0.5, 4, false), ("##".to_owned(), "--".to_owned()));
        assert_eq!(bar(0.0, 2, true), (String::new(), "░░".to_owned()));
    }
}
