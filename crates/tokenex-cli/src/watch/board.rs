//! A table that is drawn anew.

use std::collections::HashMap;
use std::time::SystemTime;

use tokenex::core::{Error, State};

use super::lines::events;
use crate::catalog::Catalog;
use crate::failure::Failure;
use crate::news::News;
use crate::output::Stdout;
use crate::table::{Row, Screen, Table, Tone};

/// The table, and what it shows that no credential tells by itself.
#[derive(Debug)]
pub(crate) struct Board {
    table: Table,
    screen: Screen,
    places: HashMap<String, usize>,
    refreshes: Vec<u64>,
}

impl Board {
    pub(super) fn new(catalog: &Catalog) -> Self {
        let table = Table::new(catalog.iter().map(|managed| Row::new(managed.name(), managed.provider())));
        let places: HashMap<_, _> = catalog.iter().enumerate().map(|(at, one)| (one.name().to_owned(), at)).collect();
        Self { table, screen: Screen::on_stdout(), refreshes: vec![0; places.len()], places }
    }

    pub(super) fn hear(&mut self, news: &News) {
        let (Some(place), change) = (self.places.get(&news.name).copied(), &news.change) else { return };
        let row = self.table.row(place);
        if change.updated {
            let first = change.credential.as_ref().is_some_and(|held| held.generation == 1) && !change.renewed;
            self.refreshes[place] += u64::from(!first);
            let until = change.credential.as_ref().and_then(|held| held.expires_at);
            row.lifetime(until.and_then(|until| until.duration_since(change.at).ok()));
            row.refreshes(self.refreshes[place]);
        }
        match (&change.failing, events(change).last()) {
            // The column of the provider says the rest, and there is little room.
            (Some(failing), _) => drop(row.tell(&without_names(&failing.last), change.at)),
            (None, Some(last)) => drop(row.tell(last, change.at)),
            (None, None) => {}
        }
    }

    pub(super) fn draw(&mut self, catalog: &Catalog) -> Result<Stdout, Failure> {
        for (place, managed) in catalog.iter().enumerate() {
            let status = managed.status();
            let row = self.table.row(place);
            row.valid_until(status.valid_until).next(status.next_attempt_at).tone(tone(status.state));
        }
        let look = self.screen.look();
        self.screen.draw(&self.table.lines(SystemTime::now(), &look))
    }
}

/// What failed and why, without the names of the provider and its step before it.
fn without_names(error: &Error) -> String {
    let text = error.to_string();
    let names: Vec<_> = error.provider().into_iter().chain(error.step()).collect();
    text.strip_prefix(&format!("{}: ", names.join(" "))).unwrap_or(&text).to_owned()
}

fn tone(state: State) -> Tone {
    match state {
        State::Starting => Tone::Waiting,
        State::Ready => Tone::Good,
        State::Degraded => Tone::Worried,
        State::Failing => Tone::Bad,
        _ => Tone::Ended,
    }
}
