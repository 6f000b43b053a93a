//! Connection strings: what they mean, what is refused, and that nothing of them is repeated.

mod secrets;
mod syntax;
mod values;

use crate::option::Opt;
use crate::raw_options::RawOptions;
use crate::{Config, ConfigError};

/// Name and value of each option, as text.
fn options(text: &str) -> Vec<(&'static str, String)> {
    let options = RawOptions::read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let value = |option: &Opt| {
        let value = options.value(*option)?;
        Some((option.name(), value.to_owned()))
    };
    Opt::ALL.iter().filter_map(value).collect()
}

fn read_in(variables: &[(&str, &str)], text: &str) -> Result<Config, ConfigError> {
    let variables = variables.iter().copied();
    Config::builder().environment(variables).parse(text)
}

fn read(text: &str) -> Config {
    read_in(&[], text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn refused(text: &str) -> ConfigError {
    match read_in(&[], text) {
        Ok(config) => panic!("{text}: {config:?}"),
        Err(error) => error,
    }
}
