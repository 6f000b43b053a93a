-- While ALTER waits for its lock, all later statements on the table wait behind it.
SET LOCAL lock_timeout = '100ms'
