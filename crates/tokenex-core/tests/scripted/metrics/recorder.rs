//! A recorder that can be looked into.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use metrics::{Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit};

/// Keeps everything. Clones are the same recorder.
#[derive(Clone, Default)]
pub struct Kept(Arc<Mutex<Store>>);

#[derive(Default)]
struct Store {
    counters: BTreeMap<String, Arc<AtomicU64>>,
    gauges: BTreeMap<String, Arc<AtomicU64>>,
    histograms: BTreeMap<String, Arc<Samples>>,
    described: BTreeMap<String, Option<Unit>>,
}

#[derive(Default)]
struct Samples(Mutex<Vec<f64>>);

impl HistogramFn for Samples {
    fn record(&self, value: f64) {
        self.0.lock().unwrap().push(value);
    }
}

/// A metric without its labels' values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    pub name: String,
    pub kind: &'static str,
    pub labels: Vec<String>,
}

impl Kept {
    /// This recorder for the test's thread, on which everything runs. It stays so until the guard goes.
    pub fn install(&self) -> metrics::LocalRecorderGuard<'_> {
        metrics::set_default_local_recorder(self)
    }

    /// A counter, by `name{label=value,...}` with the labels in alphabetical order; 0 when it was never there.
    pub fn counter(&self, series: &str) -> u64 {
        self.0.lock().unwrap().counters.get(series).map_or(0, |value| value.load(Ordering::Relaxed))
    }

    /// A gauge.
    pub fn gauge(&self, series: &str) -> f64 {
        let store = self.0.lock().unwrap();
        let value = store.gauges.get(series).unwrap_or_else(|| panic!("no {series} in {:?}", store.gauges.keys()));
        f64::from_bits(value.load(Ordering::Relaxed))
    }

    /// What a histogram got.
    pub fn samples(&self, series: &str) -> Vec<f64> {
        self.0
            .lock()
            .unwrap()
            .histograms
            .get(series)
            .map(|samples| samples.0.lock().unwrap().clone())
            .unwrap_or_default()
    }

    /// All counters that were ever counted, with their values.
    pub fn counters(&self) -> BTreeMap<String, u64> {
        let store = self.0.lock().unwrap();
        store.counters.iter().map(|(series, value)| (series.clone(), value.load(Ordering::Relaxed))).collect()
    }

    /// Every metric that was recorded.
    pub fn kinds(&self) -> BTreeSet<Kind> {
        let store = self.0.lock().unwrap();
        let of = |kind: &'static str, series: &String| {
            let (name, labels) = series.trim_end_matches('}').split_once('{').unwrap();
            let labels = labels.split(',').map(|label| label.split_once('=').unwrap().0.to_owned()).collect();
            Kind { name: name.to_owned(), kind, labels }
        };
        let counters = store.counters.keys().map(|series| of("counter", series));
        let gauges = store.gauges.keys().map(|series| of("gauge", series));
        let histograms = store.histograms.keys().map(|series| of("histogram", series));
        counters.chain(gauges).chain(histograms).collect()
    }

    /// Every metric that was described, with its unit.
    pub fn described(&self) -> BTreeMap<String, Option<Unit>> {
        self.0.lock().unwrap().described.clone()
    }

    fn describe(&self, name: &KeyName, unit: Option<Unit>) {
        self.0.lock().unwrap().described.insert(name.as_str().to_owned(), unit);
    }
}

fn series(key: &Key) -> String {
    let mut labels: Vec<_> = key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
    labels.sort();
    format!("{}{{{}}}", key.name(), labels.join(","))
}

impl Recorder for Kept {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        self.describe(&name, unit);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        self.describe(&name, unit);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        self.describe(&name, unit);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.0.lock().unwrap().counters.entry(series(key)).or_default().clone())
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.0.lock().unwrap().gauges.entry(series(key)).or_default().clone())
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.0.lock().unwrap().histograms.entry(series(key)).or_default().clone())
    }
}
