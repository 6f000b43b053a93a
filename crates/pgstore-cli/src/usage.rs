//! clap's errors in one line, without the values: they may be keys or the text.

use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::failure::flat;

pub(crate) fn one_line(error: &Error) -> String {
    let what = match error.kind() {
        ErrorKind::MissingRequiredArgument => format!("missing: {}", options(error)),
        ErrorKind::UnknownArgument => unknown(error),
        ErrorKind::InvalidSubcommand
        | ErrorKind::MissingSubcommand
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            "a command is needed: keygen, migrate, sweep, revoke or inspect".to_owned()
        }
        ErrorKind::ArgumentConflict => conflict(error),
        ErrorKind::InvalidUtf8 => "an argument is not UTF-8".to_owned(),
        _ => invalid(error),
    };
    flat(&format!("{what}; see --help"))
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
