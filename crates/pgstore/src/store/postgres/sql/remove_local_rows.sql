-- The rows have been copied. What stays behind on this server would not be seen any more.
SELECT truncate_local_data_after_distributing_table('http_sessions')
