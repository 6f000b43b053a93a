//! `~/.pgpass`: lines of `host:port:database:user:password` (`fe-connect.c`, `passwordFromFile`).

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use zeroize::Zeroizing;

/// What a line must match.
pub(crate) struct Wanted<'a> {
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    pub(crate) database: &'a str,
    pub(crate) user: &'a str,
}

/// The password of the first line that matches. A file that others may read is not used.
///
/// The log does not name the file: the connection string may.
pub(crate) fn look_up(path: &Path, wanted: &Wanted<'_>) -> Option<Zeroizing<String>> {
    if !is_private(path) {
        return None;
    }
    match fs::read(path) {
        Ok(bytes) => find(&Zeroizing::new(bytes), wanted),
        Err(error) => {
            tracing::warn!(%error, "the password file (`passfile`, or ~/.pgpass) cannot be read");
            None
        }
    }
}

fn is_private(path: &Path) -> bool {
    let complaint = match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return false,
        Err(_) => "the permissions of the password file (`passfile`, or ~/.pgpass) cannot be read",
        Ok(file) if !file.is_file() => {
            "the password file (`passfile`, or ~/.pgpass) is ignored: it is not a plain file"
        }
        Ok(file) if is_open_to_others(&file) => {
            "the password file (`passfile`, or ~/.pgpass) is ignored: others may read it; chmod 0600 it"
        }
        Ok(_) => return true,
    };
    tracing::warn!("{complaint}");
    false
}

#[cfg(unix)]
fn is_open_to_others(file: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn is_open_to_others(_: &fs::Metadata) -> bool {
    false
}

/// A line that is not UTF-8 is not looked at: the driver's options are UTF-8.
fn find(bytes: &[u8], wanted: &Wanted<'_>) -> Option<Zeroizing<String>> {
    bytes
        .split(|&byte| byte == b'\n')
        .filter_map(|line| str::from_utf8(line).ok())
        .map(|line| line.strip_suffix('\r').unwrap_or(line))
        .filter(|line| !line.starts_with('#'))
        .find_map(|line| password_in(line, wanted))
}

fn password_in(line: &str, wanted: &Wanted<'_>) -> Option<Zeroizing<String>> {
    let port = wanted.port.to_string();
    let fields = [wanted.host, &port, wanted.database, wanted.user];
    let rest = fields
        .iter()
        .try_fold(line, |rest, field| after(rest, field))?;
    let (password, _) = read_field(rest);
    Some(Zeroizing::new(password))
}

/// The rest of the line after a field, if the field is this or `*`.
fn after<'a>(line: &'a str, wanted: &str) -> Option<&'a str> {
    if let Some(rest) = line.strip_prefix("*:") {
        return Some(rest);
    }
    let (field, rest) = read_field(line);
    rest.filter(|_| field == wanted)
}

/// A field up to the next `:`, unescaped, and what comes after that.
fn read_field(line: &str) -> (String, Option<&str>) {
    let mut field = String::new();
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        match c {
            ':' => return (field, Some(rest.as_str())),
            '\\' => field.push(rest.next().unwrap_or('\\')),
            _ => field.push(c),
        }
    }
    (field, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_matches_gives_the_password() {
        let file = b"# a comment\n\
                    db:5432:web:app:one\n\
                    db:*:web:*:two\\:2\\\\\r\n\
                    a\\:b:5432:*:app:three:and more\n\
                    broken line\n\
                    db:5432:web:\xe9:five\n\
                    *:*:*:*:four";
        for (host, port, database, user, password) in [
            ("db", 5432, "web", "app", "one"),
            ("db", 5433, "web", "app", "two:2\\"),
            ("db", 5432, "web", "other", "two:2\\"),
            ("a:b", 5432, "x", "app", "three"),
            ("else", 1, "x", "y", "four"),
        ] {
            let wanted = Wanted {
                host,
                port,
                database,
                user,
            };
            assert_eq!(
                find(file, &wanted).unwrap().as_str(),
                password,
                "{host}:{port}"
            );
        }
        let wanted = Wanted {
            host: "db",
            port: 1,
            database: "web",
            user: "app",
        };
        assert!(find(b"db:5432:web:app:one\n#*:*:*:*:x\ndb*:1:web:app:x", &wanted).is_none());
    }
}
