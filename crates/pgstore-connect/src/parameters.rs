//! PostgreSQL's run-time parameters in a connection string, as Go's lib/pq and JDBC pass them on.
//!
//! libpq takes them in `options` only: `options='-c search_path=web'`.

use std::fmt::Write;

use zeroize::Zeroizing;

/// The name of a run-time parameter as PostgreSQL has it, which does not tell upper from lower case.
/// Extensions and applications have names of their own, with a dot.
pub(crate) fn find(name: &str) -> Option<String> {
    let found = known(name).or_else(|| is_custom(name).then_some(name));
    found.map(ToOwned::to_owned)
}

/// Whether it is the name of a parameter of PostgreSQL itself.
pub(crate) fn is_known(name: &str) -> bool {
    known(name).is_some()
}

fn known(name: &str) -> Option<&'static str> {
    let mut known = PARAMETERS.iter().copied();
    known.find(|known| known.eq_ignore_ascii_case(name))
}

fn is_custom(name: &str) -> bool {
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    name.contains('.') && name.split('.').all(is_word)
}

/// Adds a parameter to the text of `options`, with the escapes of the server
/// (`postinit.c`, `pg_split_opts`).
pub(crate) fn add(options: &mut Zeroizing<String>, name: &str, value: &str) {
    let separator = if options.is_empty() { "" } else { " " };
    // Writing to a String cannot fail.
    let _ = write!(options, "{separator}-c {name}=");
    for c in value.chars() {
        if c == '\\' || c.is_ascii_whitespace() || c == '\x0b' {
            options.push('\\');
        }
        options.push(c);
    }
}

/// Those of PostgreSQL 14 to 18 that a session may set, and those of older ones.
const PARAMETERS: &[&str] = &[
    "allow_in_place_tablespaces",
    "allow_system_table_mods",
    "array_nulls",
    "backend_flush_after",
    "backslash_quote",
    "backtrace_functions",
    "bytea_output",
    "check_function_bodies",
    "client_connection_check_interval",
    "client_min_messages",
    "commit_delay",
    "commit_siblings",
    "compute_query_id",
    "constraint_exclusion",
    "cpu_index_tuple_cost",
    "cpu_operator_cost",
    "cpu_tuple_cost",
    "createrole_self_grant",
    "cursor_tuple_fraction",
    "DateStyle",
    "deadlock_timeout",
    "debug_logical_replication_streaming",
    "debug_parallel_query",
    "debug_pretty_print",
    "debug_print_parse",
    "debug_print_plan",
    "debug_print_rewritten",
    "default_statistics_target",
    "default_tablespace",
    "default_table_access_method",
    "default_text_search_config",
    "default_toast_compression",
    "default_transaction_deferrable",
    "default_transaction_isolation",
    "default_transaction_read_only",
    "dynamic_library_path",
    "effective_cache_size",
    "effective_io_concurrency",
    "enable_async_append",
    "enable_bitmapscan",
    "enable_distinct_reordering",
    "enable_gathermerge",
    "enable_group_by_reordering",
    "enable_hashagg",
    "enable_hashjoin",
    "enable_incremental_sort",
    "enable_indexonlyscan",
    "enable_indexscan",
    "enable_material",
    "enable_memoize",
    "enable_mergejoin",
    "enable_nestloop",
    "enable_parallel_append",
    "enable_parallel_hash",
    "enable_partitionwise_aggregate",
    "enable_partitionwise_join",
    "enable_partition_pruning",
    "enable_presorted_aggregate",
    "enable_self_join_elimination",
    "enable_seqscan",
    "enable_sort",
    "enable_tidscan",
    "escape_string_warning",
    "event_triggers",
    "extra_float_digits",
    "file_copy_method",
    "force_parallel_mode",
    "from_collapse_limit",
    "geqo",
    "geqo_effort",
    "geqo_generations",
    "geqo_pool_size",
    "geqo_seed",
    "geqo_selection_bias",
    "geqo_threshold",
    "gin_fuzzy_search_limit",
    "gin_pending_list_limit",
    "hash_mem_multiplier",
    "icu_validation_level",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "ignore_checksum_failure",
    "ignore_system_indexes",
    "IntervalStyle",
    "io_combine_limit",
    "jit",
    "jit_above_cost",
    "jit_debugging_support",
    "jit_dump_bitcode",
    "jit_expressions",
    "jit_inline_above_cost",
    "jit_optimize_above_cost",
    "jit_profiling_support",
    "jit_tuple_deforming",
    "join_collapse_limit",
    "lc_messages",
    "lc_monetary",
    "lc_numeric",
    "lc_time",
    "local_preload_libraries",
    "lock_timeout",
    "logical_decoding_work_mem",
    "log_connections",
    "log_disconnections",
    "log_duration",
    "log_error_verbosity",
    "log_executor_stats",
    "log_lock_failures",
    "log_lock_waits",
    "log_min_duration_sample",
    "log_min_duration_statement",
    "log_min_error_statement",
    "log_min_messages",
    "log_parameter_max_length",
    "log_parameter_max_length_on_error",
    "log_parser_stats",
    "log_planner_stats",
    "log_replication_commands",
    "log_statement",
    "log_statement_sample_rate",
    "log_statement_stats",
    "log_temp_files",
    "log_transaction_sample_rate",
    "lo_compat_privileges",
    "maintenance_io_concurrency",
    "maintenance_work_mem",
    "max_parallel_maintenance_workers",
    "max_parallel_workers",
    "max_parallel_workers_per_gather",
    "max_stack_depth",
    "min_parallel_index_scan_size",
    "min_parallel_table_scan_size",
    "operator_precedence_warning",
    "parallel_leader_participation",
    "parallel_setup_cost",
    "parallel_tuple_cost",
    "password_encryption",
    "plan_cache_mode",
    "post_auth_delay",
    "quote_all_identifiers",
    "random_page_cost",
    "recursive_worktable_factor",
    "restrict_nonsystem_relation_kind",
    "role",
    "row_security",
    "scram_iterations",
    "search_path",
    "seq_page_cost",
    "session_preload_libraries",
    "session_replication_role",
    "standard_conforming_strings",
    "statement_timeout",
    "stats_fetch_consistency",
    "synchronize_seqscans",
    "synchronous_commit",
    "tcp_keepalives_count",
    "tcp_keepalives_interval",
    "temp_buffers",
    "temp_file_limit",
    "temp_tablespaces",
    "TimeZone",
    "timezone_abbreviations",
    "trace_notify",
    "trace_sort",
    "track_activities",
    "track_cost_delay_timing",
    "track_counts",
    "track_functions",
    "track_io_timing",
    "track_wal_io_timing",
    "transaction_deferrable",
    "transaction_isolation",
    "transaction_read_only",
    "transaction_timeout",
    "transform_null_equals",
    "update_process_title",
    "vacuum_buffer_usage_limit",
    "vacuum_cleanup_index_scale_factor",
    "vacuum_cost_delay",
    "vacuum_cost_limit",
    "vacuum_cost_page_dirty",
    "vacuum_cost_page_hit",
    "vacuum_cost_page_miss",
    "vacuum_failsafe_age",
    "vacuum_freeze_min_age",
    "vacuum_freeze_table_age",
    "vacuum_max_eager_freeze_failure_rate",
    "vacuum_multixact_failsafe_age",
    "vacuum_multixact_freeze_min_age",
    "vacuum_multixact_freeze_table_age",
    "vacuum_truncate",
    "wal_compression",
    "wal_consistency_checking",
    "wal_init_zero",
    "wal_recycle",
    "wal_sender_timeout",
    "wal_skip_threshold",
    "work_mem",
    "xmlbinary",
    "xmloption",
    "zero_damaged_pages",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_in_any_case_and_custom_ones_by_their_dot() {
        for (name, found) in [
            ("timezone", Some("TimeZone")),
            ("SEARCH_PATH", Some("search_path")),
            ("app.tenant", Some("app.tenant")),
            ("colour", None),
            ("a.b-c", None),
            ("app.", None),
            (".app", None),
            ("1.2", None),
        ] {
            assert_eq!(find(name).as_deref(), found, "{name}");
        }
    }

    #[test]
    fn values_are_escaped() {
        let mut options = Zeroizing::new("-c a=b".to_owned());
        add(&mut options, "search_path", r#""my schema", pg\x"#);
        assert_eq!(
            options.as_str(),
            r#"-c a=b -c search_path="my\ schema",\ pg\\x"#
        );
    }
}
