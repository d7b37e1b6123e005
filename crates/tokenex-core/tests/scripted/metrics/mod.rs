//! The metrics: what they say after histories that are known.

mod counted;
mod documented;
mod gauges;
mod recorder;
mod scraped;
mod support;
