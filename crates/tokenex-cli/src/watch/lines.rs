//! A line for people for each event.

use std::fmt::Write as _;

use crate::catalog::Change;
use crate::news::News;
use crate::time::{from_now, rfc3339};
use tokenex::core::Removed;

/// The lines of a change, in the order in which things happened.
pub(super) fn of(news: &News) -> String {
    let mut lines = String::new();
    for event in events(&news.change) {
        let _ = writeln!(lines, "{}  {}  {event}", rfc3339(news.change.at), news.name);
    }
    lines
}

/// What a change says, in words.
pub(super) fn events(change: &Change) -> Vec<String> {
    let mut events = Vec::new();
    if let Some(removed) = change.removed {
        events.push(format!("removed: {}", why(removed)));
    }
    let until = match change.credential.as_ref().and_then(|held| held.expires_at) {
        Some(at) => format!("until {} ({})", rfc3339(at), from_now(at, change.at)),
        None => "without an end".to_owned(),
    };
    if change.renewed {
        events.push(format!("renewed: valid {until}"));
    } else if change.updated {
        let generation = change.credential.as_ref().map_or(0, |held| held.generation);
        events.push(format!("updated: generation {generation}, valid {until}"));
    } else if change.recovered && change.credential.is_some() {
        events.push(format!("recovered: valid {until}"));
    }
    if let Some(failing) = &change.failing {
        let held = if change.credential.is_some() { "; the one in hand is valid " } else { "" };
        let until = if change.credential.is_some() { until.as_str() } else { "" };
        events.push(format!("failing: {}{held}{until}", failing.last));
    }
    events
}

fn why(removed: Removed) -> &'static str {
    match removed {
        Removed::Expired => "it ended, and no new one had come",
        Removed::Withdrawn => "the target says that there is none any more",
        Removed::Closed => "closed",
        _ => "it is gone",
    }
}
