//! `cargo xtask bench`: what things cost, beside their floors and peers, written into `docs/performance.md`.

mod build;
mod package;
mod page;

use std::fs;

use crate::Failure;
use crate::workspace::Workspace;
use package::Package;
use page::Page;

/// The one row that is not in the package: it measures compilers.
const BUILD: &str = "build";

/// All rows, or those that are named. `--quick` tries them out with small numbers and writes nothing.
pub(crate) fn run(arguments: &[&str]) -> Result<(), Failure> {
    let (options, named): (Vec<&str>, Vec<&str>) = arguments.iter().partition(|argument| argument.starts_with("--"));
    let quick = match options.as_slice() {
        [] => false,
        ["--quick"] => true,
        _ => return Err(format!("`{}`: the only option is --quick", options.join(" ")).into()),
    };
    let workspace = Workspace::load()?;
    let package = Package::build(&workspace)?;
    let mut rows = package.rows()?;
    rows.push(BUILD.to_owned());
    if let Some(unknown) = named.iter().find(|name| !rows.iter().any(|row| row == *name)) {
        return Err(format!("`{unknown}` is not a row; these are: {}", rows.join(", ")).into());
    }
    rows.retain(|row| named.is_empty() || named.contains(&row.as_str()));

    let file = workspace.root.join("docs/performance.md");
    for row in &rows {
        println!("measuring {row} ...");
        let section = if row == BUILD { build::run(&workspace)? } else { package.run(row, quick)? };
        println!("\n{section}");
        if !quick {
            // After each row: an hour's work is not lost to the last one.
            let mut page = Page::of(fs::read_to_string(&file)?);
            page.put(row, &section)?;
            page.put("summary", &page.summary())?;
            page.put("machine", &package.machine(&workspace)?)?;
            fs::write(&file, page.text())?;
        }
    }
    Ok(())
}
