-- Rows of one key are on one server.
SELECT create_distributed_table('http_sessions', 'key')
