//! clap's errors in one line, without the values: they may be keys or the text.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, Error};

use crate::arguments::Arguments;
use crate::failure::flat;

pub(crate) fn one_line(error: &Error) -> String {
    let what = match error.kind() {
        ErrorKind::MissingRequiredArgument => format!("missing: {}", options(error)),
        ErrorKind::UnknownArgument => unknown(error),
        ErrorKind::InvalidSubcommand
        | ErrorKind::MissingSubcommand
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            format!("a command is needed: {}", commands())
        }
        ErrorKind::ArgumentConflict => conflict(error),
        ErrorKind::InvalidUtf8 => "an argument is not UTF-8".to_owned(),
        _ => invalid(error),
    };
    flat(&format!("{what}{}; see --help", suggestion(error)))
}

fn commands() -> String {
    let all = Arguments::command();
    let names = all.get_subcommands().map(clap::Command::get_name);
    names.collect::<Vec<_>>().join(", ")
}

/// The name that was probably meant. It is one of ours, so it can be shown.
fn suggestion(error: &Error) -> String {
    let kinds = [
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedArg,
        ContextKind::SuggestedValue,
    ];
    let names = kinds.into_iter().map(|kind| listed(error, kind));
    match names.into_iter().find(|names| !names.is_empty()) {
        Some(names) => format!("; did you mean {names}?"),
        None => String::new(),
    }
}

/// An option's name may be shown; anything else could be a key or the text.
fn unknown(error: &Error) -> String {
    let argument = options(error);
    let name = argument.split('=').next().unwrap_or_default();
    let is_name = |c: char| c.is_ascii_lowercase() || c == '-';
    if name.starts_with("--") && name.len() <= 20 && name.chars().all(is_name) {
        format!("there is no option {name}")
    } else {
        "there is an argument too many".to_owned()
    }
}

fn conflict(error: &Error) -> String {
    let (one, other) = (options(error), listed(error, ContextKind::PriorArg));
    if other.is_empty() || one == other {
        format!("{one} is given more than once")
    } else {
        format!("{one} and {other} exclude each other")
    }
}

fn invalid(error: &Error) -> String {
    let reason = std::error::Error::source(error).map(|reason| format!(": {reason}"));
    let valid = listed(error, ContextKind::ValidValue);
    let valid = (!valid.is_empty()).then(|| format!(": it is one of {valid}"));
    let reason = reason.or(valid).unwrap_or_default();
    format!(
        "the value of {} is missing or wrong{reason}",
        options(error)
    )
}

fn options(error: &Error) -> String {
    listed(error, ContextKind::InvalidArg)
}

fn listed(error: &Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(name)) => name.clone(),
        Some(ContextValue::Strings(names)) => names.join(", "),
        _ => String::new(),
    }
}
