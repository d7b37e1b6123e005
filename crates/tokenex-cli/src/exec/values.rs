//! The values that a command was given, and until when they are worth something.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::SystemTime;

use tokenex::core::Secret;

use super::wanted::{Field, File, Variable};
use crate::catalog::{Change, Snapshot};
use crate::failure::Failure;
use crate::formats::no_such_field;

/// What of a process's environment differs from ours.
#[derive(Debug, Default)]
pub(crate) struct Environment {
    /// Not handed on.
    pub(crate) removed: Vec<String>,
    /// Set, after that.
    pub(crate) set: Vec<(String, Secret)>,
}

/// The newest credentials by name, and which of them the running command has in its environment.
#[derive(Debug)]
pub(crate) struct Values {
    variables: Vec<Variable>,
    files: Vec<File>,
    newest: BTreeMap<String, Snapshot>,
    given: BTreeMap<String, Given>,
}

/// A credential in the environment of the running command, which nobody can change there.
#[derive(Debug)]
struct Given {
    generation: u64,
    ends_at: Option<SystemTime>,
    told: bool,
}

/// What a change means for the command.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Difference {
    /// Variables would have other values.
    pub(crate) variables: bool,
    /// Files whose content is to be replaced.
    pub(crate) files: Vec<PathBuf>,
}

impl Values {
    pub(crate) fn new(variables: Vec<Variable>, files: Vec<File>) -> Self {
        Self { variables, files, newest: BTreeMap::new(), given: BTreeMap::new() }
    }

    /// The credentials that are needed, each once.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.fields().map(|field| field.name.clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    fn fields(&self) -> impl Iterator<Item = &Field> {
        self.variables.iter().map(|one| &one.from).chain(self.files.iter().map(|one| &one.from))
    }

    /// Takes a credential over, and says what differs by it.
    ///
    /// # Errors
    /// When a field is not there, or cannot be a variable. The old values stay.
    pub(crate) fn take(&mut self, name: &str, snapshot: Snapshot) -> Result<Difference, Failure> {
        let old = self.newest.get(name);
        let changed = |field: &Field| -> Result<bool, Failure> {
            let new = field_of(field, &snapshot)?;
            let same = old.and_then(|old| old.value.field(&field.field)).is_some_and(|old| old.same_as(&new));
            Ok(!same)
        };
        let mut difference = Difference::default();
        for one in self.variables.iter().filter(|one| one.from.name == name) {
            if field_of(&one.from, &snapshot)?.expose().contains('\0') {
                return Err(Failure::usage(format!(
                    "{}.{} holds a zero byte, and no variable can: use --file",
                    one.from.name, one.from.field
                )));
            }
            difference.variables |= changed(&one.from)?;
        }
        for one in self.files.iter().filter(|one| one.from.name == name) {
            if changed(&one.from)? {
                difference.files.push(one.path.clone());
            }
        }
        self.newest.insert(name.to_owned(), snapshot);
        Ok(difference)
    }

    /// What a file holds now.
    pub(crate) fn content(&self, path: &PathBuf) -> Option<Secret> {
        let file = self.files.iter().find(|file| file.path == *path)?;
        self.newest.get(&file.from.name)?.value.field(&file.from.field)
    }

    /// The variables for a command that starts now.
    pub(crate) fn give(&mut self) -> Vec<(String, Secret)> {
        self.given.clear();
        let mut set = Vec::new();
        for one in &self.variables {
            let Some(snapshot) = self.newest.get(&one.from.name) else { continue };
            let Some(value) = snapshot.value.field(&one.from.field) else { continue };
            let given = Given { generation: snapshot.generation, ends_at: snapshot.expires_at, told: false };
            self.given.insert(one.from.name.clone(), given);
            set.push((one.variable.clone(), value));
        }
        set
    }

    /// Notes how a change moves the end of what is in the environment: a renewal puts it off, a successor may bring it
    /// nearer, since what is superseded is revoked after a grace.
    pub(crate) fn note_end(&mut self, name: &str, change: &Change) {
        let Some(given) = self.given.get_mut(name) else { return };
        match &change.credential {
            Some(held) if held.generation == given.generation => {
                given.ends_at = held.expires_at;
                given.told = false;
            }
            Some(_) if change.updated => given.ends_at = Some(change.previous_until.unwrap_or(change.at)),
            Some(_) => {}
            None if change.removed.is_some() => given.ends_at = Some(change.at),
            None => {}
        }
    }

    /// When the next of what is in the environment ends.
    pub(crate) fn next_end(&self) -> Option<SystemTime> {
        self.given.values().filter(|given| !given.told).filter_map(|given| given.ends_at).min()
    }

    /// The credentials in the environment that have ended, each told once, with the variables that hold them.
    pub(crate) fn ended(&mut self, now: SystemTime) -> Vec<(String, Vec<String>)> {
        let mut ended = Vec::new();
        for (name, given) in &mut self.given {
            if !given.told && given.ends_at.is_some_and(|at| at <= now) {
                given.told = true;
                let variables = self.variables.iter().filter(|one| one.from.name == *name);
                ended.push((name.clone(), variables.map(|one| one.variable.clone()).collect()));
            }
        }
        ended
    }
}

fn field_of(field: &Field, snapshot: &Snapshot) -> Result<Secret, Failure> {
    let value = snapshot.value.field(&field.field);
    value.ok_or_else(|| no_such_field(&field.name, &field.field, &snapshot.value.fields()))
}
