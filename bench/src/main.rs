//! Runs one row of the report and prints it. `cargo xtask bench` runs them all.

use std::path::Path;
use std::process::ExitCode;

use tokenex_bench::measure::Effort;
use tokenex_bench::{rows, server, subjects};

const USAGE: &str = "usage: tokenex-bench ROW [--quick] [--drawings=FOLDER]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        // The first two are this program, started by itself.
        ["serve"] => server::serve().map_err(|error| error.to_string()),
        ["held", subject, n] => rows::held(subject, n),
        ["rows"] => {
            rows::ALL.iter().for_each(|(name, _)| println!("{name}"));
            Ok(())
        }
        [row, options @ ..] => run(row, options),
        [] => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(row: &str, options: &[&str]) -> Result<(), String> {
    let (mut effort, mut drawings) = (Effort { quick: false }, None);
    for option in options {
        match option.split_once('=') {
            Some(("--drawings", folder)) => drawings = Some(folder),
            None if *option == "--quick" => effort.quick = true,
            _ => return Err(USAGE.to_owned()),
        }
    }
    let Some((_, measure)) = rows::ALL.iter().find(|(name, _)| *name == row) else {
        let names: Vec<_> = rows::ALL.iter().map(|(name, _)| *name).collect();
        return Err(format!("`{row}` is not a row; these are: {}", names.join(", ")));
    };
    let section = measure(effort);
    subjects::clean_up();
    if let Some(folder) = drawings {
        section.write_drawings(Path::new(folder)).map_err(|error| format!("the drawings: {error}"))?;
    }
    print!("{section}");
    Ok(())
}
