-- In the same way as the sessions.
SELECT create_distributed_table('http_sessions_ids', 'key', colocate_with => 'http_sessions')
