#![no_main]

use libfuzzer_sys::fuzz_target;
use pgstore_fuzz::properties;

fuzz_target!(|bytes: &[u8]| properties::connection_string(bytes));
