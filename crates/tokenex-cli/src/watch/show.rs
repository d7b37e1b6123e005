//! How `watch` shows what happens.

use std::io::{self, IsTerminal};

use super::board::Board;
use super::lines;
use crate::args::WatchFormat;
use crate::catalog::Catalog;
use crate::failure::Failure;
use crate::formats::jsonl;
use crate::news::News;
use crate::output::{self, Stdout};

/// One of the ways.
#[derive(Debug)]
pub(crate) enum Show {
    Board(Board),
    Lines,
    Json { reveal: bool },
}

impl Show {
    /// A table needs a terminal for itself: elsewhere, and where a log runs over it, there are lines.
    pub(crate) fn new(format: WatchFormat, reveal: bool, logs: bool, catalog: &Catalog) -> Self {
        match format {
            WatchFormat::Jsonl => Self::Json { reveal },
            WatchFormat::Table if io::stdout().is_terminal() && !logs => Self::Board(Board::new(catalog)),
            WatchFormat::Table => Self::Lines,
        }
    }

    /// Something has changed.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(crate) fn hear(&mut self, news: &News) -> Result<Stdout, Failure> {
        match self {
            Self::Board(board) => {
                board.hear(news);
                Ok(Stdout::Open)
            }
            Self::Lines => output::data(&lines::of(news)),
            Self::Json { reveal } => {
                for line in jsonl::change(&news.name, &news.change, *reveal) {
                    if output::data(line.expose())? == Stdout::Closed {
                        return Ok(Stdout::Closed);
                    }
                }
                Ok(Stdout::Open)
            }
        }
    }

    /// Time has passed.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(crate) fn tick(&mut self, catalog: &Catalog) -> Result<Stdout, Failure> {
        match self {
            Self::Board(board) => board.draw(catalog),
            Self::Lines | Self::Json { .. } => Ok(output::reader()),
        }
    }
}
