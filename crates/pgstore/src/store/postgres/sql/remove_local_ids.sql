-- As remove_local_rows.sql.
SELECT truncate_local_data_after_distributing_table('http_sessions_ids')
