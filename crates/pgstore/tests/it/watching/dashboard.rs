//! The dashboard asks for what Prometheus gets: the names that the exporter makes of the metrics.

use std::collections::{BTreeMap, BTreeSet};

use metrics::{Metadata, Recorder};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use metrics_util::debugging::DebugValue;
use serde_json::Value;

use super::seen::{Series, seen};
use crate::support::{apply, trial};

/// Labels that Prometheus itself adds, or the exporter to a bucket.
const ADDED: [&str; 2] = ["job", "le"];

/// What the exporter renders, by name, with the labels of each.
fn exposition() -> BTreeMap<String, BTreeSet<String>> {
    let text = render(&seen().series);
    let mut all = BTreeMap::<String, BTreeSet<String>>::new();
    let is_series = |line: &&str| !line.is_empty() && !line.starts_with('#');
    for line in text.lines().filter(is_series) {
        let end = line.find(['{', ' ']).unwrap_or(line.len());
        let labels = all.entry(line[..end].to_owned()).or_default();
        let rest = line[end..].strip_prefix('{').unwrap_or_default();
        let pairs = rest.split("\",").filter_map(|pair| pair.split_once('='));
        labels.extend(pairs.map(|(label, _)| label.to_owned()));
    }
    all
}

/// Gives the exporter what the workload has recorded.
fn render(all: &[Series]) -> String {
    static METADATA: Metadata<'static> = Metadata::new("test", metrics::Level::INFO, None);
    let buckets = |name: &str| (Matcher::Full(name.to_owned()), [0.1, 1.0, 10.0]);
    let mut exporter = PrometheusBuilder::new().with_recommended_naming(true);
    for name in ["db.client.operation.duration", "pgstore.batch.size"] {
        let (name, buckets) = buckets(name);
        exporter = exporter.set_buckets_for_metric(name, &buckets).unwrap();
    }
    let recorder = exporter.build_recorder();
    for Series {
        key,
        unit,
        description,
        value,
        ..
    } in all
    {
        let (name, meaning) = (key.name_shared(), description.clone().into());
        match value {
            DebugValue::Counter(count) => {
                recorder.describe_counter(name, *unit, meaning);
                recorder.register_counter(key, &METADATA).increment(*count);
            }
            DebugValue::Gauge(gauge) => {
                recorder.describe_gauge(name, *unit, meaning);
                recorder.register_gauge(key, &METADATA).set(gauge.0);
            }
            DebugValue::Histogram(values) => {
                recorder.describe_histogram(name, *unit, meaning);
                let histogram = recorder.register_histogram(key, &METADATA);
                values.iter().for_each(|value| histogram.record(value.0));
            }
        }
    }
    recorder.handle().render()
}

fn dashboard() -> Value {
    let text = include_str!("../../../docs/grafana/pgstore.json");
    serde_json::from_str(text).expect("the dashboard is JSON")
}

/// Every query of the dashboard: of its panels and its variables.
fn queries(dashboard: &Value) -> Vec<String> {
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.filter_map(|panel| panel["targets"].as_array());
    let expressions = targets.flatten().map(|target| &target["expr"]);
    let variables = dashboard["templating"]["list"].as_array().unwrap().iter();
    let definitions = variables.map(|variable| &variable["definition"]);
    let queries = expressions.chain(definitions).filter_map(Value::as_str);
    queries.map(str::to_owned).collect()
}

/// The names of metrics in a query, each with the labels that stand in its braces.
fn names(query: &str) -> Vec<(String, Vec<String>)> {
    let is_of_a_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut names = Vec::new();
    let mut rest = query;
    while let Some(start) = rest
        .find("pgstore_")
        .into_iter()
        .chain(rest.find("db_client_"))
        .min()
    {
        let from = &rest[start..];
        let end = from.find(|c| !is_of_a_name(c)).unwrap_or(from.len());
        let braces = from[end..].strip_prefix('{').unwrap_or_default();
        let braces = braces.split('}').next().unwrap_or_default();
        let labels = braces
            .split(", ")
            .filter_map(|one| one.split(['=', '!']).next());
        let labels = labels.filter(|label| !label.is_empty()).map(str::to_owned);
        names.push((from[..end].to_owned(), labels.collect()));
        rest = &from[end..];
    }
    names
}

/// The labels by which a query sums up.
fn grouped_by(query: &str) -> Vec<String> {
    let groups = query.split("by (").skip(1);
    let groups = groups.filter_map(|group| group.split(')').next());
    groups
        .flat_map(|group| group.split(", "))
        .map(str::to_owned)
        .collect()
}

#[apply(trial)]
fn every_query_of_the_dashboard_asks_for_a_metric_that_is_exposed() {
    let (exposed, dashboard) = (exposition(), dashboard());
    let queries = queries(&dashboard);
    assert!(queries.len() > 20, "{}", queries.len());
    for query in &queries {
        let names = names(query);
        assert!(!names.is_empty(), "{query}");
        for (name, mut labels) in names {
            let known = exposed.get(&name);
            let known = known.unwrap_or_else(|| panic!("{name} is not among {exposed:#?}"));
            labels.extend(grouped_by(query));
            for label in labels {
                let is_known = known.contains(&label) || ADDED.contains(&&*label);
                assert!(is_known, "{label} of {name}: {query}");
            }
        }
    }
}

#[apply(trial)]
fn every_metric_is_on_the_dashboard() {
    let queries = queries(&dashboard());
    let asked: BTreeSet<_> = queries
        .iter()
        .flat_map(|query| names(query))
        .map(|(name, _)| family(&name))
        .collect();
    let exposed: BTreeSet<_> = exposition().keys().map(|name| family(name)).collect();
    assert_eq!(asked, exposed);
}

/// The name of a histogram, without what tells its series apart.
fn family(name: &str) -> String {
    let suffixes = ["_bucket", "_sum", "_count"];
    let family = suffixes.iter().find_map(|suffix| name.strip_suffix(suffix));
    family.unwrap_or(name).to_owned()
}

#[apply(trial)]
fn each_panel_of_the_dashboard_has_its_place_and_says_what_it_shows() {
    let dashboard = dashboard();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut taken = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{panel}");
        assert!(
            panel["title"]
                .as_str()
                .is_some_and(|title| !title.is_empty())
        );
        let has_meaning = panel["description"]
            .as_str()
            .is_some_and(|text| !text.is_empty());
        assert!(has_meaning || panel["type"] == "row", "{panel}");
        let number = |name: &str| panel["gridPos"][name].as_u64().unwrap();
        let (x, y, width, height) = (number("x"), number("y"), number("w"), number("h"));
        assert!(x + width <= 24, "{panel}");
        for cell in (x..x + width).flat_map(|x| (y..y + height).map(move |y| (x, y))) {
            assert!(taken.insert(cell), "two panels are at {cell:?}: {panel}");
        }
    }
}
