//! The bounds that keep hostile bytes cheap. What this library writes stays within them.

/// Levels of lists, maps and structs inside one session value.
///
/// Decoding, dropping, cloning and reading recurse once per level; 64 fit into a 1 MiB stack in a
/// debug build many times over, and no session is that deep.
pub(crate) const MAX_LEVELS: usize = 64;

/// Type definitions in one gob. A session holds a few dozen at most.
pub(crate) const MAX_TYPES: usize = 1024;

/// Fields of all struct definitions of one gob together.
pub(crate) const MAX_FIELDS: usize = 16_384;

/// Bytes of a registered type name. Go: decode.go, decodeInterface.
pub(crate) const MAX_NAME: usize = 1024;

/// Memory allowed for each byte of the gob.
///
/// The dearest honest encoding is a list of small numbers: one byte each on the wire and one
/// `Value` (32 bytes) in memory, so twice that never refuses what somebody really wrote.
pub(crate) const MEMORY_PER_BYTE: usize = 64;

/// Memory allowed on top, so that the smallest gobs need no exception.
pub(crate) const MEMORY_BASE: usize = 64 * 1024;
