//! The hosts of a connection string, each with its port.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use crate::ConfigError;

const DEFAULT_PORT: u16 = 5432;

/// Where PostgreSQL's packages have their sockets: the folder of Debian and Red Hat, then
/// PostgreSQL's own default.
const SOCKET_FOLDERS: [&str; 2] = ["/var/run/postgresql", "/tmp"];

/// One server of a connection string.
///
/// `Display` is for messages: `db.internal:5432`, `db.internal (10.0.0.1):5432`, `[::1]:5432`,
/// `/tmp/.s.PGSQL.5432`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Host {
    pub(crate) place: Place,
    pub(crate) port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// A name to be resolved.
    Name(String),
    /// `hostaddr`, with the name that its certificate should have.
    Address {
        address: IpAddr,
        name: Option<String>,
    },
    /// A folder with a Unix socket.
    Folder(PathBuf),
    /// The first of the usual folders that has a socket.
    UsualFolder,
}

/// The text of `host`, `hostaddr` or `port`, and the name of the option or variable that has it.
pub(crate) struct List<'a> {
    pub(crate) text: &'a str,
    pub(crate) name: &'static str,
}

/// Pairs the elements of the three lists.
pub(crate) fn pair(
    names: &List<'_>,
    addresses: &List<'_>,
    ports: &List<'_>,
) -> Result<Vec<Host>, ConfigError> {
    let count = match (names.text, addresses.text) {
        (_, "") => names.len(),
        ("", _) => addresses.len(),
        _ if names.len() == addresses.len() => names.len(),
        _ => {
            let expected = "a list as long as that of `host`";
            return Err(ConfigError::invalid_value(addresses.name, expected));
        }
    };
    if ports.len() != 1 && ports.len() != count {
        let expected = "one port, or as many as there are hosts";
        return Err(ConfigError::invalid_value(ports.name, expected));
    }
    let host = |index| {
        Ok(Host {
            place: place(names, addresses, index)?,
            port: port(ports, index)?,
        })
    };
    (0..count).map(host).collect()
}

impl List<'_> {
    fn len(&self) -> usize {
        self.text.split(',').count()
    }

    /// The element at this index; a list of one element has it everywhere.
    fn element(&self, index: usize) -> &str {
        let mut elements = self.text.split(',');
        match self.len() {
            1 => self.text,
            _ => elements.nth(index).unwrap_or_default(),
        }
    }
}

fn place(names: &List<'_>, addresses: &List<'_>, index: usize) -> Result<Place, ConfigError> {
    let (name, address) = (names.element(index), addresses.element(index));
    if !is_printable(name) {
        let expected = "host names, IP addresses or folders of sockets (without spaces, quotes, \
                        `=` and `@`; abstract sockets are not supported)";
        return Err(ConfigError::invalid_value(names.name, expected));
    }
    if !address.is_empty() {
        let invalid = |_| ConfigError::invalid_value(addresses.name, "IP addresses");
        return Ok(Place::Address {
            address: address.parse().map_err(invalid)?,
            name: Some(name.to_owned()).filter(|name| !name.is_empty()),
        });
    }
    Ok(match name {
        "" if cfg!(unix) => Place::UsualFolder,
        "" => Place::Name("localhost".to_owned()),
        folder if folder.starts_with('/') && cfg!(unix) => Place::Folder(folder.into()),
        name => Place::Name(name.to_owned()),
    })
}

/// Messages print hosts. What cannot be one may be a piece of the string that slipped in.
fn is_printable(name: &str) -> bool {
    let is_of_a_path = |c: char| !c.is_control() && !"=@'\"`<>".contains(c);
    let is_of_a_name = |c: char| c.is_alphanumeric() || "-_.:%".contains(c);
    match name.starts_with('/') {
        true => name.chars().all(is_of_a_path),
        false => name.chars().all(is_of_a_name),
    }
}

fn port(ports: &List<'_>, index: usize) -> Result<u16, ConfigError> {
    match ports.element(index).trim() {
        "" => Ok(DEFAULT_PORT),
        digits => match digits.parse() {
            Ok(0) | Err(_) => {
                let expected = "numbers from 1 to 65535";
                Err(ConfigError::invalid_value(ports.name, expected))
            }
            Ok(port) => Ok(port),
        },
    }
}

impl Host {
    /// The port, which also numbers the sockets in a folder.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its name, its IP address if it has no name, or the path of its socket: for traces.
    ///
    /// ```
    /// use pgstore_connect::Config;
    ///
    /// let config = Config::parse("host=db.internal hostaddr=10.0.0.1 user=app")?;
    /// assert_eq!(config.hosts()[0].address(), "db.internal");
    /// # Ok::<(), pgstore_connect::ConfigError>(())
    /// ```
    #[must_use]
    pub fn address(&self) -> String {
        if let Some(folder) = self.socket_folder() {
            return format!("{}/.s.PGSQL.{}", folder.display(), self.port);
        }
        match &self.place {
            Place::Name(name)
            | Place::Address {
                name: Some(name), ..
            } => name.clone(),
            Place::Address { address, .. } => address.to_string(),
            // They have a folder, so they are written above.
            Place::Folder(_) | Place::UsualFolder => String::new(),
        }
    }

    /// Whether it is reached by a Unix socket.
    #[must_use]
    pub fn is_socket(&self) -> bool {
        matches!(self.place, Place::Folder(_) | Place::UsualFolder)
    }

    /// Whether the way to it does not leave this machine.
    pub(crate) fn is_local(&self) -> bool {
        match &self.place {
            Place::Folder(_) | Place::UsualFolder => true,
            Place::Address { address, .. } => address.is_loopback(),
            Place::Name(name) => match name.parse::<IpAddr>() {
                Ok(address) => address.is_loopback(),
                Err(_) => name == "localhost",
            },
        }
    }

    /// The folder of its socket, if it is one.
    pub(crate) fn socket_folder(&self) -> Option<PathBuf> {
        match &self.place {
            Place::Folder(folder) => Some(folder.clone()),
            Place::UsualFolder => Some(self.usual_folder()),
            Place::Name(_) | Place::Address { .. } => None,
        }
    }

    fn usual_folder(&self) -> PathBuf {
        let socket = format!(".s.PGSQL.{}", self.port);
        let mut folders = SOCKET_FOLDERS.map(PathBuf::from).into_iter();
        let found = folders.find(|folder| folder.join(&socket).exists());
        found.unwrap_or_else(|| SOCKET_FOLDERS[0].into())
    }

    /// What it is called in a password file.
    pub(crate) fn passfile_name(&self) -> String {
        match &self.place {
            Place::Name(name) => name.clone(),
            Place::Address {
                name: Some(name), ..
            } => name.clone(),
            Place::Address { address, .. } => address.to_string(),
            Place::Folder(folder) if !is_usual(folder) => folder.display().to_string(),
            Place::Folder(_) | Place::UsualFolder => "localhost".to_owned(),
        }
    }
}

fn is_usual(folder: &Path) -> bool {
    SOCKET_FOLDERS
        .iter()
        .any(|usual| folder == Path::new(usual))
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = self.port;
        if let Some(folder) = self.socket_folder() {
            return write!(f, "{}/.s.PGSQL.{port}", folder.display());
        }
        match &self.place {
            Place::Address {
                address,
                name: Some(name),
            } => write!(f, "{name} ({address}):{port}"),
            Place::Address {
                address: IpAddr::V6(address),
                ..
            } => write!(f, "[{address}]:{port}"),
            Place::Address { address, .. } => write!(f, "{address}:{port}"),
            Place::Name(name) if name.contains(':') => write!(f, "[{name}]:{port}"),
            Place::Name(name) => write!(f, "{name}:{port}"),
            // They have a folder, so they are written above.
            Place::Folder(_) | Place::UsualFolder => Ok(()),
        }
    }
}
