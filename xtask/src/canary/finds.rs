//! Everything that a run has left, searched place by place.

use std::{
    collections::{BTreeMap, HashMap},
    fs::{self, File},
    path::{Path, PathBuf},
};

use super::{
    asked_for,
    folder::Folder,
    processes::{ARGUMENTS, ENVIRONMENT},
    search::{Match, Search, What},
    secrets::Secrets,
};
use crate::Failure;

/// Where a secret can show.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Place {
    Output,
    Log,
    Text,
    Arguments,
    Environment,
    /// In the temporary folder of the programs.
    LeftBehind,
    /// Elsewhere in the workspace.
    Workspace,
}

impl Place {
    pub(super) const ALL: [Self; 7] =
        [Self::Output, Self::Log, Self::Text, Self::Arguments, Self::Environment, Self::LeftBehind, Self::Workspace];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Output => "output, panics, backtraces",
            Self::Log => "logs at trace level",
            Self::Text => "errors, debug prints, reports",
            Self::Arguments => "arguments of processes",
            Self::Environment => "environments of processes",
            Self::LeftBehind => "temporary files left behind",
            Self::Workspace => "files written in the workspace",
        }
    }

    /// Sources hold what is written by hand, and so does what is made of them.
    fn counts(self, what: &What) -> bool {
        self != Self::Workspace || matches!(what, What::Secret { .. })
    }
}

/// What a run came to.
#[derive(Default)]
pub(super) struct Finds {
    pub(super) places: BTreeMap<Place, Searched>,
    /// How often each was found where it should not be, with the first line.
    pub(super) leaks: BTreeMap<Leak, (usize, usize)>,
    /// How often something was seen where it was asked for, by the reason.
    pub(super) asked_for: BTreeMap<&'static str, usize>,
    pub(super) secrets: usize,
    pub(super) short: usize,
    /// Variables with their values that a program was asked to have, and why: whatever it starts inherits them.
    inherited: HashMap<Vec<u8>, &'static str>,
}

#[derive(Default)]
pub(super) struct Searched {
    pub(super) texts: usize,
    pub(super) bytes: u64,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Leak {
    pub(super) place: Place,
    /// Which output, program, variable or file.
    pub(super) name: String,
    pub(super) what: What,
}

impl Finds {
    /// Searches the folder of a run, and these files of the workspace.
    pub(super) fn of(folder: &Folder, written: &[PathBuf]) -> Result<Self, Failure> {
        let secrets = Secrets::read(&folder.part(Folder::SECRETS))?;
        let search = Search::new(&secrets.known)?;
        let mut finds = Self { secrets: secrets.known.len(), short: secrets.short, ..Self::default() };
        for (place, part) in [
            (Place::Output, Folder::OUTPUT),
            (Place::Log, Folder::LOGS),
            (Place::Text, Folder::TEXTS),
            (Place::LeftBehind, Folder::TEMPORARY),
        ] {
            files_below(&folder.part(part)).iter().try_for_each(|file| finds.search(&search, place, file))?;
        }
        let processes = folder.part(Folder::PROCESSES);
        finds.search(&search, Place::Arguments, &processes.join(ARGUMENTS))?;
        finds.search_environment(&search, &processes.join(ENVIRONMENT))?;
        written.iter().try_for_each(|file| finds.search(&search, Place::Workspace, file))?;
        Ok(finds)
    }

    fn search(&mut self, search: &Search<'_>, place: Place, path: &Path) -> Result<(), Failure> {
        // It may be gone by now.
        let Ok(file) = File::open(path) else { return Ok(()) };
        let name = match place {
            Place::Workspace => path.display().to_string(),
            _ => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        };
        let bytes = search.read(file, |hit| self.take(place, &name, hit))?;
        let searched = self.places.entry(place).or_default();
        searched.bytes += bytes;
        searched.texts += 1;
        Ok(())
    }

    /// Twice: a program is seen by luck, so what starts another one may stand behind it.
    fn search_environment(&mut self, search: &Search<'_>, path: &Path) -> Result<(), Failure> {
        if let Ok(file) = File::open(path) {
            search.read(file, |hit| {
                let (program, variable) = split(&hit.record);
                if let Some(why) = asked_for::why(Place::Environment, &program, &variable) {
                    self.inherited.insert(variable, why);
                }
            })?;
        }
        self.search(search, Place::Environment, path)
    }

    fn take(&mut self, place: Place, file: &str, hit: Match) {
        let Match { what, line, record } = hit;
        if !place.counts(&what) {
            return;
        }
        let (name, record) = match place {
            Place::Arguments | Place::Environment => split(&record),
            _ => (file.to_owned(), Vec::new()),
        };
        let inherited = || self.inherited.get(&record).copied();
        if let Some(why) = asked_for::why(place, &name, &record).or_else(inherited) {
            *self.asked_for.entry(why).or_default() += 1;
            return;
        }
        let name = match (place, record.split(|&byte| byte == b'=').next()) {
            (Place::Environment, Some(variable)) => format!("{name}, {}", String::from_utf8_lossy(variable)),
            _ => name,
        };
        self.leaks.entry(Leak { place, name, what }).or_insert((0, line)).0 += 1;
    }
}

/// The program of a record, and what it had.
fn split(record: &[u8]) -> (String, Vec<u8>) {
    let at = record.iter().position(|&byte| byte == b'\t').unwrap_or(0);
    (String::from_utf8_lossy(&record[..at]).into_owned(), record[at..].trim_ascii_start().to_vec())
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files.extend(files_below(&entry.path())),
            Ok(kind) if kind.is_file() => files.push(entry.path()),
            _ => {}
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canary::secrets::Secret;

    #[test]
    fn what_a_program_was_asked_to_have_its_children_inherit_and_no_other_has() {
        let [asked, other] = ["asked", "other"].map(|name| format!("0123456789-the-{name}-secret-0123456789"));
        let secrets =
            [&asked, &other].map(|text| Secret { label: "planted".to_owned(), text: text.clone().into_bytes() });
        let path = std::env::temp_dir().join(format!("xtask-finds-{:016x}", fastrand::u64(..)));
        let records = [
            format!("uname\tMSI_SECRET={asked}"),
            format!("python\tMSI_SECRET={asked}"),
            format!("cat\tMSI_SECRET={other}"),
            format!("cp\tELSEWHERE={asked}"),
        ];
        fs::write(&path, records.map(|record| format!("\0{record}")).concat()).unwrap();
        let mut finds = Finds::default();
        finds.search_environment(&Search::new(&secrets).unwrap(), &path).unwrap();
        fs::remove_file(path).unwrap();
        let leaks: Vec<_> = finds.leaks.keys().map(|leak| leak.name.as_str()).collect();
        assert_eq!(leaks, ["cat, MSI_SECRET", "cp, ELSEWHERE"]);
        assert_eq!(finds.asked_for.values().sum::<usize>(), 2);
        assert_eq!(finds.places[&Place::Environment].texts, 1, "searched twice, counted once");
    }
}
