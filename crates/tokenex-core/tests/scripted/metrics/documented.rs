//! The table in `docs/operations.md` and what is recorded are the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use metrics::Unit;
use tokenex_core::Grant;

use super::recorder::{Kept, Kind};
use super::support::*;

/// The cells of a row, after the name.
struct Row {
    kind: String,
    unit: String,
    labels: Vec<String>,
    alarms: Vec<String>,
}

fn table() -> BTreeMap<String, Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operations.md");
    let document = fs::read_to_string(path).unwrap();
    let rows = document.lines().filter(|line| line.starts_with("| `tokenex_"));
    let mut table = BTreeMap::new();
    for row in rows {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [name, kind, unit, labels, _, alarms] = cells[..] else { panic!("not six cells: {row}") };
        let list = |cell: &str| -> Vec<String> {
            cell.split(", ").map(|word| word.trim_matches('`').to_owned()).filter(|word| !word.is_empty()).collect()
        };
        let row_cells =
            Row { kind: kind.to_owned(), unit: unit.to_owned(), labels: list(labels), alarms: list(alarms) };
        assert!(table.insert(name.trim_matches('`').to_owned(), row_cells).is_none(), "{row} is there twice");
    }
    table
}

/// A history in which everything is recorded at least once.
async fn everything(kept: &Kept) {
    let _guard = kept.install();
    let world = World::new();
    let provider = Scripted::new(|n| match n {
        2 => Err(down()),
        _ => Ok(Grant::new(Token(1)).lifetime(s(1000)).revocable().renewable().into()),
    });
    let handle = world.keep("documented", provider);
    world.pass(1200).await;
    handle.close(s(5)).await;
}

#[tokio::test(start_paused = true)]
async fn each_metric_is_in_the_table_with_its_type_and_labels() {
    let kept = Kept::default();
    everything(&kept).await;
    let in_code: BTreeSet<Kind> = kept.kinds();
    let in_table: BTreeSet<Kind> = table()
        .into_iter()
        .map(|(name, Row { kind, labels, .. })| {
            let kind = ["counter", "gauge", "histogram"].into_iter().find(|known| *known == kind).expect("a type");
            let mut labels: Vec<_> = labels.into_iter().chain(["name".to_owned(), "provider".to_owned()]).collect();
            labels.sort();
            Kind { name, kind, labels }
        })
        .collect();
    assert_eq!(in_table, in_code);
}

#[tokio::test(start_paused = true)]
async fn each_metric_is_described_with_the_unit_of_the_table() {
    let kept = Kept::default();
    everything(&kept).await;
    let described: BTreeMap<_, _> = kept
        .described()
        .into_iter()
        .map(|(name, unit)| match unit.expect("a unit") {
            Unit::Seconds => (name, "seconds".to_owned()),
            Unit::Count => (name, "count".to_owned()),
            other => panic!("{name} has the unit {other:?}"),
        })
        .collect();
    let in_table: BTreeMap<_, _> = table().into_iter().map(|(name, row)| (name, row.unit)).collect();
    assert_eq!(in_table, described);
}

/// Each rule for alarms in the document uses metrics and labels that exist.
#[tokio::test(start_paused = true)]
async fn the_rules_for_alarms_use_metrics_that_exist() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operations.md");
    let document = fs::read_to_string(path).unwrap();
    let rules = document.split("```yaml").nth(1).and_then(|rest| rest.split("```").next()).expect("the rules");
    let names: BTreeSet<_> = table().into_keys().collect();
    let mut used = BTreeSet::new();
    for word in
        rules.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| word.starts_with("tokenex_"))
    {
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word);
        assert!(names.contains(family), "{word} is no metric");
        used.insert(family.to_owned());
    }
    for (metric, alarms) in table().into_iter().map(|(name, row)| (name, row.alarms)) {
        assert_eq!(alarms.is_empty(), !used.contains(&metric), "{metric}: the last cell of its row names its alarms");
        for alarm in alarms {
            let rule = rules.split("- alert: ").find(|rule| rule.starts_with(&format!("{alarm}\n")));
            assert!(rule.is_some_and(|rule| rule.contains(&metric)), "{alarm} is no rule about {metric}");
        }
    }
}
