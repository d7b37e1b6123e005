//! Drives the targets without libFuzzer, on any toolchain. `cargo xtask fuzz` runs it.
//!
//! ```text
//! drive [--for SECONDS] [--seed N] [--input FILE] [TARGET...]
//! ```
#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokenex_fuzz::mutate::Mutator;
use tokenex_fuzz::{TARGETS, Target, corpus, target};

/// Nothing that is read here takes a second of work. This long is for ever, also on a machine with much else to do.
const FOR_EVER: Duration = Duration::from_secs(300);

struct Options {
    /// How long to change the inputs of each target; without it, as often as a short run does.
    time: Option<Duration>,
    seed: u64,
    /// Runs this input alone.
    input: Option<PathBuf>,
    targets: Vec<&'static Target>,
}

/// What a target tries now, for the watch.
type Now = Arc<Mutex<Option<(Instant, &'static str, Vec<u8>)>>>;

fn main() -> ExitCode {
    match options().and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn options() -> Result<Options, String> {
    let mut options = Options { time: None, seed: 7, input: None, targets: Vec::new() };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} wants a value"));
        match word.as_str() {
            "--for" => options.time = Some(Duration::from_secs(number(&value()?)?)),
            "--seed" => options.seed = number(&value()?)?,
            "--input" => options.input = Some(value()?.into()),
            name => {
                let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
                let known = target(name).ok_or_else(|| format!("{name} is no target. These are: {}", names.join(", ")));
                options.targets.push(known?);
            }
        }
    }
    if options.targets.is_empty() {
        options.targets = TARGETS.iter().collect();
    }
    Ok(options)
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("{text} is no number"))
}

fn run(options: &Options) -> Result<(), String> {
    layout()?;
    panics_are_kept();
    let now = Now::default();
    watch(now.clone());
    let begun = Instant::now();
    let (mut inputs, mut crashes) = (0, 0);
    for target in &options.targets {
        let (tried, crashed) = one(target, options, &now)?;
        inputs += tried;
        crashes += crashed;
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!("{} targets, {inputs} inputs, {crashes} crashes, {seconds:.1} s", options.targets.len());
    if crashes == 0 { Ok(()) } else { Err(format!("{crashes} inputs crash, see above")) }
}

/// Each target has its folder of seeds and its way for cargo-fuzz, and there is none without a target.
fn layout() -> Result<(), String> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let targets: BTreeSet<_> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    for folder in ["corpus", "fuzz_targets"] {
        let entries = fs::read_dir(here.join(folder)).map_err(|why| format!("{folder}: {why}"))?;
        let names = entries.filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_str()?.to_owned()));
        let odd: Vec<_> = targets.symmetric_difference(&names.collect()).cloned().collect();
        if !odd.is_empty() {
            return Err(format!("in fuzz/{folder} and in TARGETS not both: {}", odd.join(", ")));
        }
    }
    Ok(())
}

/// Tries the inputs of one target: says how many, and how many crash.
fn one(target: &'static Target, options: &Options, now: &Now) -> Result<(u64, u64), String> {
    let begun = Instant::now();
    let (mut tried, mut crashed) = (0, 0);
    let mut attempt = |data: &[u8], from: &str| {
        tried += 1;
        if let Err(why) = try_one(target, data, now) {
            crashed += 1;
            let file = keep(target, data);
            println!("CRASH {} ({from}): {why}\n  cargo xtask fuzz {} --input {file}", target.name, target.name);
        }
        crashed < 5
    };
    if let Some(path) = &options.input {
        let data = fs::read(path).map_err(|why| format!("{}: {why}", path.display()))?;
        attempt(&data, "the input");
        return Ok((tried, crashed));
    }
    let seeds = seeds(target)?;
    let mut go_on = seeds.iter().all(|(path, data)| attempt(data, &path.display().to_string()));
    let seeds: Vec<_> = seeds.into_iter().map(|(_, data)| data).collect();
    let mut mutator = Mutator::new(options.seed);
    let wanted = |round: u32| match options.time {
        Some(time) => begun.elapsed() < time,
        None => round < target.short,
    };
    let mut round = 0;
    while go_on && wanted(round) {
        let data = mutator.next(&seeds);
        go_on = attempt(&data, &format!("seed {}, change {round}", options.seed));
        round += 1;
    }
    println!("{:<24} {tried:>8} inputs, {crashed} crashes, {:>6.2} s", target.name, begun.elapsed().as_secs_f64());
    Ok((tried, crashed))
}

/// The corpus, and what crashed before and was kept.
fn seeds(target: &Target) -> Result<Vec<(PathBuf, Vec<u8>)>, String> {
    let mut seeds = Vec::new();
    for folder in [corpus::folder(target.name), crashes(target)] {
        seeds.extend(corpus::read(&folder).map_err(|why| format!("{}: {why}", folder.display()))?);
    }
    if seeds.is_empty() { Err(format!("{} has no corpus", target.name)) } else { Ok(seeds) }
}

thread_local!(static SAID: RefCell<String> = const { RefCell::new(String::new()) });

/// What a panic says goes into the report, and not between its lines.
fn panics_are_kept() {
    std::panic::set_hook(Box::new(|panic| SAID.set(panic.to_string())));
}

fn try_one(target: &'static Target, data: &[u8], now: &Now) -> Result<(), String> {
    *lock(now) = Some((Instant::now(), target.name, data.to_vec()));
    SAID.set(String::new());
    let outcome = catch_unwind(AssertUnwindSafe(|| (target.run)(data)));
    *lock(now) = None;
    outcome.map_err(|_| SAID.take())
}

/// Ends the process when one input takes for ever: nothing else can.
fn watch(now: Now) {
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_secs(1));
            if let Some((since, name, data)) = &*lock(&now)
                && since.elapsed() > FOR_EVER
                && let Some(target) = target(name)
            {
                println!("HANG {name}: {}", keep(target, data));
                std::process::exit(1);
            }
        }
    });
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where inputs that crashed are kept: they are tried again first.
fn crashes(target: &Target) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/fuzz/crashes").join(target.name)
}

fn keep(target: &Target, data: &[u8]) -> String {
    // FNV-1a: the same input is one file.
    let hash = data
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let folder = crashes(target);
    let path = folder.join(format!("crash-{hash:016x}"));
    match fs::create_dir_all(&folder).and_then(|()| fs::write(&path, data)) {
        Ok(()) => path.canonicalize().unwrap_or(path).display().to_string(),
        Err(why) => format!("(cannot be kept: {why})"),
    }
}
