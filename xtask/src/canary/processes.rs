//! Arguments and environment of all processes that a test program starts, as the system shows them to others.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, File},
    io::{self, Write as _},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crate::Failure;

/// Time between two looks: most programs, however short, live longer.
const BETWEEN: Duration = Duration::from_millis(4);

/// A process shows its parent's arguments until it becomes another program, so the young are looked at again.
const YOUNG: Duration = Duration::from_millis(500);

pub(super) const ARGUMENTS: &str = "arguments";
pub(super) const ENVIRONMENT: &str = "environment";

/// Looks at the descendants of one process until it is ended. What it sees goes to two files, as records that begin with a zero
/// byte: the program, a tab, and its arguments or one of its variables.
pub(super) struct Watch {
    end: Arc<AtomicBool>,
    thread: JoinHandle<io::Result<usize>>,
}

impl Watch {
    pub(super) fn begin(ancestor: u32, folder: &Path) -> Result<Self, Failure> {
        let open = |name| File::options().create(true).append(true).open(folder.join(name));
        let mut looker = Looker {
            ours: HashMap::new(),
            others: HashSet::new(),
            shown: HashSet::new(),
            arguments: open(ARGUMENTS)?,
            environment: open(ENVIRONMENT)?,
            count: 0,
        };
        let end = Arc::new(AtomicBool::new(false));
        let thread = std::thread::spawn({
            let end = end.clone();
            move || {
                while !end.load(Ordering::Relaxed) {
                    looker.look(ancestor)?;
                    std::thread::sleep(BETWEEN);
                }
                Ok(looker.count)
            }
        });
        Ok(Self { end, thread })
    }

    /// How many processes it has seen.
    pub(super) fn end(self) -> Result<usize, Failure> {
        self.end.store(true, Ordering::Relaxed);
        Ok(self.thread.join().map_err(|_| "looking at processes panicked")??)
    }
}

struct Looker {
    /// With the time of the first look.
    ours: HashMap<u32, Instant>,
    others: HashSet<u32>,
    shown: HashSet<Vec<u8>>,
    arguments: File,
    environment: File,
    count: usize,
}

impl Looker {
    fn look(&mut self, ancestor: u32) -> io::Result<()> {
        let names = fs::read_dir("/proc")?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        let present: HashSet<u32> = names.collect();
        self.ours.retain(|process, _| present.contains(process));
        self.others.retain(|process| present.contains(process));
        let mut new: Vec<u32> = present
            .into_iter()
            .filter(|process| !self.ours.contains_key(process) && !self.others.contains(process))
            .collect();
        // Parents before children.
        new.sort_unstable();
        let now = Instant::now();
        for process in new {
            let parent = parent(process);
            if process == ancestor || parent.is_some_and(|parent| self.ours.contains_key(&parent)) {
                self.count += usize::from(self.ours.insert(process, now).is_none());
            } else {
                self.others.insert(process);
            }
        }
        let young: Vec<u32> = self
            .ours
            .iter()
            .filter(|(_, since)| now.duration_since(**since) < YOUNG)
            .map(|(process, _)| *process)
            .collect();
        young.into_iter().try_for_each(|process| self.show(process))
    }

    /// A process that is gone shows nothing. One that is just becoming another program will be looked at again.
    fn show(&mut self, process: u32) -> io::Result<()> {
        let read = |what: &str| fs::read(format!("/proc/{process}/{what}"));
        let (Ok(arguments), Ok(environment), Ok(again)) = (read("cmdline"), read("environ"), read("cmdline")) else {
            return Ok(());
        };
        if arguments.is_empty() || arguments != again {
            return Ok(());
        }
        let program = arguments.split(|&byte| byte == 0).next().unwrap_or_default();
        let program = program.rsplit(|&byte| byte == b'/').next().unwrap_or_default().to_vec();
        let arguments: Vec<u8> = arguments.iter().map(|&byte| if byte == 0 { b' ' } else { byte }).collect();
        let record = [b"\0", program.as_slice(), b"\t", arguments.trim_ascii_end()].concat();
        write_new(&mut self.shown, &mut self.arguments, record)?;
        for variable in environment.split(|&byte| byte == 0).filter(|variable| !variable.is_empty()) {
            write_new(&mut self.shown, &mut self.environment, [b"\0", program.as_slice(), b"\t", variable].concat())?;
        }
        Ok(())
    }
}

fn write_new(shown: &mut HashSet<Vec<u8>>, file: &mut File, record: Vec<u8>) -> io::Result<()> {
    if shown.contains(&record) {
        return Ok(());
    }
    file.write_all(&record)?;
    shown.insert(record);
    Ok(())
}

fn parent(process: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // proc(5): the name is in parentheses and may hold any character; state and parent follow.
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}
