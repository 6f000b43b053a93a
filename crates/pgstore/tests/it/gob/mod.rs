//! The gob codec, tested against Go's vectors, another implementation, the insert table and invalid
//! bytes.

mod build;
mod bytes;
mod go;
mod go_lines;
mod go_named;
mod go_types;
mod hostile;
mod insert;
mod keep;
mod keys;
mod named;
mod over_go;
mod random;
mod read;
mod vectors;
mod without_go;
